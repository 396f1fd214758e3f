"""A store is a function of its files: plain tars that any tool reads, of which a new version changes few."""

import hashlib
import os
import tarfile
from random import Random

import pytest
from tests.fixtures.images import contents, store_of

from darkroom.image_store import boundaries, shard_file
from darkroom.image_store.shard_file import NewFile, stored_bytes
from darkroom.runtime import files

MIB = 1 << 20
NAMES = ["cats/1.jpg", "cats/é 🐶.jpg", "=dogs/a,b.jpg", 'dogs/"2".jpg', "dogs/" + "n" * 240 + ".jpg", "empty"]


@pytest.fixture
def written(tmp_path):
    """A function that stores contents and returns the folder."""

    def write(files, name="store"):
        store_of(tmp_path / name, files)
        return tmp_path / name

    return write


def digests(folder):
    return {path.name: files.sha256(path) for path in folder.iterdir()}


def test_every_file_comes_back_byte_for_byte_whatever_its_name(written):
    stored = {name: os.urandom(700 * number) for number, name in enumerate(NAMES)}
    assert contents(written(stored)) == {path: stored[path] for path in sorted(stored)}


def test_a_shard_is_a_plain_tar_of_the_paths_with_nothing_of_this_machine_in_it(written):
    with tarfile.open(written(dict.fromkeys(NAMES, b"x" * 600)) / "000000.tar", "r:") as shard:
        members = shard.getmembers()
        assert [member.name for member in members] == sorted(NAMES)
        assert {shard.extractfile(member).read() for member in members} == {b"x" * 600}
    assert {(m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0o644, 0, 0, "", "", 0)}


@pytest.mark.parametrize(("path", "size"), [("a.jpg", 8**11 - 1), ("a.jpg", 8**11), ("é.jpg", 8**11), ("a" * 101, 1)])
def test_the_header_of_a_member_is_that_of_pax_whatever_its_name_and_size(tmp_path, path, size):
    """The data are left out, so that the test takes no 8 GiB."""
    shard_file.write(tmp_path / "shard.tar", [NewFile(path, size, "0" * 64, list)])
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o644
    assert (tmp_path / "shard.tar").read_bytes().startswith(info.tobuf(tarfile.PAX_FORMAT))


def test_equal_files_make_equal_stores_in_whatever_order_they_come(written):
    stored = {f"{n}.png": bytes([n]) * n for n in range(50)}
    again = dict(sorted(stored.items(), reverse=True))
    assert digests(written(stored)) == digests(written(again, "again"))


def images(names, size=20_000):
    """So large files of noise that is a function of the name, without the noise: what decides the boundaries."""
    return [NewFile(name, size, hashlib.sha256(name.encode()).hexdigest(), list) for name in sorted(names)]


def sized(files):
    return files, sum(stored_bytes(file.size) for file in files)


def shards_of(names, size=20_000):
    return [tuple(shard) for shard in boundaries.shards(*sized(images(names, size)))]


def names_of(classes, numbers):
    return [f"{label}/{number:06}.jpg" for label in classes for number in numbers]


def bytes_of(shard):
    return sum(stored_bytes(file.size) for file in shard)


@pytest.mark.parametrize(("size", "average"), [(900, MIB), (20_000, MIB), (200_000, 4 * MIB)])
def test_shards_keep_to_their_sizes_and_hold_every_file_once_in_order(size, average):
    """10,000 files of 200,000 bytes are 1.9 GiB: a 256th of it is 7.5 MiB, and 4 is the power of two below."""
    names = names_of("ab", range(5_000))
    shards = shards_of(names, size)
    assert [file.path for shard in shards for file in shard] == sorted(names)
    sizes = [bytes_of(shard) for shard in shards]
    assert max(sizes) <= boundaries.MOST * average
    assert all(size >= boundaries.LEAST * average for size in sizes[:-1])
    assert average / 2 < sum(sizes) / len(sizes) < 2 * average


def test_no_shard_is_larger_than_256_mib():
    assert boundaries.MOST * boundaries.LARGEST == 256 * MIB


def test_a_file_that_is_larger_than_a_shard_has_one_of_its_own():
    assert [len(shard) for shard in boundaries.shards(*sized(images(["a", "c"], 10) + images(["d"], 9 * MIB)))] == [
        2,
        1,
    ]


@pytest.mark.parametrize(
    "new",
    [names_of("a", range(5_000, 5_100)), names_of("c", range(100)), names_of("a", [2_500])],
    ids=["at the end of a class", "a new class", "one in the middle"],
)
def test_new_files_beside_each_other_change_the_shards_that_they_fall_into_and_no_other(new):
    """100 files of 20 kB are 2 MiB; they change at most one shard before and one after, and their own three."""
    old = set(shards_of(names_of("ab", range(5_000))))
    again = shards_of([*names_of("ab", range(5_000)), *new])
    changed = [shard for shard in again if shard not in old]
    assert len(old) > 100 and len(changed) <= 5


def test_removed_files_change_the_shards_that_they_were_in_and_no_other():
    names = names_of("ab", range(5_000))
    old = set(shards_of(names))
    assert len([shard for shard in shards_of(set(names) - {names[2_000]}) if shard not in old]) <= 2


def test_an_unchanged_shard_and_its_inventory_are_the_same_bytes(written):
    random = Random(1)
    stored = {name: random.randbytes(60_000) for name in names_of("ab", range(60))}
    old = set(digests(written(stored)).values())
    new = digests(written(stored | {"c/1.jpg": b"x"}, "new"))
    changed = {name for name, digest in new.items() if digest not in old}
    assert len(new) > 9 and {name.partition(".")[0] for name in changed} == {"000008", "MANIFEST"}
