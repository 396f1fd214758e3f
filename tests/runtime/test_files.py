"""files: complete or absent."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.runtime import exchange, files, sealing
from darkroom.runtime.errors import ArtifactError


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory) -> bool:
    """Whether two folders can be exchanged here."""
    folder = tmp_path_factory.mktemp("exchange")
    for name in ("a", "b"):
        (folder / name / f"in {name}").mkdir(parents=True)
    done = exchange.exchange(folder / "a", folder / "b")
    assert (folder / "a/in b").exists() == (folder / "b/in a").exists() == done
    return done


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    out = tmp_path / "out"
    for name in ("old", "new"):
        with files.replacing(out) as partial:
            partial.mkdir()
            (partial / name).touch()
    assert [p.name for p in out.iterdir()] == ["new"] and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("can", [True, False])
@pytest.mark.parametrize("old", ["file", "folder", "link to a folder", "link to nothing"])
def test_a_folder_replaces_whatever_was_there_and_no_more(tmp_path, monkeypatch, old, can):
    if not can:
        monkeypatch.setattr(exchange, "exchange", lambda one, other: False)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/a").touch()
    out = tmp_path / "out"
    if old == "file":
        out.touch()
    elif old == "folder":
        (out / "inner").mkdir(parents=True)
    else:
        out.symlink_to(tmp_path / ("beside" if old == "link to a folder" else "nowhere"))
    files.write_files(out, {"b": "new"})
    assert not out.is_symlink() and files.read_files(out) == {"b": b"new"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "out"] and (tmp_path / "beside/a").exists()


def test_partial_files_of_dead_processes_are_removed_and_those_of_living_ones_are_not(tmp_path):
    dead, alive = (tmp_path / f"out.partial-{pid}" for pid in (2**22 + 1, 1))
    dead.mkdir()
    alive.mkdir()
    with files.replacing(tmp_path / "out") as partial:
        partial.touch()
    assert not dead.exists() and alive.exists()


def test_partial_files_of_a_zombie_are_removed(tmp_path):
    child = subprocess.Popen(["sleep", "60"])
    stale = tmp_path / f"out.partial-{child.pid}"
    stale.write_text("half")
    child.kill()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    files.write_text(tmp_path / "out", "whole")
    assert not stale.exists()
    child.wait()


def test_rows_read_back_as_written(tmp_path):
    rows = [{"name": 'a,"b"\nc', "value": repr(0.1)}, {"name": "nan", "value": "007"}]
    files.write_rows(tmp_path / "a.csv", ["name", "value"], rows)
    assert files.read_rows(tmp_path / "a.csv") == rows


def test_a_missing_artefact_is_exit_four(tmp_path):
    for read in (files.read_json, files.read_rows, sealing.verify):
        with pytest.raises(ArtifactError, match="missing"):
            read(tmp_path / "absent")


def test_a_fingerprint_depends_on_the_values_and_not_on_their_order():
    assert files.fingerprint({"a": 1, "b": 2}) == files.fingerprint({"b": 2, "a": 1})
    assert files.fingerprint({"a": 1}) != files.fingerprint({"a": 2})


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "\ufeff{}", "[" * 100_000, "1" * 5000])
def test_json_that_is_not_strict_is_exit_four(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ArtifactError, match="is not JSON"):
        files.read_json(tmp_path / "a.json")


@given(
    st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=4),
    st.lists(st.text(), min_size=2, max_size=2, unique=True),
)
@example([["=cmd|' /C calc'!A0", "'=1"], ["\rx", "-0.5"], ["''@", "\t"]], ["+a", "'+a"])
def test_any_text_reads_back_equal_and_no_cell_begins_like_a_formula(texts, columns):
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        rows = [dict(zip(columns, row, strict=True)) for row in texts]
        files.write_rows(path, columns, rows)
        assert files.read_rows(path) == rows
        with path.open(newline="", encoding="utf-8") as file:
            assert not [cell for line in csv.reader(file) for cell in line if cell[:1] in tuple("=+-@\t\r\n")]


def test_numbers_stay_numbers(tmp_path):
    files.write_rows(tmp_path / "a.csv", ["x", "y"], [{"x": -0.5, "y": -3}])
    assert (tmp_path / "a.csv").read_text() == "x,y\n-0.5,-3\n"


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n', "a,b\n1,2\n\x00\n", "a\n\ud800\n"])
def test_a_damaged_table_is_exit_four(tmp_path, text):
    (tmp_path / "a.csv").write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ArtifactError, match="complete table"):
        files.read_rows(tmp_path / "a.csv")


def test_a_table_that_a_spreadsheet_saved_can_be_read(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffa,b\r\n1,'=2\r\n\r\n".encode())
    assert files.read_rows(tmp_path / "a.csv") == [{"a": "1", "b": "=2"}]


def test_durable_content_is_on_the_disk_before_it_replaces_the_old_one(tmp_path, monkeypatch):
    events = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: (events.append(name), real(*a)))
    with files.durable(tmp_path / "out") as partial:
        (partial / "inner").mkdir(parents=True)
        (partial / "inner/a").touch()
    assert events == ["fsync"] * 3 + ["replace", "fsync"]  # the file and both folders, and afterwards their parent


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.csv"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="No space left") as caught, files.replacing(path) as partial:
        partial.write_text("half")
        raise OSError(28, "No space left on device")  # as a write raises it, without a name
    assert caught.value.filename == str(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from darkroom.runtime import exchange, files, sealing

def kill(point):
    if sys.argv[1] == point:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(rename):
    return lambda *paths: (kill("before the rename"), rename(*paths), kill("after the rename"))[1]

os.replace, exchange.exchange = watched(os.replace), watched(exchange.exchange)
with files.durable(Path("out")) as partial:
    kill("before the first write")
    partial.mkdir()
    (partial / "a").write_text("ne")
    kill("between writes")
    (partial / "a").write_text("new")
    sealing.seal(partial)
"""


@pytest.mark.parametrize("point", ["before the first write", "between writes", "before the rename", "after the rename"])
def test_a_folder_is_old_new_or_absent_wherever_its_writer_is_killed(tmp_path, exchanges, point):
    """Absent only where the system cannot exchange two folders."""
    files.write_files(tmp_path / "out", {"a": "old"})
    sealing.seal(tmp_path / "out")
    assert subprocess.run([sys.executable, "-c", KILLED, point], cwd=tmp_path).returncode == -signal.SIGKILL
    if exchanges or (tmp_path / "out").exists():
        sealing.verify(tmp_path / "out")
    files.write_files(tmp_path / "out", {"a": "newer"})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_hold_any_text_whatever_the_locale(tmp_path):
    script = "from pathlib import Path; from darkroom.runtime import files; p = Path('a.csv'); "
    script += r"files.write_rows(p, ['\u732b'], [{'\u732b': '\xe9'}]); assert files.read_rows(p)[0]['\u732b'] == '\xe9'"
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Pacific/Kiritimati"}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=env, check=True)
    assert files.read_rows(tmp_path / "a.csv") == [{"猫": "é"}]
