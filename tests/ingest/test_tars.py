"""Faults of tar archives (reliability rows A01, A02, A06, A08, A12, A16, A18, A23, A31 to A33)."""

import bz2
import gzip
import lzma
import os
import struct
import tarfile

import pytest
from tests.fixtures.images import contents

from darkroom.ingest import sources, streams
from darkroom.runtime.errors import DataError

MODES = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def special(kind, target=""):
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def refused(tmp_path, limits):
    """The error for an archive, of which nothing may be left on disk."""

    def unpack(path):
        before = {entry.name for entry in tmp_path.iterdir()}
        with pytest.raises(DataError) as fault:
            sources.unpack(path, tmp_path / "out", limits)
        assert {entry.name for entry in tmp_path.iterdir()} == before and fault.value.exit_code == 3
        return fault.value

    return unpack


@pytest.mark.parametrize("ending", MODES)
def test_every_compression_is_unpacked_byte_for_byte_with_plain_permissions(tarred, tmp_path, limits, ending):
    members = {"ds/cats/1.jpg": os.urandom(3000), "ds/dogs/é 🐶": b"", "ds/dogs/2": b"x", "ds/.DS_Store": b"junk"}
    done = sources.unpack(tarred(members, mode=MODES[ending], name=f"data.{ending}"), tmp_path / "out", limits)
    assert (done.files, done.root, done.left_out) == (3, "ds", 1)
    for name in ("cats/1.jpg", "dogs/é 🐶", "dogs/2"):
        assert contents(tmp_path / "out")[name] == members[f"ds/{name}"]
    with tarfile.open(tmp_path / "out/000000.tar") as shard:
        assert {info.mode for info in shard} == {0o644}


def test_a_tar_is_known_by_its_content_not_its_name(tarred, tmp_path, limits):
    path = tarred({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"}, mode="w:gz", name="data.zip")
    assert sources.unpack(path, tmp_path / "out", limits).files == 2


@pytest.mark.parametrize("name", ["../../evil.jpg", "/etc/x.jpg", "C:/a.jpg", "a\\..\\..\\b.jpg"])
def test_a_name_that_leads_out_is_refused(tarred, refused, name):
    assert refused(tarred({"cats/1.jpg": b"x", name: b"evil"})).code == "E_ARCHIVE_PATH"


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (special(tarfile.SYMTYPE, "/etc/passwd"), "E_ARCHIVE_LINK"),
        (special(tarfile.SYMTYPE, "1.jpg"), "E_ARCHIVE_LINK"),
        (special(tarfile.LNKTYPE, "../../etc/passwd"), "E_ARCHIVE_LINK"),
        (special(tarfile.FIFOTYPE), "E_ARCHIVE_SPECIAL"),
        (special(tarfile.CHRTYPE), "E_ARCHIVE_SPECIAL"),
    ],
    ids=["outside", "inside", "hard", "fifo", "device"],
)
def test_what_is_neither_file_nor_folder_is_refused(tarred, refused, member, code):
    assert refused(tarred({"cats/1.jpg": b"x", "cats/2.jpg": member})).code == code


def test_a_name_that_is_not_utf8_is_a_guess_with_a_note(tarred, tmp_path, limits):
    path = tarred({"cats/nnnn.jpg": b"x", "dogs/1.jpg": b"y"})
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for name in ("cats/café.jpg", "dogs/1.jpg"):
            archive.addfile(tarfile.TarInfo(name))
    done = sources.unpack(path, tmp_path / "out", limits)
    assert "cats/cafΘ.jpg" in contents(tmp_path / "out") and "were not UTF-8" in done.notes[0]


def header(kind, size, name="x", width=12):
    """A header block that declares any size: -1 can be written in base 256 but not in octal digits."""
    info = tarfile.TarInfo(name)
    info.type = kind
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"%011o\0" % size if 0 <= size < 8**11 else b"\xff" * 4 + struct.pack(">q", size)
    if size >= 8**11:
        block[124:128] = b"\x80\0\0\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax(*records, kind=tarfile.XHDTYPE):
    """A pax header of these `key=value`."""
    body = b""
    for record in records:
        length = next(n for n in range(len(record) + 3, len(record) + 12) if n == len(str(n)) + len(record) + 2)
        body += b"%d %s\n" % (length, record)
    return raw_pax(body, kind)


def raw_pax(body, kind=tarfile.XHDTYPE):
    return header(kind, len(body)) + padded(body)


END = bytes(1024)
MEMBER = header(tarfile.REGTYPE, 1, "cats/1.jpg") + padded(b"x")
LONG = header(tarfile.GNUTYPE_LONGNAME, 9) + padded(b"dogs/long")


