"""Look for better knobs with Keras Tuner's oracles, asked and told by us.

An oracle only proposes values and hears scores, so the loop is ours: trial 0 is always the model of
params.yaml (a search never ends below it), a trial that fails costs that trial only, and a killed search
goes on. It goes on by replay: oracles are functions of their seed and of what they were told, so a new one
is asked again and finished trials answer from the journal. That also mends `GridSearch`, whose own reload
loses its queue (keras-tuner 1055). Hyperband's later rungs find the earlier rung's state folder and train on.
"""

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import keras_tuner
from keras_tuner.src.tuners.gridsearch import GridSearchOracle

from darkroom import files, params
from darkroom.data.pack import Pack
from darkroom.errors import TrainingError, warn
from darkroom.learning import architectures, device, fit
from darkroom.params import Augment, Fit, Model, Tune

Observe = Callable[..., AbstractContextManager]
RESULTS = ("trial", "status", "epochs", "val_loss", "val_accuracy")


def search(
    train: Pack, val: Pack, *, how: Tune, model: Model, augmented: Augment, seed: int, state: Path, observe: Observe
) -> tuple[dict, list[dict]]:
    """Best trial and all trials, as best.json and trials.csv hold them. A trial also has a `curve`: a row an epoch.

    `observe(name, params=values)` opens a run that is told of each epoch. With algorithm `none` nothing is
    trained and the model of params.yaml is the best. Raises TrainingError (exit 7) when no trial ends well.
    """
    if how.algorithm == "none":
        return {"algorithm": "none", "trial": None, "values": model.model_dump()}, []

    def attempt(number: int, values: dict, epochs: int) -> dict:
        knobs = _turned(model, values)
        journal = state / files.fingerprint(knobs.model_dump()) / f"{epochs}.json"
        if not journal.exists():
            with observe(f"trial-{number}", params=knobs.model_dump()) as run:
                result = _train(knobs, train, val, how, epochs, augmented, seed, journal.parent, run.epoch)
            files.write_json(journal, result)
        return {"trial": number, **json.loads(journal.read_text()), **{k: getattr(knobs, k) for k in how.space}}

    trials = [attempt(0, {}, how.epochs)]
    oracle = _oracle(how, model, seed, state)
    while len(trials) < how.trials:
        trial = oracle.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        values = trial.hyperparameters.values
        result = attempt(len(trials), values, values.get("tuner/epochs") or how.epochs)
        _tell(oracle, trial, result)
        if not any(_same(result, earlier) for earlier in trials):  # the oracle may propose trial 0 once more
            trials.append(result)
    return _best(trials, model, how), trials


def columns(how: Tune) -> list[str]:
    """The header of trials.csv."""
    return [*RESULTS, *how.space, "error"]


def _train(knobs: Model, train: Pack, val: Pack, how: Tune, epochs: int, augmented, seed, state: Path, watch) -> dict:
    device.repeatable(seed)
    budget = Fit(epochs=epochs, batch_size=how.batch_size, patience=how.patience, schedule="constant")
    try:
        network = architectures.tunable(knobs, shape=train.images.shape[1:], classes=len(train.classes))
        rows = fit.fit(
            network, train, val, how=budget, optimizer=knobs.optimizer, learning_rate=knobs.learning_rate,
            augmented=augmented, seed=seed, state=state, watch=watch,
        )  # fmt: skip
    except Exception as fault:  # whatever one trial dies of, the others go on
        error = f"{type(fault).__name__}: {fault}".splitlines()[0]
        return {"status": "FAILED", "epochs": 0, "val_loss": None, "val_accuracy": None, "error": error, "curve": []}
    top = fit.best(rows)
    return {
        "status": "COMPLETED", "epochs": len(rows), "val_loss": top["val_loss"],
        "val_accuracy": top["val_accuracy"], "error": "", "curve": rows,
    }  # fmt: skip


def _oracle(how: Tune, model: Model, seed: int, state: Path) -> keras_tuner.Oracle:
    space = keras_tuner.HyperParameters()
    for knob, values in how.space.items():
        default = getattr(model, knob)
        space.Choice(knob, values, default=default if default in values else None)
    common = {
        "objective": keras_tuner.Objective("val_loss", "min"),
        "hyperparameters": space,
        "seed": seed,
        "max_consecutive_failed_trials": how.trials + 1,  # how many failures are too many is ours to say
    }
    if how.algorithm == "hyperband":
        oracle = keras_tuner.oracles.HyperbandOracle(max_epochs=how.epochs, **common)
    elif how.algorithm == "grid":
        oracle = GridSearchOracle(max_trials=how.trials, **common)
    else:
        oracle = {
            "random": keras_tuner.oracles.RandomSearchOracle,
            "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
        }[how.algorithm](max_trials=how.trials, **common)
    oracle._set_project_dir(str(state), "oracle")
    oracle.verbose = 0
    return oracle


def _tell(oracle: keras_tuner.Oracle, trial: object, result: dict) -> None:
    trial.status = "COMPLETED" if result["status"] == "COMPLETED" else "INVALID"
    if result["status"] == "COMPLETED":
        oracle.update_trial(trial.trial_id, {"val_loss": result["val_loss"]}, step=result["epochs"])
    oracle.end_trial(trial)


def _best(trials: list[dict], model: Model, how: Tune) -> dict:
    good = [t for t in trials if t["val_loss"] is not None and math.isfinite(t["val_loss"])]
    if not good:
        reasons = "; ".join(sorted({t["error"] for t in trials}))
        raise TrainingError(
            "E_TRIALS",
            f"none of {len(trials)} trials ended well: {reasons}",
            where="params.yaml: tune",
            fix="see the reasons; try smaller values in tune.space",
        )
    if len(good) < len(trials):
        warn(f"{len(trials) - len(good)} of {len(trials)} trials failed, see reports/trials.csv")
    top = min(good, key=lambda t: t["val_loss"])
    scores = {key: top[key] for key in ("trial", "val_loss", "val_accuracy")}
    return {"algorithm": how.algorithm, **scores, "values": _turned(model, top).model_dump()}


def _same(one: dict, other: dict) -> bool:
    return {**one, "trial": None} == {**other, "trial": None}


def _turned(model: Model, values: dict) -> Model:
    """The model with the knobs among `values` turned; Hyperband's own `tuner/…` entries are not knobs."""
    for knob in Model.model_fields.keys() & values.keys():
        model = params.with_value(model, knob, values[knob])
    return model
