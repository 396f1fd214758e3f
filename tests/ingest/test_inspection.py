"""Which members refuse an archive (reliability rows A01 to A08, A16, A20, A21, A26 to A28)."""

import stat
import subprocess
import sys
import zipfile

import pytest
from tests.fixtures.images import contents

from darkroom.ingest import sources
from darkroom.runtime.errors import DataError


@pytest.fixture
def refused(tmp_path, zipped, limits):
    """The error for an archive with these members, of which nothing may be left on disk."""

    def unpack(members, **config):
        before = {path.name for path in tmp_path.iterdir()}
        with pytest.raises(DataError) as fault:
            sources.unpack(zipped(members, **config), tmp_path / "out", limits)
        assert {path.name for path in tmp_path.iterdir()} - before <= {"data.zip"}
        assert fault.value.exit_code == 3
        return fault.value

    return unpack


@pytest.mark.parametrize(
    "name",
    ["../../evil.jpg", "a/../../evil.jpg", "/etc/x.jpg", "C:\\a.jpg", "C:/a.jpg", "\\\\srv\\s\\a.jpg", "..\\..\\e.jpg"],
)
def test_a_name_that_leads_out_is_refused(refused, name):
    fault = refused({"cats/1.jpg": b"x", name: b"evil"})
    assert fault.code == "E_ARCHIVE_PATH" and fault.where == f"data.zip!{name}"


@pytest.mark.parametrize(
    ("mode", "code"), [(stat.S_IFLNK, "E_ARCHIVE_LINK"), (stat.S_IFIFO, "E_ARCHIVE_SPECIAL")], ids=["link", "fifo"]
)
def test_what_is_neither_file_nor_folder_is_refused(refused, mode, code):
    assert refused({"cats/1.jpg": b"/etc/passwd"}, attributes=(mode | 0o777) << 16).code == code


def test_a_bomb_is_refused_by_its_ratio_before_it_swells(refused, monkeypatch):
    monkeypatch.setattr(sources, "_copy", None)  # whoever unpacks any of it fails
    fault = refused({"cats/1.jpg": bytes(2 << 20)}, method=zipfile.ZIP_DEFLATED)
    assert fault.code == "E_ARCHIVE_BOMB" and "ingest.max_ratio" in fault.fix and f"{2 << 20}" in fault.what


@pytest.mark.parametrize(
    ("hparam", "members"),
    [
        ("max_entries", {f"cats/{number}.jpg": b"" for number in range(4)}),
        ("max_total_bytes", {"cats/1.jpg": b"x" * 60, "dogs/1.jpg": b"x" * 60}),
        ("max_entry_bytes", {"cats/1.jpg": b"x" * 90}),
    ],
)
def test_an_exceeded_limit_is_named(refused, limits, monkeypatch, hparam, members):
    for key, value in {"max_entries": 3, "max_total_bytes": 100, "max_entry_bytes": 80}.items():
        monkeypatch.setitem(limits.__dict__, key, value)
    assert f"ingest.{hparam} " in refused(members).fix


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile, while the test writes the second one
def test_one_name_with_two_contents_is_refused(refused):
    assert refused([("cats/1.jpg", b"x"), ("cats/1.jpg", b"y")]).code == "E_NAME_CONFLICT"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        (("Cat/a.jpg", "cat/a.jpg"), "E_NAME_COLLISION"),
        (("caf\u00e9/1.jpg", "cafe\u0301/1.jpg"), "E_NAME_CONFLICT"),
        (("cats", "cats/1.jpg"), "E_NAME_CONFLICT"),
        (("cats/1.jpg", "cats/1.jpg/"), "E_NAME_CONFLICT"),
        ((".", "cats/1.jpg"), "E_NAME_CONFLICT"),
    ],
)
def test_conflicting_names_are_refused(refused, members, code):
    assert refused({name: name.encode() for name in members}).code == code


