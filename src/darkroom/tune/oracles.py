"""Which values to try next: Keras Tuner's oracles behind two methods, ask and tell.

An oracle proposes values and receives scores, no more, so trials run where and when we want. It is a function of its
seed and of the order of the calls; the same order gives the same proposals again.
`grid` is a plain product of the values: Keras Tuner's own (1.4.8) waits for each trial before it proposes another.
"""

import itertools
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import keras_tuner
from keras_tuner import oracles

from darkroom.params import Model, Tune

# The most proposals that are open at once. It is no setting, and not the number of workers, because proposals follow
# from it. Random search and the grid learn nothing from a result.
AHEAD = {"random": 10**6, "grid": 10**6, "bayesian": 4, "hyperband": 12}


VendorTrial = Any  # keras_tuner.engine.trial.Trial, which has no types


class Proposal(NamedTuple):
    """`values` of hyperparameters to train for `epochs` in all, from where the proposal `after` stopped, if any."""

    name: str
    values: Mapping[str, object]
    epochs: int
    after: str | None = None


class Oracle(Protocol):
    def ask(self) -> Proposal | None:
        """Return the next proposal; None: there is none, at least until another loss is reported."""

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        """Report the validation loss of a proposal, None when it failed."""


def oracle(config: Tune, model: Model, *, seed: int, folder: Path) -> Oracle:
    """Make the oracle of `config.algorithm`; `folder` is for Keras Tuner's own notes, which nothing reads."""
    return _Grid(config) if config.algorithm == "grid" else _KerasTuner(config, model, seed, folder)


class _Grid:
    def __init__(self, config: Tune):
        self._combinations = enumerate(itertools.product(*config.space.values()))
        self._config = config

    def ask(self) -> Proposal | None:
        for number, values in self._combinations:
            space = dict(zip(self._config.space, values, strict=True))
            return Proposal(str(number), space, self._config.fit.epochs)
        return None

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        pass


class _KerasTuner:
    def __init__(self, config: Tune, model: Model, seed: int, folder: Path):
        self._config = config
        self._oracle = _vendor_oracle(config, model, seed)
        self._oracle._set_project_dir(str(folder), "oracle")
        self._oracle.verbose = 0
        self._trials: dict[str, VendorTrial] = {}

    def ask(self) -> Proposal | None:
        trial = self._oracle.create_trial(f"tuner{len(self._trials)}")  # a tuner has one trial at a time
        if trial.status in ("STOPPED", "IDLE"):
            return None
        self._trials[trial.trial_id] = trial
        values = trial.hyperparameters.values
        hparams = {hparam: values[hparam] for hparam in self._config.space}
        epochs = values.get("tuner/epochs") or self._config.fit.epochs
        return Proposal(trial.trial_id, hparams, epochs, values.get("tuner/trial_id"))

    def tell(self, proposal: Proposal, loss: float | None) -> None:
        trial = self._trials[proposal.name]
        trial.status = "INVALID" if loss is None else "COMPLETED"
        if loss is not None:
            self._oracle.update_trial(trial.trial_id, {"val_loss": loss}, step=proposal.epochs)
        self._oracle.end_trial(trial)


def _vendor_oracle(config: Tune, model: Model, seed: int) -> keras_tuner.Oracle:
    space = keras_tuner.HyperParameters()
    for hparam, values in config.space.items():
        default = getattr(model, hparam)
        space.Choice(hparam, values, default=default if default in values else None)
    kinds = {
        "hyperband": partial(oracles.HyperbandOracle, max_epochs=config.fit.epochs),
        "random": partial(oracles.RandomSearchOracle, max_trials=config.trials),
        "bayesian": partial(oracles.BayesianOptimizationOracle, max_trials=config.trials),
    }
    return kinds[config.algorithm](
        objective=keras_tuner.Objective("val_loss", "min"),
        hyperparameters=space,
        seed=seed,
        max_consecutive_failed_trials=config.trials + 1,  # `search` decides how many failures are too many
    )
