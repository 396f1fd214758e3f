"""status: right in every state of a pipeline of two stages, whatever its files hold."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fixtures.programs import running

from darkroom import cli, plain_yaml
from darkroom.commands import dvc_stages, freshness, repository, status_text
from darkroom.commands.status_text import duration
from darkroom.runtime import stage_record
from darkroom.runtime.stage_record import Record, Work

STAGES = """
stages:
  clean:
    desc: Clean the images
    cmd: mkdir -p images && cp code/a.py images && true -m pipeline.clean
    deps: [code]
    params: [dataset.name, clean]
    outs: [images]
  count:
    matrix:
      way: ${ways}
    desc: Count them
    cmd: cp images/a.py ${item.way} && true -m pipeline.count ${item.way}
    deps: [images]
    outs: ["${item.way}"]
"""
RUNNING = Path(".cache/running")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository whose stages never ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    repository.git_output("init", "--quiet")
    for folder in (".dvc/tmp", "code/__pycache__", "champion", "reports"):
        Path(folder).mkdir(parents=True)
    Path(".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    Path(".dvcignore").write_text("__pycache__/\n")
    Path("code/a.py").write_text("1\n")
    Path("dvc.yaml").write_text(STAGES)
    Path("params.yaml").write_text("dataset: {name: digits}\nclean: {size: 8}\nways: [fast, slow]\n")
    return tmp_path


@pytest.fixture
def finished(project):
    """The same after DVC ran all of them."""
    assert repository.dvc("repro", "--quiet") == 0
    Path("code/__pycache__/a.pyc").write_text("")


@pytest.fixture
def shown(capsys):
    """A function that returns what `darkroom status` prints, and checks that it is one screen."""

    def run() -> str:
        cli.run("status")
        printed = capsys.readouterr()
        assert printed.out.count("\n") <= 25 and max(map(len, printed.out.splitlines())) <= 120 and not printed.err
        return " ".join(printed.out.split())

    return run


def record(name: str, **values) -> None:
    RUNNING.mkdir(parents=True, exist_ok=True)
    stage_record.write(RUNNING / f"{name}.json", Record(**{"pid": 2**22 + 1, "started": time.time() - 100} | values))


def test_where_nothing_ran_every_stage_is_to_run(project, shown):
    text = shown()
    assert "0 of 3 stages are up to date" in text and "to run clean, count fast, count slow" in text
    assert "3 that never ended here" in text and "champion none yet" in text and text.endswith("next make run")


@pytest.mark.usefixtures("finished")
def test_where_all_ran_nothing_is_to_run(shown):
    assert (
        shown() == "data set digits pipeline 3 of 3 stages are up to date models none evaluated yet champion none yet"
    )


@pytest.mark.usefixtures("finished")
def test_a_param_that_changed_is_named_and_the_later_stages_wait(shown):
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("8", "9"))
    text = shown()
    assert "0 of 3" in text and "because clean changed in params.yaml (clean) models" in text


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize("change", ["echo 2 > code/a.py", "rm -r images", "rm slow", "echo x > code/b.py"])
def test_it_finds_the_stages_that_dvc_would_run_first(change):
    subprocess.run(change, shell=True, check=True)
    params = {"dataset": {"name": "digits"}, "clean": {"size": 8}, "ways": ["fast", "slow"]}
    lock = plain_yaml.parse(Path("dvc.lock").read_text())["stages"]
    reasons = freshness.reasons(dvc_stages.read(Path("dvc.yaml"), params), lock, params)
    own = {name for name, reason in reasons.items() if not reason.endswith("before it")}
    told = json.loads(repository.dvc_output("status", "--json"))
    assert own <= told.keys() and next(iter(reasons)) in told


def test_a_stage_that_runs_says_how_far_it_is_and_how_long_it_takes(project, shown):
    work = Work("trials", 2, 6, 60.0)
    with running([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        time.sleep(0.1)  # a record is written after its process started
        record("count-fast", pid=process.pid, started=time.time(), work=work)
        text = shown()
        process.communicate(b"\n")
    assert "running stage 2 of 3, count fast: trials 2 of 6, for 0 s, about 2 min 0 s left" in text
    assert "next make run" not in text
    assert "killed count fast at trials 2 of 6; the next run goes on" in shown()


def test_a_stage_without_a_loop_is_timed_by_its_last_success(project, shown):
    record("clean", pid=os.getpid(), started=time.time(), usual=200.0)
    record("count-fast", ended=1.0, usual=30.0)
    text = shown()
    assert "running stage 1 of 3, clean: for 0 s, about 3 min 20 s left" in text
    assert "count slow (30 s last time; 1 that never ended here)" in text


def test_a_stage_that_failed_says_why(project, shown):
    record("clean", ended=time.time() - 60, error="error[E_SIZE] too \x1b small | where: a | fix: b")
    assert "failed clean, 1 min 0 s ago: error[E_SIZE] too \\x1b small | where: a | fix: b" in shown()


@pytest.mark.usefixtures("finished")
def test_an_old_failure_of_a_stage_that_is_up_to_date_is_over(shown):
    record("clean", ended=time.time(), error="error[E_SIZE]")
    assert "3 of 3" in shown() and "failed" not in shown()


def test_models_champion_and_undelivered_events_are_shown(project, shown):
    score = {"value": 0.9972, "low": 0.98418, "high": 0.9995}
    Path("reports/metrics.json").write_text(json.dumps({"cnn": {"accuracy": score}}))
    decision = {"name": "cnn", "promoted": True, "reason": "it is better", "challenger": score}
    Path("champion/promotion.json").write_text(json.dumps(decision))
    Path(".cache/tracking").mkdir(parents=True)
    Path(f".cache/tracking/{2**22 + 1}-2.jsonl").write_text("{}\n{}\n")
    Path(f".cache/tracking/{os.getpid()}-2.jsonl").write_text("{}\n")  # its process may have sent it
    text = shown()
    assert "models accuracy cnn 0.9972 (0.9842 to 0.9995)" in text and "MLflow 2 of its events wait on disk" in text
    assert "champion cnn, accuracy 0.9972 (0.9842 to 0.9995)" in text
    Path("champion/promotion.json").write_text(json.dumps(decision | {"promoted": False}))
    assert "champion none yet" in shown()


@pytest.mark.parametrize(
    "text", ["", "{", "[1", "[]", "1", "\x00", "a: [", '{"stages": 1}', '{"cnn": 1}', "{a: {a: 1}}"]
)
@pytest.mark.parametrize(
    "path", ["params.yaml", "dvc.yaml", "dvc.lock", "reports/metrics.json", "champion/promotion.json"]
)
def test_a_damaged_file_is_a_line_and_no_error(project, shown, path, text):
    Path(path).write_text(text)
    out = shown()
    assert f"problem {path}" in out or path == "params.yaml"
    assert out.count("problem") == 1 or path == "params.yaml"


def test_scripts_get_an_object(project, capsys):
    record("clean", ended=time.time(), error="error[E_SIZE] bad")
    cli.run("status", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [stage["state"] for stage in found["stages"]] == ["failed", "to run", "to run"]
    assert found["stages"][0]["reason"] == "error[E_SIZE] bad" and found["champion"] is None


def test_it_imports_no_library_that_computes(project):
    code = "import sys; from darkroom import cli; cli.run('status'); print(*sys.modules)"
    words = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "mlflow", "great_expectations", "dvc", "numpy", "rich"} & set(words)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min 0 s"), (3725, "1 h 2 min"), (3 * 86400, "3 days")]
)
def test_a_duration_has_the_two_units_that_say_enough(seconds, words):
    assert duration(seconds) == words


def test_a_long_text_is_cut():
    from darkroom.commands.status import Status

    status = Status("digits", [], {}, None, 0, ["x " * 5000])
    assert sum(map(len, status_text.lines(status))) < 1000