@pytest.mark.parametrize(
    ("packed", "name", "shown"),
    [
        ("zipped", "cats/a\n.jpg", r"cats/a\n.jpg"),
        ("tarred", "cats/a\n.jpg", r"cats/a\n.jpg"),
        ("zipped", "cats/\x1b[31m.jpg", r"cats/\x1b[31m.jpg"),
        ("tarred", "cats/\x1b[31m.jpg", r"cats/\x1b[31m.jpg"),
        ("zipped", "cats/\x9b31m.jpg", r"cats/\x9b31m.jpg"),
        ("tarred", "cats/\x7f.jpg", r"cats/\x7f.jpg"),
        ("zipped", "cats/a.jpg\0.exe", r"cats/a.jpg\x00.exe"),  # in a tar the first NUL is the end, for every reader
    ],
)
def test_control_characters_are_refused_and_printed_escaped(request, tmp_path, limits, packed, name, shown):
    path = request.getfixturevalue(packed)({name: b"x", "cats/1.jpg": b"x"})
    with pytest.raises(DataError) as fault:
        sources.unpack(path, tmp_path / "out", limits)
    message = str(fault.value)
    assert fault.value.code == "E_ARCHIVE_NAME" and message.isprintable() and message.count(shown) == 2


@pytest.mark.parametrize("name", ["cats/" + "n" * 300, "cats/" + "é" * 121, "/".join("abcdefghi") + "/1.jpg"])
def test_names_that_some_file_systems_cannot_store_are_refused(refused, name):
    assert refused({name: b"x"}).code == "E_ARCHIVE_NAME"


@pytest.mark.parametrize("name", ["a/" * 30_000 + "1.jpg", "a" * 60_000])
def test_memory_does_not_grow_with_the_square_of_a_name(refused, name, memory_below):
    """The paths of all its parent folders together would take a gigabyte."""
    with memory_below(20 << 20):
        fault = refused({name: b"x", "cats/1.jpg": b"x"})
        assert fault.code == "E_ARCHIVE_NAME" and len(str(fault)) < 900


def test_all_faults_are_collected_and_ten_are_shown(refused):
    what = refused({f"../{number}.jpg": b"x" for number in range(13)}).what
    assert what.count("leads out") == 10 and what.endswith("and 3 more")


@pytest.mark.parametrize("more", [{}, {"birds/.DS_Store": b"x"}])
def test_a_folder_without_files_is_refused(refused, more):
    fault = refused({"ds/cats/1.jpg": b"x", "ds/": b"", "ds/cats/": b"", "birds/": b"", **more})
    assert fault.code == "E_EMPTY_FOLDER" and fault.what == "birds/ has no files"


def test_a_folder_of_images_to_predict_may_be_empty(zipped, tmp_path, limits):
    members = {"cats/1.jpg": b"x", "dogs/1.jpg": b"x", "single_prediction/": b"", "__MACOSX/": b""}
    assert sources.unpack(zipped(members), tmp_path / "out", limits).files == 2


def test_an_archive_inside_is_never_unpacked(zipped, tmp_path, limits):
    inner = zipped({"../../evil.jpg": b"x"}, name="inner.zip").read_bytes()
    sources.unpack(zipped({"cats/1.jpg": b"x", "dogs/inner.zip": inner}), tmp_path / "out", limits)
    assert contents(tmp_path / "out")["dogs/inner.zip"] == inner


def test_all_violations_are_reported_at_once(refused):
    fault = refused({"../a.jpg": b"x", "cats/\x1b.jpg": b"x", "cats": b"x", "n" * 300: b"x", "cats/1.jpg": b"x"})
    assert all(word in fault.what for word in ("leads out", "control characters", "is a file and a folder", "longer"))


@pytest.mark.slow
def test_a_hundred_thousand_files_would_fit_into_400_mb(tmp_path, png, limits):
    """Ten thousand take less than a tenth of what a handful leaves of 400 MB."""
    data = png()
    for count in (10, 10_000):
        with zipfile.ZipFile(tmp_path / f"{count}.zip", "w") as archive:
            for number in range(count):
                archive.writestr(f"{number % 2}/{number}.png", data)
    script = (
        "import re, sys; from pathlib import Path; from darkroom import params;"
        "from darkroom.ingest import sources; limits = params.load().ingest;"
        "print(*(value for count in (10, 10_000) for value in ("
        "sources.unpack(Path(sys.argv[1], f'{count}.zip'), Path(sys.argv[1], f'{count}'), limits).files,"
        "re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])))"
    )  # not ru_maxrss, which counts what the parent held, too
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    few, before, many, after = map(int, done.stdout.split())
    assert (few, many) == (10, 10_000) and after - before < (400_000 - before) / 10
