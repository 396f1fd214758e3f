"""Which values to try next: Keras Tuner's oracles, asked and told by us.

An oracle proposes values and hears scores, no more, so trials run where and when we want. It is a function of its
seed and of the order in which it was asked and told; whoever keeps that order gets the same proposals again.
`grid` is a plain product of the values: Keras Tuner's own (1.4.8) waits for each trial before it proposes another.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import keras_tuner
from keras_tuner import oracles

from darkroom.params import Model, Tune

# Trials that are asked for before the oldest of them is told, at most. It is no setting, and not the number of
# workers, because proposals follow from it. Random search and the grid learn nothing from a result.
AHEAD = {"random": 10**6, "grid": 10**6, "bayesian": 4, "hyperband": 12}


class Proposal(NamedTuple):
    """`values` of hyperparameters to train for `epochs` in all, going on from where the proposal `after` stopped."""

    name: str
    values: Mapping[str, object]
    epochs: int
    after: str | None = None


class Oracle(Protocol):
    def ask(self) -> Proposal | None:
        """None: nothing, at least until more is told."""

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        """The validation loss of a proposal, None when it failed."""


def oracle(config: Tune, model: Model, *, seed: int, folder: Path) -> Oracle:
    """`folder` is where Keras Tuner notes what it does; nothing reads it."""
    return _Grid(config) if config.algorithm == "grid" else _Tuner(config, model, seed, folder)


class _Grid:
    def __init__(self, config: Tune):
        self._left = enumerate(itertools.product(*config.space.values()))
        self._how = config

    def ask(self) -> Proposal | None:
        number, values = next(self._left, (0, None))
        return values and Proposal(str(number), dict(zip(self._how.space, values, strict=True)), self._how.fit.epochs)

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        pass


class _Tuner:
    def __init__(self, config: Tune, model: Model, seed: int, folder: Path):
        self._how = config
        self._vendor = _vendor(config, model, seed)
        self._vendor._set_project_dir(str(folder), "oracle")
        self._vendor.verbose = 0
        self._trials: dict[str, object] = {}

    def ask(self) -> Proposal | None:
        trial = self._vendor.create_trial(f"tuner{len(self._trials)}")  # a tuner has one trial at a time
        if trial.status in ("STOPPED", "IDLE"):
            return None
        self._trials[trial.trial_id] = trial
        values = trial.hyperparameters.values
        hparams = {hparam: values[hparam] for hparam in self._how.space}
        epochs = values.get("tuner/epochs") or self._how.fit.epochs
        return Proposal(trial.trial_id, hparams, epochs, values.get("tuner/trial_id"))

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        trial = self._trials[proposal.name]
        trial.status = "INVALID" if loss is None else "COMPLETED"
        if loss is not None:
            self._vendor.update_trial(trial.trial_id, {"val_loss": loss}, step=proposal.epochs)
        self._vendor.end_trial(trial)


def _vendor(config: Tune, model: Model, seed: int) -> keras_tuner.Oracle:
    space = keras_tuner.HyperParameters()
    for hparam, values in config.space.items():
        default = getattr(model, hparam)
        space.Choice(hparam, values, default=default if default in values else None)
    common = {
        "objective": keras_tuner.Objective("val_loss", "min"),
        "hyperparameters": space,
        "seed": seed,
        "max_consecutive_failed_trials": config.trials + 1,  # how many failures are too many is ours to say
    }
    if config.algorithm == "hyperband":
        return oracles.HyperbandOracle(max_epochs=config.fit.epochs, **common)
    kinds = {"random": oracles.RandomSearchOracle, "bayesian": oracles.BayesianOptimizationOracle}
    return kinds[config.algorithm](max_trials=config.trials, **common)
