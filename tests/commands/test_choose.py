"""promote and rollback: DVC agrees afterwards, or says that the stage has to run anyway."""

import sys
from pathlib import Path

import pytest

from darkroom.commands import choose, repository
from darkroom.register import choice
from darkroom.runtime.errors import BusyError, EnvironmentFault, ParamsError
from darkroom.runtime.locks import try_lock

NAME = "pets-classifier"
STAGE = """
stages:
  register:
    cmd: mkdir -p champion && cp code champion/model && echo 1 >> history
    deps: [code]
    outs:
      - champion: {persist: true}
      - history: {cache: false, persist: true}
"""


@pytest.fixture
def places(tmp_path, monkeypatch) -> choice.Places:
    """Places in a folder that is current; to make a choice replaces the champion and adds to the history."""
    monkeypatch.chdir(tmp_path)
    names = (
        "champion",
        "history",
        "looks.json",
        "registration.json",
        "choice.json",
        "running/register.lock",
        "downloads",
    )
    places = choice.Places(*map(Path, names))

    def make(name: str, chosen: choice.Choice, places: choice.Places) -> bool:
        (places.champion / "model").write_text(f"version {chosen.version}: {chosen.reason}")
        with places.history.open("a") as file:
            file.write("2\n")
        places.pending.write_text("{}")
        return True

    monkeypatch.setattr(choice, "make", make)
    return places


@pytest.fixture
def dvc(monkeypatch, places) -> list[tuple[str, ...]]:
    """The commands that DVC gets from a stand-in, which says that only outs changed."""
    calls: list[tuple[str, ...]] = []
    places.champion.mkdir()
    changed = '{"register": [{"changed outs": {"champion": "modified"}}]}'
    monkeypatch.setattr(repository, "dvc_output", lambda *words: changed)
    monkeypatch.setattr(repository, "quiet_dvc", lambda *words: calls.append(words) or 0)
    return calls


def test_the_choice_is_forgotten_once_dvc_agrees(places, dvc):
    line = choose.promote(NAME, 3, " two\n lines ", places)
    assert line.startswith("version 3 of pets-classifier is champion; next: `git commit`")
    assert (places.champion / "model").read_text() == "version 3: two lines"
    assert dvc == [("commit", "--force", "register")] and not places.pending.exists()


def test_a_choice_that_dvc_does_not_take_is_to_be_given_again(places, dvc, monkeypatch):
    monkeypatch.setattr(repository, "quiet_dvc", lambda *words: 1)
    with pytest.raises(EnvironmentFault, match="`dvc commit register` failed"):
        choose.promote(NAME, 3, "why", places)
    assert places.pending.exists()


def test_a_choice_without_a_reason_is_refused(places, dvc):
    with pytest.raises(ParamsError, match="the reason is empty"):
        choose.promote(NAME, 3, " \n", places)


def test_no_choice_is_made_while_the_gate_judges(places, dvc):
    places.lock.parent.mkdir()
    with places.lock.open("a+") as file:
        assert try_lock(file)
        with pytest.raises(BusyError, match="is being judged"):
            choose.promote(NAME, 3, "why", places)
    choose.promote(NAME, 3, "why", places)


@pytest.mark.slow
def test_dvc_lock_names_the_new_champion_unless_the_stage_has_to_run_anyway(places, monkeypatch, capsys, warm_dvc):
    monkeypatch.setattr(sys, "executable", str(warm_dvc))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    repository.git_output("init", "--quiet")
    Path(".dvc/tmp").mkdir(parents=True)
    Path(".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    Path("dvc.yaml").write_text(STAGE)
    Path("code").write_text("first")
    assert repository.quiet_dvc("repro") == 0
    before = Path("dvc.lock").read_text()
    choose.promote(NAME, 3, "why", places)
    after = Path("dvc.lock").read_text()
    assert after != before and repository.dvc_output("status", "--json") == "{}"
    Path("code").write_text("second")
    choose.promote(NAME, 4, "why", places)
    assert Path("dvc.lock").read_text() == after and "has to run anyway" in capsys.readouterr().err
