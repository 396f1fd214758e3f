"""What proposals amount to: trials to train, each with a folder of its own, within budgets."""

from collections.abc import Mapping
from typing import NamedTuple

from darkroom import params
from darkroom.params import Model, Tune
from darkroom.runtime import files
from darkroom.tune.oracles import Proposal


class Job(NamedTuple):
    """A trial: `hparams` trained up to `epochs`. A later rung of Hyperband goes on in the `home` of the earlier."""

    number: int
    hparams: Model
    epochs: int
    home: str

    @property
    def key(self) -> str:
        return f"{self.home}/{self.epochs}"


class Jobs:
    """What the proposals amount to, counted: trials and epochs are budgets."""

    def __init__(self, config: Tune, model: Model):
        self._how, self._model = config, model
        self._known: dict[str, Job] = {}
        self._of: dict[str, Job] = {}
        self._epochs = 0

    def first(self) -> Job:
        return self._add(self._model, self._how.fit.epochs, None)

    def of(self, proposal: Proposal) -> Job:
        earlier = self._of[proposal.after] if proposal.after else None
        hparams = earlier.hparams if earlier else turned(self._model, proposal.values)
        self._of[proposal.name] = self._add(hparams, proposal.epochs, earlier)
        return self._of[proposal.name]

    def room(self) -> bool:
        within = not self._how.total_epochs or self._epochs < self._how.total_epochs
        return within and len(self._known) < self._how.trials

    def _add(self, hparams: Model, epochs: int, earlier: Job | None) -> Job:
        home = earlier.home if earlier else files.fingerprint(hparams.model_dump(), epochs)
        job = Job(len(self._known), hparams, epochs, home)
        if job.key not in self._known:
            self._known[job.key] = job
            self._epochs += epochs - (earlier.epochs if earlier else 0)
        return self._known[job.key]


def turned(model: Model, values: Mapping[str, object]) -> Model:
    """The model with the hyperparameters among `values` turned."""
    for hparam in Model.model_fields.keys() & values.keys():
        model = params.with_value(model, hparam, values[hparam])
    return model
