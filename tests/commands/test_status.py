"""status: where the pipeline is, read from files alone, and right in every state that a project can be in."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from darkroom.commands import status, status_text
from darkroom.runtime import stage_record
from darkroom.runtime.stage_record import Record, Work

DVC_YAML = """
stages:
  first:
    cmd: cp code/a.txt out.txt
    desc: Copy
    deps: [code]
    params: [first.size]
    outs: [out.txt]
  second:
    cmd: cp out.txt other.txt
    deps: [out.txt]
    outs: [other.txt]
"""
FIRST, SECOND = "cp code/a.txt out.txt", "cp out.txt other.txt"
SOURCES = status.Sources(
    params=Path("params.yaml"),
    lock=Path("dvc.lock"),
    running=Path("running"),
    metrics=Path("metrics.json"),
    promotion=Path("champion/promotion.json"),
    events=Path("events"),
)
SCORE = {"value": 0.9, "low": 0.8, "high": 0.95}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A project whose two stages ran."""
    root = tmp_path_factory.mktemp("finished")
    (root / "code").mkdir()
    (root / "code/a.txt").write_text("a")
    (root / "params.yaml").write_text("dataset: {name: pets}\nfirst: {size: 1}\n")
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    (root / "metrics.json").write_text(json.dumps({"cnn": {"accuracy": SCORE}}))
    (root / "champion").mkdir()
    decision = {"promoted": True, "name": "cnn", "challenger": SCORE, "reason": "it is the first"}
    (root / "champion/promotion.json").write_text(json.dumps(decision))
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=root, check=True)
    return root


@pytest.fixture
def project(finished, tmp_path, monkeypatch) -> Path:
    """A copy of it, in which a test runs."""
    subprocess.run(["cp", "-r", f"{finished}/.", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def states() -> dict[str, str]:
    return {stage.name: stage.state for stage in status.collect(SOURCES).stages}


def text() -> str:
    return "\n".join(status_text.lines(status.collect(SOURCES)))


def record(command: str, **facts: object) -> None:
    Path("running").mkdir(exist_ok=True)
    usual = Record(pid=2**22 - 1, started=time.time() - 60)
    stage_record.write(Path("running") / f"{command.replace(' ', '-')}.json", usual._replace(**facts))


def changed_stages() -> set[str]:
    """Those that DVC calls changed."""
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], capture_output=True, text=True, check=True)
    return {name for name, what in json.loads(done.stdout).items() if what != ["always changed"]}


def test_after_a_run_all_is_up_to_date_and_the_champion_is_named_with_its_interval(project):
    assert set(states().values()) == {"up to date"}
    assert text().splitlines() == [
        "data set  pets",
        "pipeline  2 of 2 stages are up to date",
        "models    accuracy cnn 0.9000 (0.8000 to 0.9500)",
        "champion  cnn, accuracy 0.9000 (0.8000 to 0.9500)",
    ]


CHANGES = {
    "a param": lambda: Path("params.yaml").write_text("dataset: {name: pets}\nfirst: {size: 2}\n"),
    "code": lambda: Path("code/a.txt").write_text("b"),
    "another file in a folder": lambda: Path("code/b.txt").write_text("b"),
    "an output that is gone": lambda: Path("out.txt").unlink(),
    "a command": lambda: Path("dvc.yaml").write_text(DVC_YAML.replace("cp out.txt", "cp -f out.txt")),
    "another param": lambda: Path("params.yaml").write_text("dataset: {name: cars}\nfirst: {size: 1}\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_first_stage_to_run_is_the_one_that_dvc_calls_changed(project, change):
    CHANGES[change]()
    stale = [stage for stage in status.collect(SOURCES).stages if stage.state == "to run"]
    own = {stage.name for stage in stale if not str(stage.reason).endswith("before it")}
    names = {FIRST: "first", SECOND: "second", SECOND.replace("cp", "cp -f"): "second"}
    dvc_says = changed_stages()
    assert own.issubset(names) and ({names[name] for name in own} or {None}) <= (dvc_says or {None})


def test_a_fresh_clone_has_everything_to_run_and_no_problem(project):
    for path in ("dvc.lock", "out.txt", "other.txt", "metrics.json", "champion/promotion.json"):
        Path(path).unlink()
    assert set(states().values()) == {"to run"}
    found = text()
    assert "0 of 2" in found and "none yet" in found and "make run" in found and "problem" not in found


def test_a_running_stage_says_how_far_it_is_and_how_long_still(project):
    work = Work("trials", done=2, total=6, seconds=20.0)
    record(SECOND, pid=os.getpid(), started=time.time(), work=work)
    assert states() == {FIRST: "up to date", SECOND: "running"}
    assert "trials 2 of 6" in text() and "about 40 s left" in text()


def test_the_process_number_of_a_dead_stage_that_another_process_got_does_not_run(project):
    Path("other.txt").unlink()
    record(SECOND, pid=os.getpid(), started=1.0)
    assert states()[SECOND] == "killed"


def test_a_stage_that_failed_says_why(project):
    Path("out.txt").unlink()
    record(FIRST, ended=time.time(), error="error[E_FEW_IMAGES] b has 2 | where: b | fix: add images")
    assert states()[FIRST] == "failed" and "E_FEW_IMAGES" in text()


def test_a_killed_stage_goes_on_from_where_it_was(project):
    Path("out.txt").unlink()
    record(FIRST, work=Work("training, epochs", done=7, total=40, seconds=70.0))
    assert states()[FIRST] == "killed" and "training, epochs 7 of 40" in text()


@pytest.mark.parametrize("path", ["params.yaml", "dvc.lock", "dvc.yaml", "metrics.json", "champion/promotion.json"])
@pytest.mark.parametrize("content", ["", "\x00", "[1, 2]", "{", "stages: 3", '{"cnn": null}'])
def test_a_damaged_file_is_a_line_and_never_a_traceback(project, path, content):
    Path(path).write_text(content)
    lines, signs = text().splitlines(), ("problem", "data set  unknown", "champion  none")
    assert len(lines) <= 25 and any(line.startswith(signs) for line in lines)


def test_a_damaged_record_counts_as_none(project):
    record(SECOND, pid=os.getpid(), started=time.time())
    assert states()[SECOND] == "running"
    (Path("running") / f"{SECOND.replace(' ', '-')}.json").write_text("{")
    assert set(states().values()) == {"up to date"}


def test_events_that_wait_for_mlflow_are_counted(project):
    Path("events").mkdir()
    (Path("events") / "1-2.jsonl").write_bytes(b"{}\n{}\n")
    assert "2 events wait" in text()


def test_the_json_holds_each_value_by_its_name(project):
    found = json.loads(json.dumps(status.as_json(status.collect(SOURCES))))
    assert found["accuracies"]["cnn"] == SCORE and found["stages"][0]["state"] == "up to date"
    assert found["champion"]["name"] == "cnn"


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (3 * 86400, "3 days")]
)
def test_a_duration_has_the_units_that_say_enough(seconds, words):
    assert status_text.duration(seconds) == words
