"""After a person's choice folder, alias, history, looks and registration.json agree, wherever it was interrupted."""

import json

import pytest

from darkroom.inference import scaling
from darkroom.mlflow_client import client
from darkroom.mlflow_client.events import Experiment
from darkroom.register import champions, choice, identity, looks, outcome, promotion, registry
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError

NAME = "pets-classifier"
PETS = Experiment("pets", {})
SCORE = {"value": 0.9, "low": 0.8, "high": 1.0}


@pytest.fixture
def places(tmp_path) -> choice.Places:
    names = "champion", "champions.csv", "looks.json", "registration.json", "choice.json", "register.lock", "downloads"
    return choice.Places(*(tmp_path / name for name in names))


@pytest.fixture
def crown(mlflow_store, model_folder, places):
    """A function that makes a model champion as the gate does, and returns its digest."""

    def gate(name: str, **network) -> str:
        folder = model_folder(name, **network)
        decision = promotion.Decision(name, True, f"{name} is better", "data", 50, SCORE, None, metric="accuracy")
        version = registry.ensure_version(NAME, folder, PETS)
        registry.judged(NAME, version, decision, 1.5)
        promotion.promote(decision, folder, places.champion)
        judged = looks.judged(looks.read(places.looks), identity.digest(folder), ["image"])
        looks.write(places.looks, looks.crowned(judged, identity.digest(folder)))
        registry.sync_champion(NAME, places.champion, PETS)
        champions.note(places.history, outcome.history_row(NAME, places.champion, version))
        versions = outcome.Versions(NAME, version, version)
        files.write_json(places.registration, outcome.record(decision, places.champion, versions, "accuracy", 1))
        return identity.digest(folder)

    return gate


def promote(version: int, reason: str, places) -> bool:
    changed = choice.make(NAME, choice.promotion_of(version, reason), places)
    choice.forget(places)
    return changed


def roll_back(reason: str, places, to: int | None = None) -> bool:
    changed = choice.make(NAME, choice.rollback(NAME, to, reason, places), places)
    choice.forget(places)
    return changed


def agreed(places) -> str:
    """The digest of the champion, on which all must agree."""
    sealing.verify(places.champion)
    digest = identity.digest(places.champion)
    version = registry.champion(NAME)
    tags = client.client().get_model_version(NAME, str(version)).tags
    assert tags["digest"] == digest and "champion.since" in tags and "champion.until" not in tags
    assert champions.read(places.history)[-1]["digest"] == digest
    assert looks.read(places.looks).champion == digest
    assert json.loads(places.registration.read_text())["champion"]["digest"] == digest
    assert not places.pending.exists()
    return digest


def test_promote_makes_a_version_champion_and_keeps_the_reason(crown, places):
    first, _ = crown("old"), crown("new", label=1)
    assert promote(1, "the new one fails at night", places)
    assert agreed(places) == first
    last = champions.read(places.history)[-1]
    assert (last["version"], last["model"], last["by"]) == ("1", "old", "promoted by a person")
    assert (last["reason"], last["metric"], last["value"], last["n"]) == (
        "the new one fails at night", "accuracy", "0.9", "50")  # fmt: skip
    registration = json.loads(places.registration.read_text())
    assert registration["champion"]["reason"] == "the new one fails at night"
    assert registration["reason"].endswith("; since then old was promoted by a person: the new one fails at night")


def test_a_champion_that_a_person_chose_has_its_temperature(crown, places):
    crown("old"), crown("new", label=1)
    promote(1, "why", places)
    assert scaling.read_temperature(places.champion) == 1.5


def test_the_gate_takes_no_challenger_that_had_been_judged_when_a_person_chose(crown, places):
    _, second = crown("old"), crown("new", label=1)
    promote(1, "why", places)
    assert second in promotion.made_by(places.champion).settled


def test_rollback_goes_back_one_champion_at_a_time(crown, places):
    first, second, _ = crown("a"), crown("b", label=1), crown("c", tilt=5.0)
    roll_back("c is slow", places)
    assert agreed(places) == second
    roll_back("b is slow too", places)
    assert agreed(places) == first
    assert [row["by"] for row in champions.read(places.history)] == ["gate"] * 3 + ["rolled back"] * 2
    with pytest.raises(ArtifactError, match="no champion before this one"):
        roll_back("and a", places)
    roll_back("the last one after all", places, to=3)
    assert champions.read(places.history)[-1]["version"] == "3"


def test_the_champion_chosen_again_changes_nothing(crown, places):
    crown("old")
    before = {path: path.read_bytes() for path in places if path.is_file()}
    assert not promote(1, "why", places)
    agreed(places)
    assert {path: path.read_bytes() for path in places if path.is_file()} == before


STEPS = [
    (promotion, "install"),
    (registry, "set_champion"),
    (champions, "note"),
    (looks, "write"),
    (outcome, "name_champion"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_rollback_that_is_killed_at_any_step_is_completed_by_the_same_command(
    crown, places, monkeypatch, module, step, after
):
    """And it goes back once: a, b, c, and then b."""
    crown("a")
    second = crown("b", label=1)
    crown("c", tilt=5.0)
    original = getattr(module, step)

    def killed(*arguments):
        if after:
            original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, step, killed)
        roll_back("c is slow", places)
    with pytest.raises(ArtifactError, match="was interrupted"):  # the gate must not judge meanwhile
        choice.require_none_pending(places.pending)
    assert roll_back("c is slow", places)
    assert agreed(places) == second
    choice.require_none_pending(places.pending)
    assert [row["model"] for row in champions.read(places.history)] == ["a", "b", "c", "b"]


def test_another_choice_after_one_that_was_killed_has_both_in_the_history(crown, places, monkeypatch):
    crown("a")
    crown("b", label=1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(registry, "set_champion", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        promote(1, "first thought", places)
    promote(2, "second thought", places)
    agreed(places)
    assert [row["model"] for row in champions.read(places.history)] == ["a", "b", "a", "b"]


def test_a_version_that_cannot_be_used_leaves_the_champion(crown, places, mlflow_store):
    crown("old")
    second = crown("new", label=1)
    for stored in mlflow_store.rglob("artifacts/model_folder/model.keras"):
        stored.write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="holds no model folder"):
        promote(1, "why", places)
    assert agreed(places) == second


def test_a_predecessor_that_this_store_lacks_is_named(crown, places):
    crown("old")
    crown("new", label=1)
    client.client().delete_model_version(NAME, "1")
    with pytest.raises(ArtifactError, match=r"the champion before this one \(old, .*\) is not in this MLflow store"):
        roll_back("why", places)