@pytest.mark.parametrize(
    "data",
    [
        raw_pax(b"1" * 900_000),
        pax(b"size=" + b"1" * 900_000),
        pax(b"path=" + b"n" * 900_000),
        header(tarfile.GNUTYPE_LONGNAME, 1 << 30),
        header(tarfile.GNUTYPE_LONGLINK, 900_000) + bytes(900_608),
        pax(b"a=b") * 200,
        pax(b"a=b", kind=tarfile.XGLTYPE) * 200,
        LONG * 200,
    ],
    ids=["digits", "a size", "a path", "a name of 1 GiB", "a link", "many", "many for all", "many names"],
)
def test_the_headers_of_one_member_are_bounded(tmp_path, refused, data):
    (tmp_path / "data.tar").write_bytes(data + MEMBER + END)
    fault = refused(tmp_path / "data.tar")
    assert fault.code == "E_ARCHIVE_CORRUPT" and "more than 65536 bytes describe one member" in fault.what


@pytest.mark.parametrize(
    "data",
    [
        raw_pax(b"1" * 60_000),
        raw_pax(b"2 " * 30_000 + b"="),
        raw_pax(b"-5 a=b\n"),
        raw_pax(b"0 a=b\n"),
        raw_pax(b"99 a=b\n"),
        pax(b"size=-512"),
        pax(b"size=" + b"1" * 5000),
        pax(b"size=0x10"),
        header(tarfile.REGTYPE, -512, "cats/1.jpg"),
        header(tarfile.GNUTYPE_LONGNAME, -512),
        header(tarfile.XHDTYPE, -1),
    ],
    ids=["digits", "overlapping", "minus", "zero", "beyond", "minus size", "long", "hex", "base 256", "name", "pax"],
)
def test_an_inconsistent_header_is_refused(tmp_path, refused, data):
    """Some of these make `tarfile` jump back in an endless loop, or take time with the square of their length."""
    (tmp_path / "data.tar").write_bytes(data + MEMBER + END)
    assert refused(tmp_path / "data.tar").code == "E_ARCHIVE_CORRUPT"


def test_a_tar_that_ends_after_a_describing_header_is_refused(tmp_path, refused):
    (tmp_path / "data.tar").write_bytes(MEMBER + LONG + END)
    assert "last member is missing" in refused(tmp_path / "data.tar").what


def test_the_headers_of_all_members_cannot_fill_the_memory(tmp_path, refused, limits, memory_below):
    """`tarfile` copies a global header for each member: 60 kB of it and 999 members took 300 MB."""
    many = pax(*(b"k%d=v" % number for number in range(4000)), kind=tarfile.XGLTYPE)
    names = b"".join(header(tarfile.REGTYPE, 0, f"cats/{number}.jpg") for number in range(limits.max_entries + 1))
    (tmp_path / "data.tar").write_bytes(many + names + END)
    with memory_below(10 << 20):
        assert "ingest.max_entries" in refused(tmp_path / "data.tar").fix


def test_excessive_names_end_the_listing(tmp_path, refused, limits, monkeypatch):
    monkeypatch.setitem(limits.__dict__, "max_entries", 10)
    members = b"".join(pax(b"path=" + b"n" * 60_000) + MEMBER for _ in range(2))
    (tmp_path / "data.tar").write_bytes(members + END)
    assert "its names alone" in refused(tmp_path / "data.tar").what


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("name", "size", "code"),
    [
        ("cats/1.jpg", 42 << 30, "E_ARCHIVE_LIMIT"),
        ("data.npz", 42 << 30, "E_ARCHIVE_LIMIT"),
        ("x.npz", 20 << 20, "E_ARCHIVE_BOMB"),
    ],
)
def test_a_bomb_is_refused_at_its_header(tmp_path, refused, pack, name, size, code):
    """Nothing follows the header: a reader that unpacked the member to skip it would call the archive truncated."""
    (tmp_path / "data.tar").write_bytes(pack(header(tarfile.REGTYPE, size, name)))
    assert refused(tmp_path / "data.tar").code == code


def test_many_small_members_of_zeros_are_a_bomb(tmp_path, refused):
    member = header(tarfile.REGTYPE, 255 << 10, "cats/1.jpg") + bytes(255 << 10)
    (tmp_path / "data.tgz").write_bytes(gzip.compress(member * 40 + END))
    assert refused(tmp_path / "data.tgz").code == "E_ARCHIVE_BOMB"


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_format_keeps_long_and_non_ascii_names(tmp_path, limits, format):
    names = ["cats/" + "n" * 90 + "/" + "m" * 90 + ".jpg", "dogs/é 🐶.jpg"]
    with tarfile.open(tmp_path / "data.tar", "w", format=format) as archive:
        for number, name in enumerate([".", "cats", *names]):
            info = tarfile.TarInfo(name)
            info.mtime = 1700000000.123 if format == tarfile.PAX_FORMAT else 1700000000
            info.type = tarfile.DIRTYPE if number < 2 else tarfile.REGTYPE
            archive.addfile(info)
    assert sources.unpack(tmp_path / "data.tar", tmp_path / "out", limits).files == 2
    assert set(names) <= contents(tmp_path / "out").keys()


