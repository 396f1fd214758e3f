"""Faults that only a zip archive can have (reliability rows A10 to A12, A16, A17 and A34)."""

import io
import os
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib

import pytest
from PIL import Image
from tests.fixtures.images import contents

from darkroom.ingest import sources, zips
from darkroom.runtime.errors import DataError
from darkroom.table.rows import CHUNK

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


@pytest.mark.parametrize(("flag", "says"), [(0x20, "has compressed patched data"), (0x40, "has strong encryption")])
def test_data_of_a_kind_that_is_not_read_are_named(zipped, tmp_path, limits, flag, says):
    path = zipped({"cats/1.jpg": b"x"})
    patched(path, 6, 8, flag)
    fault = refused(path, tmp_path, limits)
    assert fault.code == "E_ARCHIVE_METHOD" and f"cats/1.jpg {says}" in fault.what


def test_a_newer_version_of_the_format_is_not_called_damage(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(CENTRAL) + 6] = 99
    path.write_bytes(data)
    fault = refused(path, tmp_path, limits)
    assert fault.code == "E_ARCHIVE_METHOD" and "cats/1.jpg needs version 9.9 of the format, above 6.3" in fault.what


@pytest.mark.parametrize("name", ["cats/é.jpg", "cats/🐶.jpg"])
def test_a_name_in_a_message_is_the_one_that_would_be_unpacked(zipped, tmp_path, limits, name):
    """Many programs write UTF-8 without declaring it."""
    raw = name.encode()
    path = zipped({"n" * len(raw): b"x"})
    path.write_bytes(path.read_bytes().replace(b"n" * len(raw), raw))
    patched(path, 8, 10, 9)
    fault = refused(path, tmp_path, limits)
    assert name in fault.what and fault.where == f"data.zip!{name}"
    path.write_bytes(path.read_bytes().replace(raw, b"n" * len(raw), 1))  # in front of the data
    patched(path, 8, 10, 0)
    assert "is called nnn" in refused(path, tmp_path, limits).what


def wide(offset, packed):
    """A zip of a good member and one with these numbers in the zip64 field of the directory."""
    good, other = b"cats/1.jpg", b"cats/2.jpg"
    more = local(good, 1, 1, method=0) + b"x"
    at = len(more)
    more += local(other, 1, 1, method=0) + b"y"
    extra = struct.pack("<2H3Q", 1, 24, 1, packed, at if offset is None else offset)
    entry = struct.pack(
        "<4s6H3L5H2L", CENTRAL, 45, 45, 0, 0, 0, 0, 0, 2**32 - 1, 2**32 - 1, 10, 28, 0, 0, 0, 0, 2**32 - 1
    )
    first = raw_zip((0, 0, 0, 1, 1, good))[:56]
    directory = first + entry + other + extra
    return more + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(more), 0)


