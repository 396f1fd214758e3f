"""tars: the faults of tar archives (rows A01, A02, A06, A08, A12, A16, A18, A23, A31 to A33)."""

import gzip
import os
import tarfile
import tracemalloc

import pytest

from darkroom.data import sources
from darkroom.errors import DataError

MODES = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def special(kind, target=""):
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def refused(tmp_path, limits):
    """The fault of an archive; nothing of it may be left."""

    def unpack(path):
        before = {found.name for found in tmp_path.iterdir()}
        with pytest.raises(DataError) as fault:
            sources.unpack(path, tmp_path / "out", limits)
        assert {found.name for found in tmp_path.iterdir()} == before and fault.value.exit_code == 3
        return fault.value

    return unpack


@pytest.mark.parametrize("ending", MODES)
def test_every_packing_arrives_byte_for_byte_with_plain_rights(tarred, tmp_path, limits, ending):
    members = {"ds/cats/1.jpg": os.urandom(3000), "ds/dogs/é 🐶": b"", "ds/dogs/2": b"x", "ds/.DS_Store": b"junk"}
    done = sources.unpack(tarred(members, mode=MODES[ending], name=f"data.{ending}"), tmp_path / "out", limits)
    assert (done["files"], done["root"], done["left_out"]) == (3, "ds", 1)
    for name in ("cats/1.jpg", "dogs/é 🐶", "dogs/2"):
        assert (tmp_path / "out" / name).read_bytes() == members[f"ds/{name}"]
        assert not (tmp_path / "out" / name).stat().st_mode & 0o111


def test_a_tar_is_known_by_its_content_not_its_name(tarred, tmp_path, limits):
    path = tarred({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"}, mode="w:gz", name="data.zip")
    assert sources.unpack(path, tmp_path / "out", limits)["files"] == 2


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


def test_a_name_that_is_not_utf8_is_a_noted_guess(tarred, tmp_path, limits):
    path = tarred({"cats/nnnn.jpg": b"x", "dogs/1.jpg": b"y"})
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for name in ("cats/café.jpg", "dogs/1.jpg"):
            archive.addfile(tarfile.TarInfo(name))
    done = sources.unpack(path, tmp_path / "out", limits)
    assert (tmp_path / "out/cats/cafΘ.jpg").exists() and "were not UTF-8" in done["notes"][0]


@pytest.mark.parametrize("ending", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_bomb_is_left_where_it_passes_a_limit(tarred, refused, ending):
    path = tarred({"cats/1.jpg": bytes(65 << 20), "cats/2.jpg": b"x"}, mode=MODES[ending])
    tracemalloc.start()
    fault = refused(path)
    assert fault.code == "E_ARCHIVE_LIMIT" and "ingest.max_entry_bytes" in fault.fix
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_a_bomb_of_many_small_members_is_known_by_the_ratio_of_the_whole(tarred, refused, limits, monkeypatch):
    monkeypatch.setitem(limits.__dict__, "max_total_bytes", 1 << 40)
    path = tarred({f"cats/{number}.jpg": bytes(30 << 20) for number in range(4)}, mode="w:gz")
    assert refused(path).code == "E_ARCHIVE_BOMB"


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path, refused):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    with gzip.open(tmp_path / "data.tar.gz", "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT) + bytes(8 << 20))
    assert refused(tmp_path / "data.tar.gz").code == "E_ARCHIVE_CORRUPT"


@pytest.mark.parametrize("ending", MODES)
@pytest.mark.parametrize("share", [0.2, 0.6, 0.75])
def test_a_cut_archive_is_refused(tarred, refused, ending, share):
    path = tarred({f"cats/{number}.jpg": os.urandom(3000) for number in range(9)}, mode=MODES[ending])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
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
    read, extract = [], tarfile.TarFile.extractfile
    monkeypatch.setattr(tarfile.TarFile, "extractfile", lambda self, i: read.append(i.name) or extract(self, i))
    sources.unpack(path, tmp_path / "out", limits)
    assert read == ["cats/1.jpg", "dogs/1.jpg"]
