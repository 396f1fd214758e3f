"""Trial 0 is the model of params.yaml, a failed trial costs only itself, and a killed search resumes."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.runtime import files
from darkroom.runtime.errors import TrainingError
from darkroom.tune import search
from darkroom.tune.trial import Setup

pytestmark = pytest.mark.slow

SPACE = {"filters": [2, 3], "learning_rate": [0.001, 0.01]}
TOO_SMALL = {"blocks": 2, "kernel": 7, "padding": "valid"}  # leaves nothing of 8 pixels


@pytest.fixture
def run_search(packed, tmp_path, model, changes, brief):
    """A function that searches and returns `(best, trials, {name: (status of its run, its epochs)})`."""

    def run(algorithm="random", trials=3, epochs=2, kill_at=None, space=SPACE, hparams=None, state="s", **budget):
        seen = {}

        @contextmanager
        def open_run(name, params):
            epochs_of_run = []
            seen[name] = ["KILLED", epochs_of_run]

            def epoch(number, row):
                epochs_of_run.append(number)
                if (name, number) == kill_at:
                    raise KeyboardInterrupt

            try:
                yield SimpleNamespace(epoch=epoch)
                seen[name][0] = "FINISHED"
            except Exception:
                seen[name][0] = "FAILED"
                raise

        budget = {"total_epochs": 0, "minutes": 0.0, "workers": 1, **budget}  # each worker imports TensorFlow
        config = changed(
            DEFAULTS.tune, algorithm=algorithm, trials=trials, fit=brief(epochs=epochs), space=space, **budget
        )
        setup, base = Setup(packed, changes(), 1), model(**(hparams or {"filters": 2}))
        result = search.search(config, base, setup, state=tmp_path / state, open_run=open_run)
        return result.best, result.trials, {name: tuple(run) for name, run in seen.items()}

    return run


@pytest.mark.parametrize("algorithm", ["hyperband", "bayesian", "random", "grid"])
def test_trial_zero_is_the_given_model_and_the_best_has_the_lowest_loss(run_search, algorithm):
    best, trials, _ = run_search(algorithm, epochs=3)
    assert trials[0].values(SPACE) == {"filters": 2, "learning_rate": 0.01}
    assert best["val_loss"] == min(trial.result["val_loss"] for trial in trials)
    assert [trial.number for trial in trials] == list(range(len(trials))) == [0, 1, 2]
    for trial in trials:
        assert len(trial.result["curve"]) == trial.result["epochs"]
        assert min(row["val_loss"] for row in trial.result["curve"]) == trial.result["val_loss"]
    assert len({(*trial.values(SPACE).values(), trial.result["epochs"]) for trial in trials}) == 3


@pytest.mark.parametrize(("algorithm", "trials"), [("bayesian", 4), ("random", 3)])
def test_the_trials_are_the_same_however_many_workers_there_are(run_search, algorithm, trials):
    one, two = (run_search(algorithm, trials=trials, workers=n, state=str(n))[1] for n in (1, 2))
    assert [(t.number, t.values(SPACE)) for t in one] == [(t.number, t.values(SPACE)) for t in two]
    losses = [t.result["val_loss"] for t in two]
    assert [t.result["val_loss"] for t in one] == pytest.approx(losses, rel=1e-4)


def test_a_killed_search_goes_on_and_ends_the_same(run_search):
    undisturbed = run_search(state="undisturbed")
    with pytest.raises(KeyboardInterrupt):
        run_search(kill_at=("trial-1", 1))
    best, trials, seen = run_search()
    assert (best, trials) == undisturbed[:2]
    assert seen == {"trial-1": ("FINISHED", [2]), "trial-2": ("FINISHED", [1, 2])}
    assert run_search() == (best, trials, {})


def test_a_damaged_result_costs_that_trial_and_a_damaged_note_of_keras_tuner_nothing(run_search, tmp_path):
    best, trials, _ = run_search(trials=2)
    result = next(path for path in tmp_path.glob("s/*/2.json") if '"curve"' in path.read_text())
    result.write_text(result.read_text().replace('"epochs": 2', '"epochs": 1'))
    for note in tmp_path.glob("s/oracle/**/*.json"):
        note.write_text("{")
    again, others, seen = run_search(trials=2)
    assert (again, others) == (best, trials) and len(seen) == 1


def test_a_later_rung_trains_on_where_the_earlier_one_stopped(run_search):
    _, trials, seen = run_search("hyperband", trials=9, epochs=3, workers=2)
    later = [name for name, (_, epochs) in seen.items() if epochs[0] > 1]
    assert later
    values = [trial.values(SPACE) for trial in trials]
    assert all(values.count(values[int(name.removeprefix("trial-"))]) > 1 for name in later)


def test_none_trains_nothing_and_keeps_the_model(run_search, model, tmp_path, capsys):
    best, trials, seen = run_search("none")
    assert (best["values"], trials, seen) == (model(filters=2).model_dump(), [], {})
    summary = str(search.SearchResult(best, trials, list(SPACE)))
    assert summary.startswith("no search: ") and capsys.readouterr() == ("", "")
    search.write_curves(tmp_path / "curves", trials)
    assert files.read_tables(tmp_path / "curves") == {"none": []}  # DVC warns of a folder that is empty


def test_a_bad_trial_costs_that_trial_only_and_its_run_ends_as_failed(run_search):
    best, trials, seen = run_search(
        "grid", space={"padding": ["same", "valid"]}, hparams={**TOO_SMALL, "padding": "same"}
    )
    assert [(t.hparams.padding, t.result["status"]) for t in trials] == [("same", "COMPLETED"), ("valid", "FAILED")]
    assert seen["trial-1"][0] == "FAILED" and "leaves nothing" in trials[1].result["error"]
    assert best["values"]["padding"] == "same"


@pytest.mark.parametrize(("trials", "others"), [(2, [3]), (4, [3, 5, 6])])
def test_a_search_without_a_finite_trial_is_a_training_error_with_reasons_and_values(run_search, trials, others):
    message = rf"none of {trials} trials ended well: trial 0 \(filters 4\): ParamsError.*leaves nothing"
    with pytest.raises(TrainingError, match=message) as caught:
        run_search("grid", space={"filters": others}, hparams=TOO_SMALL, trials=trials)
    assert str(caught.value).count("leaves nothing") == 1 and caught.value.exit_code == 7


def test_no_trial_is_added_once_the_epochs_are_spent(run_search):
    assert len(run_search("grid", trials=9, total_epochs=3)[1]) == 2  # of two epochs each


def test_no_trial_begins_once_the_time_is_over(run_search):
    _, trials, _ = run_search("grid", trials=9, workers=1, minutes=1e-6)
    assert [trial.number for trial in trials] == [0]


def test_the_tables_have_every_trial_and_each_epoch_of_its_curve(run_search, tmp_path):
    best, trials, _ = run_search(trials=2)
    search.write_trials(tmp_path / "trials.csv", search.SearchResult(best, trials, list(SPACE)))
    search.write_curves(tmp_path / "curves", trials)
    assert [(row["trial"], row["filters"], row["error"]) for row in files.read_rows(tmp_path / "trials.csv")] == [
        ("0", "2", ""),
        ("1", str(trials[1].hparams.filters), ""),
    ]
    curves = files.read_tables(tmp_path / "curves")
    assert {name: [float(row["val_loss"]) for row in rows] for name, rows in curves.items()} == {
        f"00{trial.number}": [row["val_loss"] for row in trial.result["curve"]] for trial in trials
    }
