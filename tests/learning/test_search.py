"""search: trial 0 is the model of params.yaml, and a killed search goes on."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from darkroom.errors import TrainingError
from darkroom.learning import search
from darkroom.params import Augment, Model, Tune

pytestmark = pytest.mark.slow

MODEL = Model(
    blocks=1, convolutions=1, filters=2, kernel=3, batch_norm=False, head="flatten", dense=0,
    dropout=0.0, optimizer="adam", learning_rate=0.01,
)  # fmt: skip
STILL = Augment(shift=0.0, rotation=0.0, zoom=0.0, brightness=0.0, flip_horizontal=False, flip_vertical=False)
SPACE = {"filters": [2, 3], "learning_rate": [0.001, 0.01]}


@pytest.fixture
def look(painted, tmp_path):
    """A function that searches and returns `(best, trials, names of the trials that were trained)`."""

    def run(algorithm="random", trials=3, epochs=2, fail_at=None, space=SPACE):
        trained = []

        @contextmanager
        def observe(name, params):
            if name == fail_at:
                raise KeyboardInterrupt
            trained.append(name)
            yield SimpleNamespace(epoch=lambda epoch, row: None)

        how = Tune(algorithm=algorithm, trials=trials, epochs=epochs, batch_size=16, patience=5, space=space)
        best, rows = search.search(
            painted(48, 1),
            painted(32, 2),
            how=how,
            model=MODEL,
            augmented=STILL,
            seed=1,
            state=tmp_path,
            observe=observe,
        )
        return best, rows, trained

    return run


@pytest.mark.parametrize("algorithm", ["hyperband", "bayesian", "random", "grid"])
def test_trial_zero_is_the_given_model_and_the_best_has_the_lowest_loss(look, algorithm):
    best, trials, _ = look(algorithm)
    assert {knob: trials[0][knob] for knob in SPACE} == {knob: getattr(MODEL, knob) for knob in SPACE}
    assert best["val_loss"] == min(trial["val_loss"] for trial in trials)
    assert [trial["trial"] for trial in trials] == list(range(len(trials)))
    for trial in trials:
        assert len(trial["curve"]) == trial["epochs"]
        assert min(row["val_loss"] for row in trial["curve"]) == trial["val_loss"]


@pytest.mark.parametrize("algorithm", ["bayesian", "random", "grid"])
def test_a_killed_search_goes_on_and_ends_the_same(look, tmp_path, algorithm):
    with pytest.raises(KeyboardInterrupt):
        look(algorithm, fail_at="trial-2")
    _, resumed, trained = look(algorithm)
    assert trained == ["trial-2"]
    _, again, trained = look(algorithm)
    assert again == resumed and trained == []


def test_no_two_trials_are_the_same(look):
    _, trials, _ = look("grid", trials=9)
    assert len({tuple(trial[knob] for knob in SPACE) for trial in trials}) == len(trials) == 4


def test_none_trains_nothing_and_keeps_the_model(look):
    best, trials, trained = look("none")
    assert (best["values"], trials, trained) == (MODEL.model_dump(), [], [])


def test_a_search_without_a_finite_trial_is_a_training_error(look, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room")

    monkeypatch.setattr(search.architectures, "tunable", fail)
    with pytest.raises(TrainingError, match="none of 2 trials ended well: MemoryError: no room"):
        look(trials=2)


def test_a_failing_trial_costs_that_trial_only(look, monkeypatch):
    build = search.architectures.tunable

    def fail_for_three(knobs, **rest):
        if knobs.filters == 3:
            raise MemoryError("no room")
        return build(knobs, **rest)

    monkeypatch.setattr(search.architectures, "tunable", fail_for_three)
    best, trials, _ = look("grid", trials=4)
    assert {trial["status"] for trial in trials if trial["filters"] == 3} == {"FAILED"}
    assert best["values"]["filters"] == 2
