"""The memory of ingest does not grow with the number of files, whatever they come in."""

import gc
import io
import tarfile
import tracemalloc
import zipfile

import pytest
from tests.fixtures.defaults import changed

from darkroom.image_store import boundaries
from darkroom.ingest import sources
from darkroom.table import order, rows

FEW, MANY = 500, 2_000  # files
EACH = 150  # bytes; a list of zipfile's, or of paths and pieces, takes several hundred


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """What is held at a time is the same for few and many."""
    monkeypatch.setattr(rows, "CHUNK", 256)
    monkeypatch.setattr(order, "CHUNK", 256)
    monkeypatch.setattr(boundaries, "SMALLEST", 64 << 10)
    monkeypatch.setattr(boundaries, "LARGEST", 64 << 10)


def names(n):
    return (f"class-{number % 10}/{number * 7919 % n:07}.jpg" for number in range(n))


def zipped(path, n):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names(n):
            archive.writestr(name, name)


def tarred(path, n):
    with tarfile.open(path, "w") as archive:
        for name in names(n):
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))


def in_folders(path, n):
    for name in names(n):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)


def peak(source, folder, limits):
    """Bytes that are allocated at a time to unpack it: the less of two tries, as Python's own tables grow at times."""
    return min(peak_once(source, folder, limits) for _ in range(2))


def peak_once(source, folder, limits):
    gc.collect()
    tracemalloc.start()
    try:
        sources.unpack(source, folder, limits)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [zipped, tarred, in_folders])
def test_memory_grows_by_a_few_bytes_for_each_file(tmp_path, limits, pack):
    limits = changed(limits, max_entries=2 * MANY)
    peaks = []
    for n in (10, FEW, MANY):  # the first for imports and caches
        pack(tmp_path / f"{n}", n)
        peaks.append(peak(tmp_path / f"{n}", tmp_path / "out", limits))
    assert (peaks[2] - peaks[1]) / (MANY - FEW) < EACH
