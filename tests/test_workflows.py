"""The workflows give forks no rights, start no loop, and lose no run."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

WORKFLOWS = {path.stem: path for path in Path(".github/workflows").glob("*.y*ml")}
ACTION = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")  # a commit hash: tags and branches can be moved
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")  # is inserted into a script as text, before any shell can quote it


def read(name: str) -> dict:
    workflow = YAML(typ="safe").load(WORKFLOWS[name].read_text())
    workflow["on"] = workflow.pop("on", None) or workflow.pop(True)  # YAML 1.1 takes `on` for true
    return workflow


def steps(name: str) -> list[dict]:
    return [step for job in read(name)["jobs"].values() for step in job["steps"]]


def step(name: str, words: str) -> dict:
    (match,) = [step for step in steps(name) if words in str(step.get("run", "")) + str(step.get("uses", ""))]
    return match


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_action_is_pinned_to_a_commit(name):
    actions = [step["uses"] for step in steps(name) if "uses" in step]
    assert actions and all(ACTION.fullmatch(action) for action in actions)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_text_of_an_event_becomes_part_of_a_script(name):
    assert not [step["run"] for step in steps(name) if EXPRESSION.search(step.get("run", ""))]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_do_what_it_needs_and_no_more(name):
    needed = {"ci": {"contents": "read"}, "retrain": {"contents": "write"}}
    assert read(name)["permissions"] == needed[name]
    assert not [job for job in read(name)["jobs"].values() if "permissions" in job]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_code_of_forks_never_runs_with_the_rights_of_the_branch(name):
    events = set(read(name)["on"])
    assert not events & {"pull_request_target", "workflow_run", "issue_comment"}
    if "pull_request" in events:  # any fork may open one
        text = WORKFLOWS[name].read_text()
        assert "secrets." not in text and "actions/cache" not in text and "make retrain" not in text
        assert step(name, "actions/checkout")["with"]["persist-credentials"] is False


def test_a_retrain_commit_triggers_no_retraining():
    from darkroom.commands import retrain

    triggers = read("retrain")["on"]["push"]["paths"]
    assert set(read("retrain")["on"]) == {"push"}
    assert not [path for path in triggers if path.startswith((*retrain.GENERATED, "**"))]
    assert "[skip ci]" in retrain.SUBJECT
    assert "token" not in step("retrain", "actions/checkout")["with"]  # GITHUB_TOKEN, whose pushes start nothing


def test_a_second_push_waits_for_the_first_run_and_cancels_nothing():
    assert read("retrain")["concurrency"] == {"group": "retrain", "cancel-in-progress": False}


def test_a_cancelled_run_leaves_its_state_to_the_next_and_only_the_default_branch_writes_it():
    saved, restored = step("retrain", "actions/cache/save"), step("retrain", "actions/cache/restore")
    assert saved["with"]["path"] == restored["with"]["path"] == ".cache"
    assert saved["with"]["key"].startswith(restored["with"]["restore-keys"]) and "!success()" in saved["if"]
    assert read("retrain")["on"]["push"]["branches"] == ["main"]


def test_a_failed_run_uploads_the_validation_of_the_data():
    upload = step("retrain", "actions/upload-artifact")
    assert "failure()" in upload["if"]
    assert {"reports/validation.json", "reports/quarantine.csv"} <= set(upload["with"]["path"].split())


def test_the_workflows_call_only_commands_that_a_user_can_call():
    assert step("retrain", "make")["run"] == "make retrain" and step("ci", ".ci/run")["run"] == ".ci/run"
    text = Path("Makefile").read_text()
    assert re.search(r"^retrain: setup\n\t\$\(BIN\)/darkroom retrain$", text, re.M)
