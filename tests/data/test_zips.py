"""zips: faults that only a zip archive can have (rows A10 to A12, A17 and A34)."""

import struct
import zipfile

import pytest

from darkroom.data import sources
from darkroom.errors import DataError

LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"


def patched(path, offset_local, offset_central, value):
    """Overwrite a two-byte field of the only member, in both of its headers."""
    data = bytearray(path.read_bytes())
    for sign, offset in ((LOCAL, offset_local), (CENTRAL, offset_central)):
        struct.pack_into("<H", data, data.index(sign) + offset, value)
    path.write_bytes(data)


def refused(path, tmp_path, limits):
    with pytest.raises(DataError) as fault:
        sources.unpack(path, tmp_path / "out", limits)
    assert not (tmp_path / "out").exists()
    return fault.value


def test_an_encrypted_member_is_refused(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x"})
    patched(path, 6, 8, 1)
    assert refused(path, tmp_path, limits).code == "E_ARCHIVE_ENCRYPTED"


def test_an_unknown_method_is_named(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x"})
    patched(path, 8, 10, 9)
    fault = refused(path, tmp_path, limits)
    assert fault.code == "E_ARCHIVE_METHOD" and "9 (deflate64)" in fault.what


@pytest.mark.parametrize("data", [b"", b"PK\3\4 cut", b"<!doctype html><title>Sign in</title>"])
def test_what_is_no_zip_is_refused_with_its_size_and_kind(tmp_path, limits, data):
    path = tmp_path / "data.zip"
    path.write_bytes(data)
    fault = refused(path, tmp_path, limits)
    assert fault.code == "E_ARCHIVE_CORRUPT" and f"{len(data)} bytes" in fault.what
    assert ("HTML" in fault.what) == data.startswith(b"<")


def test_a_truncated_zip_is_refused(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x" * 5000})
    path.write_bytes(path.read_bytes()[:3000])
    assert refused(path, tmp_path, limits).code == "E_ARCHIVE_CORRUPT"


def test_overlapping_members_are_refused_on_every_python(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x" * 500, "cats/2.jpg": b"x" * 500})
    data = bytearray(path.read_bytes())
    first = data.index(CENTRAL)
    struct.pack_into("<II", data, first + 20, 5000, 5000)  # the first member claims to reach over the second
    path.write_bytes(data)
    fault = refused(path, tmp_path, limits)
    assert fault.code == "E_ARCHIVE_BOMB" and "cats/1.jpg overlaps" in fault.what


def test_every_usual_method_is_read(zipped, tmp_path, limits):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = zipped({"cats/1.jpg": b"x" * 999, "dogs/1.jpg": b"y"}, method=method)
        sources.unpack(path, tmp_path / "out", limits)
        assert (tmp_path / "out/cats/1.jpg").read_bytes() == b"x" * 999


def test_bytes_before_the_first_member_are_refused(zipped, tmp_path, limits, png):
    path = zipped({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    path.write_bytes(png() + path.read_bytes())
    assert refused(path, tmp_path, limits).code == "E_ARCHIVE_PREFIX"
