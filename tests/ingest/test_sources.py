"""Unpacking puts everything inside the folder, or nothing (rows A04, A13 to A15, A20, A24 to A26, A30, A36)."""

import contextlib
import errno
import os
import shutil
import socket
import stat
import struct
import tempfile
import zipfile
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.fixtures.images import contents

from darkroom.ingest import sources
from darkroom.ingest.sources import Unpacked
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError, DataError, EnvironmentFault
from darkroom.table import rows, scratch


def left_beside(folder):
    return [path.name for path in folder.parent.iterdir() if "partial" in path.name]


def test_members_arrive_byte_for_byte(zipped, tmp_path, limits):
    members = {"cats/1.jpg": os.urandom(3000), "dogs/a b é 🐶.jpg": b"", "dogs/2": b"x"}
    done = sources.unpack(zipped(members), tmp_path / "out", limits)
    assert contents(tmp_path / "out") == members
    assert done == Unpacked(
        files=3, bytes=3001, other_kinds="none", left_out=0, left_out_kinds="none", root="", notes=[]
    )


def test_backslashes_of_windows_are_read_as_folders(zipped, tmp_path, limits):
    done = sources.unpack(zipped({"cats\\1.jpg": b"x", "dogs\\1.jpg": b"y"}), tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"}
    assert done.notes == ["2 names use Windows' backslashes, read as folders, first cats\\1.jpg"]


@pytest.mark.parametrize(
    "name", ["cats/con", "cats/AUX.jpg", "cats/lpt1.png", "cats /1.jpg", "cats./1.jpg", "a/b?.jpg"]
)
def test_names_that_windows_cannot_store_are_accepted_with_a_note(zipped, tmp_path, limits, name):
    done = sources.unpack(zipped({name: b"x", "dogs/console.jpg": b"y"}), tmp_path / "out", limits)
    assert name in contents(tmp_path / "out")
    assert done.notes == [f"1 names cannot exist on Windows, first {name}"]


@pytest.mark.parametrize(("raw", "read", "noted"), [("é.jpg", "é.jpg", 0), (b"caf\xe9.jpg", "cafΘ.jpg", 1)])
def test_names_without_an_encoding_are_utf8_or_a_guess_with_a_note(zipped, tmp_path, limits, raw, read, noted):
    raw = raw if isinstance(raw, bytes) else raw.encode()
    path = zipped({f"a/{'n' * len(raw)}": b"x", "b/1.jpg": b"y"})
    path.write_bytes(path.read_bytes().replace(b"n" * len(raw), raw))
    done = sources.unpack(path, tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {f"a/{read}", "b/1.jpg"} and len(done.notes) == noted


def test_junk_of_operating_systems_is_skipped_and_counted(zipped, tmp_path, limits):
    junk = ["__MACOSX/cats/._1.jpg", "cats/._1.jpg", ".DS_Store", "cats/Thumbs.db", "desktop.ini", "@eaDir/x.jpg"]
    junk += ["Icon\r", "cats/Icon\r", "@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "cats/@__thumb/1.jpg", "ehthumbs.db"]
    junk += ["$RECYCLE.BIN/1.jpg", "Picasa.ini", "cats/.picasa.ini", ".git/objects/" + "n" * 300, "#recycle/a/b/1.jpg"]
    members = {name: name.encode() for name in [*junk, ".ipynb_checkpoints/1.jpg", "cats/1.jpg", "dogs/1.jpg"]}
    done = sources.unpack(zipped(members), tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"} and done.left_out == len(junk) + 1


def test_outer_folders_are_stripped(zipped, tmp_path, limits):
    members = {"ds/ds/cats/1.jpg": b"x", "ds/ds/dogs/1.jpg": b"y", "ds/README.txt": b"z"}
    done = sources.unpack(zipped(members), tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"}
    assert (done.root, done.left_out) == ("ds/ds", 1)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile, while the test writes the second one
def test_one_name_twice_with_one_content_is_one_file(zipped, tmp_path, limits):
    path = zipped([("cats/1.jpg", b"x"), ("cats/1.jpg", b"x")])
    assert sources.unpack(path, tmp_path / "out", limits).files == 1


@pytest.mark.parametrize("members", [{}, {"cats/": b""}, {".DS_Store": b"x"}])
def test_an_archive_without_files_is_refused(zipped, tmp_path, limits, members):
    with pytest.raises(DataError) as fault:
        sources.unpack(zipped(members), tmp_path / "out", limits)
    assert fault.value.code == "E_ARCHIVE_EMPTY"


def flip_a_byte(data):
    data[data.index(b"pixels")] ^= 1


def declare(size, packed, own=True):
    """Change the sizes in the directory, and in the member's own header as well."""

    def change(data):
        struct.pack_into("<II", data, data.rindex(b"PK\1\2") + 20, packed, size)
        if own:
            struct.pack_into("<II", data, data.rindex(b"PK\3\4") + 18, packed, size)

    return change


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (flip_a_byte, "E_ARCHIVE_CORRUPT"),
        (declare(size=3, packed=3), "E_ARCHIVE_CORRUPT"),
        (declare(size=9, packed=6), "E_ARCHIVE_SIZE_LIE"),
        (declare(size=9, packed=6, own=False), "E_ARCHIVE_SIZE_LIE"),
    ],
    ids=["bit flip", "declared smaller", "declared larger", "declared twice"],
)
def test_a_damaged_member_is_named_and_the_old_folder_stays(zipped, tmp_path, limits, damage, code):
    out = tmp_path / "out"
    sources.unpack(zipped({"cats/old.jpg": b"old"}), out, limits)
    path = zipped({"cats/1.jpg": b"whole", "dogs/1.jpg": b"pixels"})
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)
    with pytest.raises(DataError, match="dogs/1.jpg") as fault:
        sources.unpack(path, out, limits)
    assert fault.value.code == code
    assert contents(out).keys() == {"cats/old.jpg"} and not left_beside(out)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError, MemoryError])
