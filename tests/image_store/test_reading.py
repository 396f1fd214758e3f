"""A store gives the bytes that were stored, or exit 4; in any process, without an open file too many."""

import os
import pickle
import threading

import pytest
from tests.fixtures.images import store_of

from darkroom.image_store import boundaries, file_index, reading
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.table.rows import Rows
from darkroom.workers import parallel

CONTENTS = {f"{'ab'[n % 2]}/{n}.png": bytes([n]) * (900 + n) for n in range(40)}


@pytest.fixture
def store(stored, monkeypatch):
    """Of several shards, although it is small."""
    monkeypatch.setattr(boundaries, "SMALLEST", 8 << 10)
    return stored(CONTENTS)


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_a_store_is_opened_with_one_look_at_its_table_of_paths(stored, monkeypatch):
    """One for every 256 files took 5 s for three million files, as each goes through the table."""
    looks, select = [], Rows.select
    monkeypatch.setattr(Rows, "select", lambda table, names: looks.append(names) or select(table, names))
    monkeypatch.setattr(file_index, "BLOCK", 2)
    store = stored(CONTENTS)
    assert list(store.paths) == sorted(CONTENTS) and [store.paths[n] for n in range(40)] == sorted(CONTENTS)
    assert len(looks) == 1


def test_the_first_bytes_can_be_read_alone(store):
    assert store.head("a/2.png", 5) == bytes([2]) * 5 and store.head("a/2.png", 5000) == CONTENTS["a/2.png"]


def test_workers_read_as_this_process_does(store):
    wanted = [store.file(path) for path in CONTENTS]
    assert list(parallel.map(store.shards.read, wanted, title="", lost=str)) == list(CONTENTS.values())


def test_what_a_worker_gets_does_not_grow_with_the_store(store):
    assert len(pickle.dumps(store.shards)) < 500 and len(pickle.dumps(store.file("a/2.png"))) < 500


def test_one_shard_at_a_time_is_open(store):
    before = open_files()
    for path in CONTENTS:
        store.read(path)
    assert open_files() <= before + 1 and len(list(store.folder.glob("*.tar"))) > 3


@pytest.mark.parametrize("read_at", [reading._read_at, reading._read_in_turn])
def test_threads_that_read_different_shards_get_their_own_bytes(store, monkeypatch, read_at):
    monkeypatch.setattr(reading, "_read_at", read_at)
    wrong = []

    def read(paths):
        wrong.extend(path for path in paths * 50 if store.read(path) != CONTENTS[path])

    threads = [threading.Thread(target=read, args=(list(CONTENTS)[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("path", ["a/41.png", "a", "", "z/1.png", "a/2.pn"])
def test_a_path_that_is_not_there_is_exit_4(store, path):
    with pytest.raises(ArtifactError, match="is missing"):
        store.file(path)


def test_a_flipped_bit_of_a_file_is_noticed_when_it_is_read_and_does_not_hide_the_others(store):
    file = store.file("a/2.png")
    shard = store.folder / f"{file.shard}.tar"
    data = bytearray(shard.read_bytes())
    data[file.offset + 7] ^= 1
    shard.write_bytes(data)
    again = reading.open_store(store.folder)
    with pytest.raises(ArtifactError, match=f"{file.shard}.tar is damaged at a/2.png") as fault:
        again.read("a/2.png")
    assert "dvc repro -f ingest" in fault.value.fix and again.read("a/0.png") == CONTENTS["a/0.png"]


def test_a_shard_that_vanishes_or_shrinks_while_it_is_read_is_exit_4(store):
    first, last = store.file("a/0.png"), store.file("b/9.png")
    (store.folder / f"{first.shard}.tar").unlink()
    with pytest.raises(ArtifactError, match=f"{first.shard}.tar is missing"):
        store.read("a/0.png")
    os.truncate(store.folder / f"{last.shard}.tar", last.offset + 5)
    with pytest.raises(ArtifactError, match="is damaged at b/9.png"):
        store.read("b/9.png")


def forged(text):
    """A change of an inventory under a seal that fits it."""

    def change(folder):
        (folder / "000001.csv").write_bytes(text)
        sealing.seal(folder)

    return change


DAMAGE = {
    "a shard is missing": lambda folder: (folder / "000001.tar").unlink(),
    "a shard is cut": lambda folder: os.truncate(folder / "000001.tar", 1000),
    "an inventory is missing": lambda folder: (folder / "000001.csv").unlink(),
    "an inventory is another": lambda folder: (folder / "000001.csv").write_bytes(
        (folder / "000001.csv").read_bytes().replace(b"a/", b"b/")
    ),
    "a file too many": lambda folder: (folder / "000001.csv.orig").write_bytes(b""),
    "no seal": lambda folder: (folder / sealing.INVENTORY).unlink(),
    "a folder of images": lambda folder: [files.remove(path) for path in folder.iterdir()],
    "an inventory of noise": forged(b"\xff\xfe"),
    "an inventory of other columns": forged(b"path,label\na,b\n"),
    "an inventory without numbers": forged(b"path,offset,bytes,sha256\na,b,c,d\n"),
    "an inventory with a short row": forged(b"path,offset,bytes,sha256\na,1\n"),
    "an inventory without digests": forged(b"path,offset,bytes,sha256\na,1,1,zz\n"),
    "an inventory with a negative size": forged(b"path,offset,bytes,sha256\na,1,-1," + b"0" * 64 + b"\n"),
    "an inventory with a short digest": forged(b"path,offset,bytes,sha256\na,1,1,00\n"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store_is_exit_4_when_it_is_opened(store, damage):
    DAMAGE[damage](store.folder)
    with pytest.raises(ArtifactError) as fault:
        reading.open_store(store.folder)
    assert fault.value.exit_code == 4 and str(fault.value).isprintable()


def test_a_store_may_consist_of_links_into_the_cache_of_dvc(store, tmp_path):
    (tmp_path / "cache").mkdir()
    for path in list(store.folder.iterdir()):
        path.rename(tmp_path / "cache" / path.name)
        path.symlink_to(tmp_path / "cache" / path.name)
    assert reading.open_store(store.folder).read("a/2.png") == CONTENTS["a/2.png"]


def test_the_inventory_of_many_files_takes_less_than_400_bytes_each(tmp_path, memory_below):
    """0.4 GB for a million; a Path object and an entry of a dict would take twice as much."""
    n = 20_000
    store_of(tmp_path / "many", {f"train/some class/{number:07}.png": b"" for number in range(n)})
    with memory_below(400 * n):
        assert len(reading.open_store(tmp_path / "many").paths) == n
