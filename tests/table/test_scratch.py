"""scratch: what is put away comes back as it was, and takes no memory and no name."""

import errno
import os
import resource
import tempfile
from contextlib import contextmanager

import numpy as np
import pytest

from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import FileCache
from darkroom.runtime.errors import EnvironmentFault
from darkroom.table import order, rows, scratch
from darkroom.table.rows import Rows

ARRAYS = [np.arange(5, dtype=np.uint8), np.zeros(0), np.arange(3) / 3, np.arange(-2, 2, dtype=np.int16)]


def test_arrays_come_back_equal_in_whatever_order_they_are_asked_for():
    room = scratch.Scratch()
    places = [room.add(array) for array in ARRAYS]
    array_at = room.mapped()
    for place, array in reversed([*zip(places, ARRAYS, strict=True)]):
        np.testing.assert_array_equal(array_at(place), array, strict=True)
        assert not array_at(place).flags.writeable


@pytest.mark.parametrize("n", [0, 1, scratch.PART, 2 * scratch.PART + 3])
def test_numbers_that_come_one_by_one_are_one_array(n):
    growing = scratch.Growing(np.uint64)
    for number in range(n):
        growing.append(number * 2**40)
    np.testing.assert_array_equal(growing.array(), np.arange(n, dtype=np.uint64) * 2**40, strict=True)


def test_zeros_can_be_changed_in_place():
    numbers = scratch.zeros(9, np.int64)
    numbers[3] = 5
    assert numbers.tolist() == [0, 0, 0, 5, 0, 0, 0, 0, 0] and not len(scratch.zeros(0, np.int64))


@pytest.mark.parametrize("name", scratch.CHOICES)
def test_the_file_lies_where_a_person_wants_temporary_files_and_has_no_name(tmp_path, monkeypatch, name):
    for other in scratch.CHOICES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with scratch.file() as file:
        assert not any(tmp_path.iterdir())
        device = tmp_path.stat().st_dev
        assert file.seek(0, 2) == 0 and device == os.fstat(file.fileno()).st_dev


@pytest.fixture
def chosen(monkeypatch):
    """Sets the variables that name a folder for temporary files; the others are absent."""

    def choose(**folders):
        for name in scratch.CHOICES:
            monkeypatch.delenv(name, raising=False)
        for name, folder in folders.items():
            monkeypatch.setenv(name, str(folder))

    return choose


def test_a_folder_that_cannot_be_written_to_is_passed_over(tmp_path, chosen):
    """/tmp, where Python goes then, may lie in memory."""
    chosen(TMPDIR=tmp_path / "absent")
    assert scratch.folder() == scratch.LARGE
    chosen(TMPDIR=tmp_path / "absent", TMP=tmp_path)
    assert scratch.folder() == tmp_path


@contextmanager
def full_disk():
    """No file may have more than 1,000 bytes, which stands for the disk."""
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))


def grow():
    growing = scratch.Growing(np.uint64)
    for number in range(2 * scratch.PART):
        growing.append(number)


USERS = {
    "table": lambda: Rows.gather({"path": f"{k}" * 9} for k in range(2 * rows.CHUNK)),
    "order": lambda: order.sorted_order(["x" * 2_000, "y"], 2),
    "zeros": lambda: scratch.zeros(1_000, np.int64),
    "growing": grow,
}


@pytest.mark.parametrize("user", USERS)
def test_a_full_disk_is_named_with_the_way_to_another(tmp_path, chosen, user):
    chosen(TMPDIR=tmp_path)
    with full_disk(), pytest.raises(EnvironmentFault, match="temporary file") as fault:
        USERS[user]()
    assert fault.value.where == str(tmp_path) and "set TMPDIR" in fault.value.fix and fault.value.exit_code == 5


def test_a_full_disk_beside_a_folder_is_named_without_a_way_to_another(tmp_path):
    assert scratch.zeros_on_disk_of(tmp_path, (3, 2), np.float32).tolist() == [[0, 0]] * 3
    assert scratch.zeros_on_disk_of(tmp_path, (0, 2), np.float32).shape == (0, 2)
    with full_disk(), pytest.raises(EnvironmentFault) as fault:
        scratch.zeros_on_disk_of(tmp_path, (300, 2), np.float32)
    assert fault.value.where == str(tmp_path) and "TMPDIR" not in fault.value.fix and not any(tmp_path.iterdir())


def test_a_full_disk_ends_the_cache_with_a_warning(tmp_path, chosen, capsys):
    log = tmp_path / "x.log"
    file_cache.add(log, {f"{number:064x}": b"value" for number in range(scratch.PART)})
    chosen(TMPDIR=tmp_path)
    with full_disk(), FileCache(log) as cache:
        assert cache.log is None and not len(cache)
    assert "nothing is cached" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_reserve_room_gives_zeros_too(monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert scratch.zeros(300_000, np.int64).sum() == 0
    with full_disk(), pytest.raises(EnvironmentFault):
        scratch.zeros(1_000, np.int64)


def test_the_memory_of_a_table_does_not_grow_with_its_rows(monkeypatch, memory_below):
    monkeypatch.setattr(rows, "CHUNK", 512)
    n = 20_000
    with memory_below(60 * n):  # 2 kB a row as dicts, 0.1 kB as columns in memory
        table = Rows.gather({"path": f"{k:060}", "digest": f"{k:064x}", "size": k} for k in range(n))
        assert sum(table.column("size")) == n * (n - 1) // 2