@pytest.mark.parametrize("number", [2**62, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [("offset", "E_ARCHIVE_CORRUPT", "has no header in front of its data"), ("packed", "E_ARCHIVE_BOMB", "overlaps")],
)
def test_a_number_beyond_any_file_is_a_fault_of_its_member(tmp_path, limits, number, kind, code, says):
    (tmp_path / "data.zip").write_bytes(wide(**{"offset": None, "packed": 1} | {kind: number}))
    fault = refused(tmp_path / "data.zip", tmp_path, limits)
    assert fault.code == code and f"cats/2.jpg {says}" in fault.what and fault.where == "data.zip!cats/2.jpg"


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


@pytest.mark.parametrize("again", [1, 2])
def test_a_repeated_member_is_one_file_whatever_the_seed_of_the_hashes(tmp_path, again):
    """Members of one name are looked for by hashes, which differ from process to process."""
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive, warnings.catch_warnings(action="ignore"):
        for number in [*range(CHUNK), *range(again)]:
            archive.writestr(f"{number % 2}/{number}.jpg", f"{number}")
    script = (
        "import sys; from pathlib import Path; from darkroom import params; from darkroom.ingest import sources;"
        "from darkroom.runtime import sealing; source, out = map(Path, sys.argv[1:]);"
        "print(sources.unpack(source, out, params.load().ingest).files, sealing.digest_of(out))"
    )
    command = [sys.executable, "-c", script, tmp_path / "data.zip", tmp_path / "out"]
    environments = ({**os.environ, "PYTHONHASHSEED": str(seed)} for seed in range(3))
    done = {subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout for env in environments}
    assert len(done) == 1 and done.pop().startswith(f"{CHUNK} ")


def test_every_usual_method_is_read(zipped, tmp_path, limits):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = zipped({"cats/1.jpg": b"x" * 999, "dogs/1.jpg": b"y"}, method=method)
        sources.unpack(path, tmp_path / "out", limits)
        assert contents(tmp_path / "out")["cats/1.jpg"] == b"x" * 999


def test_bytes_before_the_first_member_are_refused(zipped, tmp_path, limits, png):
    path = zipped({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    path.write_bytes(png() + path.read_bytes())
    assert refused(path, tmp_path, limits).code == "E_ARCHIVE_PREFIX"


def raw_zip(*entries, more=b""):
    """A zip of (offset, flags, method, packed, size, name) over `more`, which holds the local headers and the data."""
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", CENTRAL, 20, 20, flags, method, 0, 0, 0, packed, size, len(name), 0, 0, 0, 0, 0, at)
        + name
        for at, flags, method, packed, size, name in entries
    )
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(entries) % 65536, len(entries) % 65536, len(directory), len(more), 0
    )
    return more + directory + end


def local(name, packed, size, extra=b"", method=8):
    return struct.pack("<4s5H3L2H", LOCAL, 20, 0, method, 0, 0, 0, packed, size, len(name), len(extra)) + name + extra


def deflated(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(size)) + packer.flush()


def test_members_that_share_one_kernel_through_their_own_extra_fields_are_refused(tmp_path, limits):
    """By the directory alone no two of them overlap: the extra fields are in the local headers only."""
    kernel, names, size = deflated(100 << 10), [b"cats/%02d.jpg" % number for number in range(30)], 100 << 10
    more, gap = b"", bytes(len(kernel))  # between the headers, so that no two overlap as the directory has it
    for name in reversed(names):  # each header's extra field holds the headers that follow, up to the kernel
        more = local(name, len(kernel), size, extra=struct.pack("<2H", 0x9999, len(gap + more)) + gap + more)
    step = len(local(names[0], 0, 0)) + 4 + len(gap)
    entries = ((number * step, 0, 8, len(kernel), size, name) for number, name in enumerate(names))
    (tmp_path / "data.zip").write_bytes(raw_zip(*entries, more=more + kernel))
    fault = refused(tmp_path / "data.zip", tmp_path, limits)
    assert fault.code == "E_ARCHIVE_BOMB" and "cats/00.jpg overlaps" in fault.what


def test_two_entries_for_the_same_data_are_refused(tmp_path, limits):
    more = local(b"cats/1.jpg", 1, 1, method=0) + b"x"
    path = tmp_path / "data.zip"
    path.write_bytes(raw_zip((0, 0, 0, 1, 1, b"cats/1.jpg"), (0, 0, 0, 1, 1, b"cats/1.jpg"), more=more))
    assert refused(path, tmp_path, limits).code == "E_ARCHIVE_BOMB"


@pytest.mark.parametrize(
    ("at", "value", "code", "says"),
    [
        (26, 9, "E_ARCHIVE_CORRUPT", "is called cats/1.jp by"),
        (8, 0, "E_ARCHIVE_CORRUPT", "method 8 by the directory and 0"),
        (6, 1, "E_ARCHIVE_CORRUPT", "flags 0 by the directory and 1"),
        (6, 8, "E_ARCHIVE_CORRUPT", "flags 0 by the directory and 8"),
        (22, 3, "E_ARCHIVE_SIZE_LIE", "size 500 by the directory and 3"),
        (18, 3, "E_ARCHIVE_SIZE_LIE", "packed size"),
        (0, 0, "E_ARCHIVE_CORRUPT", "no header in front of its data"),
    ],
    ids=["name", "method", "encrypted", "streamed", "size", "packed size", "no header"],
)
def test_a_header_that_disagrees_with_the_directory_is_refused(zipped, tmp_path, limits, at, value, code, says):
    path = zipped({"cats/1.jpg": b"x" * 500, "dogs/1.jpg": b"y"}, method=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, at, value)
    path.write_bytes(data)
    fault = refused(path, tmp_path, limits)
    assert (fault.code, fault.where) == (code, "data.zip!cats/1.jpg") and says in fault.what


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def tell(self):
        raise io.UnsupportedOperation


@pytest.mark.parametrize("wide", [False, True], ids=["zip32", "zip64"])
@pytest.mark.parametrize("buffer", [io.BytesIO, Pipe])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_streamed_and_zip64_archives_are_read(tmp_path, limits, wide, buffer, method):
    written = buffer()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name in ("cats/1.jpg", "dogs/é.jpg"):
            with archive.open(name, "w", force_zip64=wide) as file:
                file.write(b"x" * 500)
    (tmp_path / "data.zip").write_bytes(written.getvalue())
    assert sources.unpack(tmp_path / "data.zip", tmp_path / "out", limits).bytes == 1000


def test_a_bomb_of_many_small_members_is_refused(zipped, tmp_path, limits):
    members = {f"cats/{number}.bmp": bytes(255 << 10) for number in range(40)}
    fault = refused(zipped(members, method=zipfile.ZIP_DEFLATED), tmp_path, limits)
    assert (
        fault.code == "E_ARCHIVE_BOMB" and "40 files swell from " in fault.what and f"{40 * (255 << 10)}" in fault.what
    )


@pytest.mark.parametrize("size", [256 << 10, 900_000, 1 << 20])
def test_a_single_member_is_a_bomb_from_256_kib_on(zipped, tmp_path, limits, size):
    path = zipped({"cats/1.bmp": bytes(size + 1), "dogs/1.bmp": b"x"}, method=zipfile.ZIP_DEFLATED)
    assert refused(path, tmp_path, limits).what.startswith("cats/1.bmp swells from ")


def test_blank_images_and_small_texts_are_not_a_bomb(zipped, tmp_path, limits, encoded):
    blank = {f"cats/{number}.bmp": encoded(Image.new("RGB", (200, 200)), "BMP") for number in range(40)}
    tiny = {f"dogs/{number}.bmp": encoded(Image.new("RGB", (64, 64)), "BMP") for number in range(500)}
    path = zipped({**blank, **tiny, "dogs/readme.txt": b"a" * 200_000}, method=zipfile.ZIP_DEFLATED)
    assert sum(map(len, [*blank.values(), *tiny.values()])) > 100 * path.stat().st_size
    assert sources.unpack(path, tmp_path / "out", limits).files == 541


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_holds_more_than_it_declares_cannot_fill_the_memory(
    zipped, tmp_path, limits, memory_below, method
):
    path = zipped({"cats/1.jpg": bytes(48 << 20)}, method=method)
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, 22, 900)
    struct.pack_into("<L", data, data.rindex(CENTRAL) + 24, 900)
    path.write_bytes(data)
    with memory_below(8 << 20):
        assert refused(path, tmp_path, limits).code in ("E_ARCHIVE_CORRUPT", "E_ARCHIVE_SIZE_LIE")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_wrong_checksum_is_detected_with_every_method(zipped, tmp_path, limits, method):
    path = zipped({"cats/1.jpg": b"x" * 500}, method=method)
    data = bytearray(path.read_bytes())
    for at in (14, data.rindex(CENTRAL) + 16):
        data[at] ^= 1
    path.write_bytes(data)
    assert refused(path, tmp_path, limits).what == "cats/1.jpg cannot be read: wrong CRC-32"
    with zips.open_members(path, limits) as (member,), member.open() as stream:
        assert stream.read(499) == b"x" * 499
        with pytest.raises(zipfile.BadZipFile, match="wrong CRC-32"):
            stream.read(1)


@pytest.mark.parametrize(
    ("many", "name", "says"),
    [(30_000, b"x", "30000 entries, more than 1000"), (40, b"n" * 60_000, "its directory has 2401840 bytes")],
    ids=["entries", "names"],
)
def test_a_directory_is_bounded_before_zipfile_parses_it(tmp_path, limits, many, name, says):
    (tmp_path / "data.zip").write_bytes(raw_zip(*[(0, 0, 0, 0, 0, name)] * many))
    fault = refused(tmp_path / "data.zip", tmp_path, limits)
    assert fault.code == "E_ARCHIVE_LIMIT" and says in fault.what and "ingest.max_entries" in fault.fix