def test_an_interrupted_unpack_leaves_nothing_behind(zipped, tmp_path, limits, monkeypatch, fault):
    path, out, copy = zipped({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"}), tmp_path / "out", sources._copy

    def stops_at_the_second(source, member, spool):
        if member.raw == "dogs/1.jpg":
            raise fault
        return copy(source, member, spool)

    monkeypatch.setattr(sources, "_copy", stops_at_the_second)
    with pytest.raises(fault):
        sources.unpack(path, out, limits)
    assert not out.exists() and not left_beside(out)


def test_a_link_in_the_way_is_replaced_not_followed(zipped, tmp_path, limits):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").symlink_to(outside)
    sources.unpack(zipped({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"}), tmp_path / "out", limits)
    assert not list(outside.iterdir()) and contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"}


def test_a_folder_is_copied_by_the_same_rules(folder, tmp_path, limits):
    source = folder({"ds/cats/1.jpg": b"x", "ds/dogs/1.jpg": b"y", "ds/.DS_Store": b"z"})
    sources.unpack(source, tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"} and (source / "ds/cats/1.jpg").exists()


def test_a_folder_with_a_link_is_refused(folder, tmp_path, limits):
    source = folder({"cats/1.jpg": b"x"})
    (source / "cats/2.jpg").symlink_to("/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        sources.unpack(source, tmp_path / "out", limits)


@pytest.fixture
def deep(tmp_path):
    """A folder deeper than calls nest in Python, and longer than a path may be."""
    depth = 2_100
    with contextlib.chdir(tmp_path):
        for _ in range(depth):
            os.mkdir("a")
            os.chdir("a")
        yield tmp_path / "a"
        for _ in range(depth):  # `shutil.rmtree` would nest, too
            os.chdir("..")
            os.rmdir("a")


def test_a_folder_deeper_than_any_limit_is_refused_and_never_walked(deep, tmp_path, limits):
    (deep / "1.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="lies deeper than 8 folders") as fault:
        sources.unpack(deep, tmp_path / "out", limits)
    (deep / "1.jpg").unlink()
    assert fault.value.code == "E_ARCHIVE_NAME"


@pytest.mark.parametrize("depth", [8, 9])
def test_a_folder_has_the_depth_limit_of_an_archive(folder, tmp_path, limits, depth):
    source = folder({"/".join("abcdefghi"[:depth]) + "/1.jpg": b"x", "z/1.jpg": b"x"})
    with nullcontext() if depth == 8 else pytest.raises(DataError, match="lies deeper than 8 folders"):
        assert sources.unpack(source, tmp_path / "out", limits).files == 2


def test_a_missing_archive_is_exit_4_and_says_what_to_do(tmp_path, limits):
    with pytest.raises(ArtifactError) as fault:
        sources.unpack(tmp_path / "data.zip", tmp_path / "out", limits)
    assert "dvc pull" in fault.value.fix and fault.value.exit_code == 4


@pytest.fixture
def special(tmp_path):
    """Something at the path of an archive that is neither a file nor a folder."""
    path = tmp_path / "data.zip"

    def make(kind):
        if kind == "a named pipe":
            os.mkfifo(path)
        elif kind == "a device":
            path.symlink_to("/dev/zero")
        else:
            with socket.socket(socket.AF_UNIX) as listener, contextlib.chdir(tmp_path):
                listener.bind(path.name)  # a whole path may be too long for a socket
        return path

    return make


@pytest.mark.parametrize("kind", ["a named pipe", "a socket", "a device"])
def test_a_pipe_socket_or_device_is_refused_without_blocking(special, tmp_path, limits, kind):
    with pytest.raises(DataError) as fault:
        sources.unpack(special(kind), tmp_path / "out", limits)
    assert fault.value.code == "E_ARCHIVE_SPECIAL" and fault.value.what == f"{kind}, no archive"


def test_a_pipe_inside_a_folder_is_refused(folder, tmp_path, limits):
    source = folder({"cats/1.jpg": b"x"})
    os.mkfifo(source / "cats/2.jpg")
    with pytest.raises(DataError, match="2.jpg is neither a file nor a folder"):
        sources.unpack(source, tmp_path / "out", limits)


@pytest.fixture
def stranger():
    """Act as a user who may read nothing of ours; root may read everything, whatever its permissions say."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def locked_up(zipped, folder):
    """An archive and a folder of images below /tmp that others can reach, with one part that nobody may read."""
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o777)

        def make(what):
            source = Path(home) / "source"
            shutil.copytree(folder({"cats/1.jpg": b"x", "dogs/1.jpg": b"x"}), source)
            zipped({"cats/1.jpg": b"x"}).rename(source / "data.zip")
            os.chmod(source / what, 0)
            return source

        yield make


@pytest.mark.parametrize(
    ("what", "source"),
    [("data.zip", "data.zip"), ("cats/1.jpg", "."), ("cats", "."), (".", "."), (".", "data.zip")],
    ids=["archive", "file", "folder", "source", "home"],
)
def test_an_unreadable_file_or_folder_is_exit_5_and_never_skipped(locked_up, limits, request, what, source):
    home = locked_up(what)
    request.getfixturevalue("stranger")
    with pytest.raises(PermissionError) as fault:
        sources.unpack(home / source, home.parent / "out", limits)
    assert fault.value.filename and not list(home.parent.glob("out*"))


def test_too_little_disk_space_is_detected_beforehand(zipped, tmp_path, limits, monkeypatch):
    """1,000 bytes take three blocks of 512 in a tar and need 2.2 times as much: shards, DVC's copy, and slack.

    The tables of a file take 512 more.
    """
    free = SimpleNamespace(free=3891)
    monkeypatch.setattr(sources.shutil, "disk_usage", lambda path: free)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = zipped({"cats/1.jpg": b"x" * 1000})
    with pytest.raises(EnvironmentFault, match="needs 3891 bytes, 3891 are free") as fault:
        sources.unpack(path, tmp_path / "out", limits)
    assert fault.value.exit_code == 5 and fault.value.where == str(tmp_path) and not (tmp_path / "out").exists()
    free.free = 3892
    assert sources.unpack(path, tmp_path / "out", limits).bytes == 1000


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="another file system than that of tmp_path")
def test_too_little_space_for_temporary_files_on_another_disk_is_detected_beforehand(
    folder, tmp_path, limits, monkeypatch
):
    other = Path("/proc")
    free = {tmp_path: 3380, other: 511}
    monkeypatch.setattr(sources.shutil, "disk_usage", lambda path: SimpleNamespace(free=free[path]))
    monkeypatch.setattr(sources, "scratch", SimpleNamespace(folder=lambda: other, FIX=scratch.FIX))
    source = folder({"cats/1.jpg": b"x" * 1000})
    with pytest.raises(EnvironmentFault, match="needs 512 bytes, 511 are free") as fault:
        sources.unpack(source, tmp_path / "out", limits)
    assert fault.value.where == "/proc" and "TMPDIR" in fault.value.fix
    free[other] = 512
    assert sources.unpack(source, tmp_path / "out", limits).bytes == 1000


@pytest.mark.parametrize("pack", ["zipped", "tarred", "folder"])
def test_a_full_disk_of_temporary_files_is_no_fault_of_the_data(request, tmp_path, limits, monkeypatch, pack):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = request.getfixturevalue(pack)({f"cats/{number}.jpg": b"x" for number in range(9)})
    monkeypatch.setattr(rows, "CHUNK", 2)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(EnvironmentFault, match="No space left") as fault:
        sources.unpack(source, tmp_path / "out", limits)
    assert fault.value.where == str(scratch.folder()) and not (tmp_path / "out").exists()


def test_unpacking_twice_gives_the_same_folder(zipped, tmp_path, limits):
    path = zipped({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    digests = []
    for name in ("first", "second"):
        sources.unpack(path, tmp_path / name, limits)
        digests.append(sealing.digest_of(tmp_path / name))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("mode", "name"), [(stat.S_IFLNK, ".git/link"), (stat.S_IFIFO, "@eaDir/pipe"), (stat.S_IFREG, "Icon\r")]
)
def test_junk_never_refuses_an_archive(zipped, tmp_path, limits, mode, name):
    path = zipped({name: b"/etc/passwd"}, attributes=mode << 16)
    with zipfile.ZipFile(path, "a") as archive:
        for member in ("cats/1.jpg", "dogs/1.jpg", "__MACOSX/", ".hidden/"):
            archive.writestr(member, b"x" if member[-1] != "/" else b"")
    done = sources.unpack(path, tmp_path / "out", limits)
    assert contents(tmp_path / "out").keys() == {"cats/1.jpg", "dogs/1.jpg"} and done.left_out == 1


@pytest.mark.parametrize("names", [("Icon\r", "icon\r"), (".DS_Store", ".DS_Store/x")])
def test_junk_conflicts_with_no_other_junk(zipped, tmp_path, limits, names):
    members = {name: name.encode() for name in (*names, "cats/1.jpg", "dogs/1.jpg")}
    assert sources.unpack(zipped(members), tmp_path / "out", limits).left_out == 2


def test_encrypted_junk_is_left_alone(zipped, tmp_path, limits):
    path = zipped({".DS_Store": b"x", "cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert sources.unpack(path, tmp_path / "out", limits).left_out == 1


def test_a_program_in_front_of_the_archive_is_detected_even_if_junk_comes_first(zipped, tmp_path, limits):
    path = zipped({".DS_Store": b"x", "cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    path.write_bytes(b"program" + path.read_bytes())
    with pytest.raises(DataError, match="belong to no member"):
        sources.unpack(path, tmp_path / "out", limits)


def test_files_that_are_no_images_are_counted_by_kind(zipped, tmp_path, limits):
    members = {"ds/cats/1.jpg": b"x", "ds/dogs/1.jpg": b"y", "ds/cats/2.bin": b"z", "ds/readme.txt": b"", "top.md": b""}
    done = sources.unpack(zipped(members | {"ds/Thumbs.db": b"x"}), tmp_path / "out", limits)
    assert done.other_kinds == "1 .bin, 1 .txt" and (done.left_out, done.left_out_kinds) == (2, "1 .db, 1 .md")


def test_images_beside_arrays_are_not_dropped(zipped, png, tmp_path, limits):
    buffer = BytesIO()
    np.savez(buffer, x_train=np.zeros((2, 8, 8), np.uint8), y_train=np.arange(2))
    members = {"data.npz": buffer.getvalue(), "cats/1.png": png(1)}
    with pytest.raises(DataError, match="arrays beside 1 image files"):
        sources.unpack(zipped(members), tmp_path / "out", limits)
