"""zip_directory: the directory of any zip reads as `zipfile` reads it, without an object that stays for each entry."""

import io
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from darkroom.ingest import zip_directory
from darkroom.ingest.zip_directory import Entry

MANY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9), max_size=5)
CHANGES = st.lists(st.tuples(st.integers(-400, 399), st.integers(0, 255)), max_size=4)


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def tell(self):
        raise io.UnsupportedOperation


def archive_of(names, buffer, comment=b"", **options):
    """A zip of small members, which `options` of `ZipFile.open` write."""
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names):
            info = zipfile.ZipInfo(name)
            info.external_attr, info.comment = number << 16, comment
            with archive.open(info, "w", **options) as file:
                file.write(b"x" * 50 * number)
        archive.comment = comment
    return buffer.getvalue()


def read_here(data):
    file = io.BytesIO(data)
    return list(zip_directory.entries(file, zip_directory.find(file)))


def read_by_zipfile(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            Entry(
                *(i.orig_filename, i.flag_bits, i.compress_type, i.CRC),
                *(i.compress_size, i.file_size, i.external_attr, i.header_offset),
            )
            for i in archive.filelist
        ]


def outcome(read, data):
    """What is read, or None where anything is raised."""
    try:
        return read(data)
    except Exception:
        return None


@pytest.mark.filterwarnings("ignore:Duplicate name")
@MANY
@given(NAMES, st.binary(max_size=40), st.binary(max_size=30), st.booleans(), st.sampled_from([io.BytesIO, Pipe]))
def test_the_entries_are_those_that_zipfile_finds(names, comment, before, wide, buffer):
    data = before + archive_of(names, buffer(), comment, force_zip64=wide)
    assert read_here(data) == read_by_zipfile(data) and len(read_here(data)) == len(names)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@MANY
@given(NAMES, CHANGES, st.integers(0, 60), st.booleans())
def test_what_is_damaged_is_refused_or_read_as_zipfile_reads_it(names, changes, cut, wide):
    data = bytearray(archive_of(["a.jpg", *names], io.BytesIO(), force_zip64=wide))
    for place, value in changes:
        data[place % len(data)] = value
    data = bytes(data[: len(data) - cut])
    assert outcome(read_here, data) == outcome(read_by_zipfile, data)


def wide_directory(numbers, disks):
    """A zip64 archive of one empty member, `numbers` of which are in the extra field of its entry."""
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"x"
    extra = struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
    sizes = 0xFFFFFFFF, 0xFFFFFFFF, 1, len(extra), 0, 0, 0, 0, 0xFFFFFFFF
    entry = struct.pack("<4s4B4H3L5H2L", b"PK\1\2", 45, 0, 45, 0, 0, 0, 0, 0, 0, *sizes) + b"x" + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), len(header))
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, disks)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return header + entry + end64 + locator + end


@pytest.mark.parametrize("numbers", [(), (5,), (5, 4), (5 << 40, 4 << 40, 0), (0, 0, 1, 2)])
@pytest.mark.parametrize("disks", [1, 2])
def test_numbers_of_zip64_are_those_that_zipfile_finds(numbers, disks):
    data = wide_directory(numbers, disks)
    assert outcome(read_here, data) == outcome(read_by_zipfile, data)
    assert bool(outcome(read_here, data)) == (len(numbers) > 2 and disks == 1)
