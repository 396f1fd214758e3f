"""Where a task of a cluster runs, and how many of its workers a node holds, without a cluster."""

import getpass
import os
import pickle
import time
from pathlib import Path

import pytest

from darkroom.runtime import kept_state
from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import EnvironmentFault
from darkroom.workers import ray_place, serving
from darkroom.workers.ray_cluster import _workers_of_a_task
from darkroom.workers.ray_items import CHUNK, FIRST, chunks
from darkroom.workers.ray_place import Place
from darkroom.workers.serving import Unopened

URL = "memory://bucket/project"


@pytest.fixture
def node(tmp_path, monkeypatch) -> Path:
    """The temporary folder of a node, from which the current folder and the state of this process are restored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray_place.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(kept_state, "_copies", [])
    (tmp_path / "tmp").mkdir()
    yield tmp_path / "tmp"
    ray_place._home.cache_clear()


def test_a_task_on_a_node_without_the_project_finds_what_it_reads_and_its_logs_are_taken_once(node):
    Path("best.json").write_text("{}")
    place = Place(str(node / "absent"), URL, BucketCopy(URL).publish([Path("best.json")]))
    ray_place.enter(place)
    assert Path("best.json").read_text() == "{}" and node in Path.cwd().parents
    Path(".cache").mkdir()
    Path(".cache/facts.log").write_bytes(b"record")
    assert ray_place.take_logs() == {".cache/facts.log": b"record"} and ray_place.take_logs() == {}
    ray_place.enter(place)
    assert Path("best.json").exists()


def test_a_node_forgets_what_nobody_used_for_a_week_and_the_folders_of_ended_processes(node):
    old, new, ended = node / "files/old", node / "files/new", node / "homes/999999999"
    for folder in (node / "files", ended):
        folder.mkdir(parents=True)
    for file, age in ((old, ray_place.KEPT + 60), (new, 60), (lock := node / "files/lock", ray_place.KEPT + 60)):
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    (foreign := node / "homes/notes").mkdir()
    ray_place._tidy(node / "files", node / "homes")
    assert new.exists() and not old.exists() and not ended.exists()
    assert lock.exists() and foreign.exists()  # who holds the lock would no longer keep others out


def opened_to_all(folder: Path, other: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor links for everyone")
@pytest.mark.parametrize("plant", [Path.symlink_to, opened_to_all])
def test_a_folder_that_somebody_else_planted_is_exit_5_and_no_file_behind_it_is_removed(node, tmp_path, plant):
    theirs = tmp_path / "home"
    (theirs / "files").mkdir(parents=True)
    (theirs / "files/thesis").touch()
    os.utime(theirs / "files/thesis", (0, 0))
    plant(node / f"darkroom-{getpass.getuser()}", theirs)
    with pytest.raises(EnvironmentFault, match="node's folder"):
        ray_place.enter(Place(str(node / "absent"), URL))
    assert (theirs / "files/thesis").exists()


@pytest.mark.skipif(os.name == "nt", reason="there a file that cannot be written cannot be removed")
def test_what_the_tasks_of_a_node_share_is_for_reading_alone(node):
    Path("best.json").write_text("{}")
    ray_place.enter(Place(str(node / "absent"), URL, BucketCopy(URL).publish([Path("best.json")])))
    assert Path("best.json").stat().st_mode & 0o222 == 0


@pytest.mark.parametrize(
    ("workers", "processors", "expected"),
    [
        (16, [8, 8], 8),
        (20, [12, 8], 4),
        (3, [1, 1, 1], 1),
        (2, [8, 8], 2),
        (96, [0, 96], 16),
        (5, [0], 1),
        (7, [4, 3], 1),
    ],
)
def test_a_task_of_items_fits_every_node_that_computes_and_leaves_none_a_processor(workers, processors, expected):
    assert _workers_of_a_task(workers, processors) == expected


def test_a_function_passes_through_a_process_that_does_not_import_it():
    sealed = Unopened(serving.module_of(os.path.join), pickle.dumps(os.path.join))
    assert serving.module_of(sealed) == os.path.join.__module__
    assert pickle.loads(pickle.dumps(sealed)) is os.path.join


@pytest.mark.parametrize(
    ("n", "tasks", "workers"), [(10_000, 1, 2), (200, 4, 1), (3, 8, 1), (0, 2, 2), (10**6, 16, 8), (10**5, 1, 16)]
)
def test_chunks_hold_each_item_once_in_order_and_are_small_at_both_ends(n, tasks, workers):
    sizes = list(chunks(n, tasks, workers))
    assert [number for numbers in sizes for number in numbers] == list(range(n))
    assert max(map(len, sizes), default=0) <= min(CHUNK * workers, 1024)
    assert all(len(end) <= FIRST * workers for end in (*sizes[:1], *sizes[-1:]))
