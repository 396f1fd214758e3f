"""From proposals to jobs: trials to train, each with a folder of its own, within the budgets."""

from collections.abc import Mapping
from typing import NamedTuple

from darkroom import params
from darkroom.params import Model, Tune
from darkroom.runtime import files
from darkroom.tune.oracles import Proposal


class Job(NamedTuple):
    """A trial: `hparams` trained up to `epochs`. A later rung of Hyperband resumes in the `folder` of the earlier."""

    number: int
    hparams: Model
    epochs: int
    folder: str

    @property
    def key(self) -> str:
        return f"{self.folder}/{self.epochs}"


class Jobs:
    """The jobs that proposals lead to, counted: trials and epochs are budgets."""

    def __init__(self, config: Tune, model: Model):
        self._config, self._model = config, model
        self._jobs: dict[str, Job] = {}
        self._by_proposal: dict[str, Job] = {}
        self._epochs = 0

    def first(self) -> Job:
        return self._add(self._model, self._config.fit.epochs, None)

    def add(self, proposal: Proposal) -> Job:
        """The job of a proposal; of two equal ones the first."""
        earlier = self._by_proposal[proposal.after] if proposal.after else None
        hparams = earlier.hparams if earlier else with_overrides(self._model, proposal.values)
        self._by_proposal[proposal.name] = self._add(hparams, proposal.epochs, earlier)
        return self._by_proposal[proposal.name]

    def within_budget(self) -> bool:
        epochs_left = not self._config.total_epochs or self._epochs < self._config.total_epochs
        return epochs_left and len(self._jobs) < self._config.trials

    def _add(self, hparams: Model, epochs: int, earlier: Job | None) -> Job:
        folder = earlier.folder if earlier else files.fingerprint(hparams.model_dump(), epochs)
        job = Job(len(self._jobs), hparams, epochs, folder)
        if job.key not in self._jobs:
            self._jobs[job.key] = job
            self._epochs += epochs - (earlier.epochs if earlier else 0)
        return self._jobs[job.key]


def with_overrides(model: Model, values: Mapping[str, object]) -> Model:
    """`model` with those of `values` that are hyperparameters in place of its own."""
    for hparam in Model.model_fields.keys() & values.keys():
        model = params.with_value(model, hparam, values[hparam])
    return model