def test_unknown_pax_records_are_ignored(tmp_path, limits):
    attributes = pax(b"SCHILY.xattr.user.note=a\nb=c", b"atime=1.5", b"LIBARCHIVE.xattr.x=" + b"q" * 20_000)
    comment = pax(b"comment=3f786850e387550fdab836ed7e6dc881de23001b", kind=tarfile.XGLTYPE)  # as git archive does
    binary = pax(b"hdrcharset=BINARY", b"path=cats/caf\xc3\xa9.jpg", b"size=3")
    (tmp_path / "data.tar").write_bytes(
        comment + attributes + MEMBER + binary + header(tarfile.REGTYPE, 0) + padded(b"abc") + LONG + MEMBER + END
    )
    sources.unpack(tmp_path / "data.tar", tmp_path / "out", limits)
    stored = contents(tmp_path / "out").items()
    assert {path.rpartition("/")[2]: data for path, data in stored} == {"1.jpg": b"x", "café.jpg": b"abc", "long": b"x"}


def sparse(name, *maps):
    """A sparse file as GNU tar writes it: its header, then the blocks of its map, each of which announces the next."""
    head = bytearray(header(tarfile.GNUTYPE_SPARSE, 1, name))
    head[482] = bool(maps)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + b"".join(bytes(504) + bytes([more]) + bytes(7) for more in maps) + padded(b"x")


@pytest.mark.parametrize(
    "holes",
    [
        sparse("cats/2"),
        sparse("cats/2", 1, 1, 0),
        pax(b"GNU.sparse.major=1") + header(tarfile.REGTYPE, 1) + padded(b"x"),
    ],
)
def test_a_sparse_file_is_refused(tmp_path, refused, holes):
    (tmp_path / "data.tar").write_bytes(MEMBER + holes + END)
    assert refused(tmp_path / "data.tar").code == "E_ARCHIVE_SPECIAL"


def test_sparse_junk_does_not_hide_what_follows(tmp_path, limits):
    after = header(tarfile.REGTYPE, 1, "dogs/1.jpg") + padded(b"y")
    (tmp_path / "data.tar").write_bytes(MEMBER + sparse(".DS_Store", 1, 0) + after + END)
    assert sources.unpack(tmp_path / "data.tar", tmp_path / "out", limits).files == 2


def test_an_endless_sparse_map_is_refused(tmp_path, refused):
    (tmp_path / "data.tar").write_bytes(sparse("cats/2", *[1] * 200) + MEMBER + END)
    assert "more than 65536 bytes describe one member" in refused(tmp_path / "data.tar").what


@pytest.mark.parametrize("ending", MODES)
@pytest.mark.parametrize("fraction", [0.2, 0.6, 0.75])
def test_a_truncated_tar_is_refused(tarred, refused, ending, fraction):
    path = tarred({f"cats/{number}.jpg": os.urandom(3000) for number in range(9)}, mode=MODES[ending])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * fraction)])
    assert refused(path).code == "E_ARCHIVE_CORRUPT"


def test_a_damaged_header_is_not_taken_for_the_end(tarred, refused):
    path = tarred({f"cats/{number}.jpg": b"x" for number in range(9)})
    data = bytearray(path.read_bytes())
    data[data.index(b"cats/5.jpg")] ^= 1
    path.write_bytes(data)
    assert refused(path).code == "E_ARCHIVE_CORRUPT"


@pytest.mark.parametrize("ending", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_flipped_bit_is_refused(tarred, refused, ending):
    path = tarred({"cats/1.jpg": os.urandom(9000)}, mode=MODES[ending], name=f"data.{ending}")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert refused(path).code == "E_ARCHIVE_CORRUPT"


def test_a_gz_that_is_no_tar_is_refused(tmp_path, refused):
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(b"hello"))
    assert refused(tmp_path / "x.tar.gz").code == "E_ARCHIVE_CORRUPT"


def test_a_tar_without_files_is_refused(tarred, refused):
    assert refused(tarred({"cats": special(tarfile.DIRTYPE)})).code == "E_ARCHIVE_EMPTY"


def test_nothing_is_read_of_a_member_that_is_left_out(tarred, tmp_path, limits, monkeypatch):
    path = tarred({"cats/1.jpg": b"x", "dogs/1.jpg": b"y", ".DS_Store": b"z"})
    read, section = [], streams.section
    monkeypatch.setattr(
        streams, "section", lambda stream, start, size: read.append(start) or section(stream, start, size)
    )
    sources.unpack(path, tmp_path / "out", limits)
    assert read == [512, 3 * 512]
