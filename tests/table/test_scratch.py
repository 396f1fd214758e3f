"""scratch: what is put away comes back as it was, and takes no memory and no name."""

import os
import tempfile

import numpy as np
import pytest

from darkroom.table import rows, scratch
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


def test_the_memory_of_a_table_does_not_grow_with_its_rows(monkeypatch, memory_below):
    monkeypatch.setattr(rows, "CHUNK", 512)
    n = 20_000
    with memory_below(60 * n):  # 2 kB a row as dicts, 0.1 kB as columns in memory
        table = Rows.gather({"path": f"{k:060}", "digest": f"{k:064x}", "size": k} for k in range(n))
        assert sum(table.column("size")) == n * (n - 1) // 2
