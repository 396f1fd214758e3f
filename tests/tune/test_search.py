"""search: trial 0 is the model of params.yaml, a bad trial costs itself, and a killed search goes on."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from darkroom.params import Tune
from darkroom.runtime import files
from darkroom.runtime.errors import TrainingError
from darkroom.tune import search

pytestmark = pytest.mark.slow

SPACE = {"filters": [2, 3], "learning_rate": [0.001, 0.01]}
TOO_SMALL = {"blocks": 2, "kernel": 7, "padding": "valid"}  # leaves nothing of 8 pixels


@pytest.fixture
def look(packed, tmp_path, model, changes, brief):
    """A function that searches and returns `(best, trials, {name: (how its run ended, its epochs)})`."""

    def run(algorithm="random", trials=3, epochs=2, kill_at=None, space=SPACE, hparams=None, state="s", **budget):
        seen = {}

        @contextmanager
        def observe(name, params):
            told = []
            seen[name] = ["KILLED", told]

            def epoch(number, row):
                told.append(number)
                if (name, number) == kill_at:
                    raise KeyboardInterrupt

            try:
                yield SimpleNamespace(epoch=epoch)
                seen[name][0] = "FINISHED"
            except Exception:
                seen[name][0] = "FAILED"
                raise

        budget = {"total_epochs": 0, "minutes": 0.0, "workers": 1, **budget}  # each worker imports TensorFlow
        config = Tune(algorithm=algorithm, trials=trials, fit=brief(epochs=epochs), space=space, **budget)
        best, rows = search.search(
            packed, config=config, model=model(**(hparams or {"filters": 2})), augmented=changes(), seed=1,
            state=tmp_path / state, observe=observe,
        )  # fmt: skip
        return best, rows, {name: tuple(found) for name, found in seen.items()}

    return run


@pytest.mark.parametrize("algorithm", ["hyperband", "bayesian", "random", "grid"])
def test_trial_zero_is_the_given_model_and_the_best_has_the_lowest_loss(look, algorithm):
    best, trials, _ = look(algorithm, epochs=3)
    assert {hparam: trials[0][hparam] for hparam in SPACE} == {
        "filters": 2,
        "learning_rate": 0.01,
    }
    assert best["val_loss"] == min(trial["val_loss"] for trial in trials)
    assert [trial["trial"] for trial in trials] == list(range(len(trials))) == [0, 1, 2]
    for trial in trials:
        assert len(trial["curve"]) == trial["epochs"]
        assert min(row["val_loss"] for row in trial["curve"]) == trial["val_loss"]
    assert len({tuple(trial[key] for key in (*SPACE, "epochs")) for trial in trials}) == 3


@pytest.mark.parametrize("algorithm", ["bayesian", "random"])
def test_the_trials_are_the_same_however_many_workers_there_are(look, algorithm):
    one, two = (look(algorithm, trials=4, workers=n, state=str(n))[1] for n in (1, 2))
    assert [[t[k] for k in ("trial", *SPACE)] for t in one] == [[t[k] for k in ("trial", *SPACE)] for t in two]
    assert [t["val_loss"] for t in one] == pytest.approx([t["val_loss"] for t in two], rel=1e-4)


def test_a_killed_search_goes_on_and_ends_the_same(look):
    whole = look(workers=1, trials=4, state="whole")
    with pytest.raises(KeyboardInterrupt):
        look(workers=1, trials=4, kill_at=("trial-2", 1))
    best, trials, seen = look(workers=1, trials=4)
    assert (best, trials) == whole[:2]
    assert seen == {"trial-2": ("FINISHED", [2]), "trial-3": ("FINISHED", [1, 2])}
    assert look(workers=1, trials=4) == (best, trials, {})


def test_a_damaged_result_costs_that_trial_and_a_damaged_note_of_keras_tuner_nothing(look, tmp_path):
    best, trials, _ = look(trials=2)
    result = next(path for path in tmp_path.glob("s/*/2.json") if '"curve"' in path.read_text())
    result.write_text(result.read_text().replace('"epochs": 2', '"epochs": 1'))
    for note in tmp_path.glob("s/oracle/**/*.json"):
        note.write_text("{")
    again, others, seen = look(trials=2)
    assert (again, others) == (best, trials) and len(seen) == 1


def test_a_later_rung_trains_on_where_the_earlier_one_stopped(look):
    _, trials, seen = look("hyperband", trials=9, epochs=3, workers=2)
    later = [name for name, (_, epochs) in seen.items() if epochs[0] > 1]
    assert later
    fractions = [tuple(trial[hparam] for hparam in SPACE) for trial in trials]
    assert all(fractions.count(fractions[int(name.removeprefix("trial-"))]) > 1 for name in later)


def test_none_trains_nothing_and_keeps_the_model(look, model, tmp_path, capsys):
    best, trials, seen = look("none")
    assert (best["values"], trials, seen) == (model(filters=2).model_dump(), [], {})
    assert search.summary(best, trials).startswith("no search: ") and capsys.readouterr() == ("", "")
    search.write_curves(tmp_path / "curves", trials)
    assert files.read_tables(tmp_path / "curves") == {"none": []}  # DVC warns of a folder that is empty


def test_a_bad_trial_costs_that_trial_only_and_its_run_ends_as_failed(look):
    best, trials, seen = look("grid", space={"padding": ["same", "valid"]}, hparams={**TOO_SMALL, "padding": "same"})
    assert [(trial["padding"], trial["status"]) for trial in trials] == [("same", "COMPLETED"), ("valid", "FAILED")]
    assert seen["trial-1"][0] == "FAILED" and "leaves nothing" in trials[1]["error"]
    assert best["values"]["padding"] == "same"


@pytest.mark.parametrize(("trials", "others"), [(2, [3]), (4, [3, 5, 6])])
def test_a_search_without_a_finite_trial_is_a_training_error_with_reasons_and_values(look, trials, others):
    said = rf"none of {trials} trials ended well: trial 0 \(filters 4\): ParamsError.*leaves nothing"
    with pytest.raises(TrainingError, match=said) as caught:
        look("grid", space={"filters": others}, hparams=TOO_SMALL, trials=trials)
    assert str(caught.value).count("leaves nothing") == 1 and caught.value.exit_code == 7


def test_no_trial_is_added_once_the_epochs_are_spent(look):
    assert len(look("grid", trials=9, total_epochs=5)[1]) == 3  # of two epochs each


def test_no_trial_begins_once_the_time_is_over(look):
    _, trials, _ = look("grid", trials=9, workers=1, minutes=1e-6)
    assert [trial["trial"] for trial in trials] == [0]


def test_the_tables_have_every_trial_and_each_epoch_of_its_curve(look, brief, tmp_path):
    _, trials, _ = look(trials=2)
    config = Tune(algorithm="grid", trials=1, total_epochs=0, minutes=0.0, workers=1, fit=brief(), space=SPACE)
    search.write_rows(tmp_path / "trials.csv", config, trials)
    search.write_curves(tmp_path / "curves", trials)
    assert [(row["trial"], row["filters"], row["error"]) for row in files.read_rows(tmp_path / "trials.csv")] == [
        ("0", "2", ""),
        ("1", str(trials[1]["filters"]), ""),
    ]
    curves = files.read_tables(tmp_path / "curves")
    assert {name: [float(row["val_loss"]) for row in rows] for name, rows in curves.items()} == {
        f"00{trial['trial']}": [row["val_loss"] for row in trial["curve"]] for trial in trials
    }
