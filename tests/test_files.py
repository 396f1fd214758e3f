"""files: whole or absent, and able to prove it."""

import subprocess
import time

import psutil
import pytest

from darkroom import files
from darkroom.errors import ArtifactError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    out = tmp_path / "out"
    for name in ("old", "new"):
        with files.replacing(out) as partial:
            partial.mkdir()
            (partial / name).touch()
    assert [p.name for p in out.iterdir()] == ["new"]


def test_what_a_dead_process_left_is_swept_and_a_living_one_keeps_its_own(tmp_path):
    dead, alive = (tmp_path / f"out.partial-{pid}" for pid in (2**22 + 1, 1))
    dead.mkdir()
    alive.mkdir()
    with files.replacing(tmp_path / "out") as partial:
        partial.touch()
    assert not dead.exists() and alive.exists()


def test_what_a_killed_process_left_goes_although_nobody_has_waited_for_it(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    stale = tmp_path / f"out.partial-{child.pid}"
    stale.write_text("half")
    child.kill()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    files.write_text(tmp_path / "out", "whole")
    assert not stale.exists()
    child.wait()


def test_rows_read_back_as_written(tmp_path):
    rows = [{"name": 'a,"b"\nc', "value": repr(0.1)}, {"name": "nan", "value": "007"}]
    files.write_rows(tmp_path / "a.csv", ["name", "value"], rows)
    assert files.read_rows(tmp_path / "a.csv") == rows


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_bytes(b"x")])
def test_a_sealed_folder_notices_damage(tmp_path, damage):
    (tmp_path / "a").write_text("whole")
    files.seal(tmp_path)
    files.verify(tmp_path)
    damage(tmp_path / "a")
    with pytest.raises(ArtifactError) as caught:
        files.verify(tmp_path)
    assert caught.value.exit_code == 4


def test_a_missing_artefact_is_exit_four(tmp_path):
    for read in (files.read_json, files.read_rows, files.verify):
        with pytest.raises(ArtifactError, match="missing"):
            read(tmp_path / "absent")


def test_a_fingerprint_ignores_order_and_sees_values():
    assert files.fingerprint({"a": 1, "b": 2}) == files.fingerprint({"b": 2, "a": 1})
    assert files.fingerprint({"a": 1}) != files.fingerprint({"a": 2})


def test_sealed_folders_that_are_not_listed_are_set_aside_and_nothing_else_is(tmp_path):
    models, aside = tmp_path / "models", tmp_path / "aside"
    for folder in (models / "listed", models / "old", models / "notes", aside / "old"):
        folder.mkdir(parents=True)
        (folder / "a").write_text(str(folder))
    files.seal(models / "listed")
    files.seal(models / "old")
    files.set_aside(models, but=["listed"], to=aside)
    assert {path.name for path in models.iterdir()} == {"listed", "notes"}
    assert (aside / "old/a").read_text() == str(models / "old")
