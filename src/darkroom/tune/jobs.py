"""What proposals amount to: trials to train, each with a folder of its own, within budgets."""

from collections.abc import Mapping
from typing import NamedTuple

from darkroom import params
from darkroom.params import Model, Tune
from darkroom.runtime import files
from darkroom.tune.oracles import Proposal


class Job(NamedTuple):
    """A trial: `knobs` trained up to `epochs`. A later rung of Hyperband has its state in the `home` of the earlier."""

    number: int
    knobs: Model
    epochs: int
    home: str

    @property
    def key(self) -> str:
        return f"{self.home}/{self.epochs}"


class Jobs:
    """What the proposals amount to, counted: trials and epochs are budgets."""

    def __init__(self, how: Tune, model: Model):
        self._how, self._model = how, model
        self._known: dict[str, Job] = {}
        self._of: dict[str, Job] = {}
        self._epochs = 0

    def first(self) -> Job:
        return self._add(self._model, self._how.fit.epochs, None)

    def of(self, proposal: Proposal) -> Job:
        earlier = self._of[proposal.after] if proposal.after else None
        knobs = earlier.knobs if earlier else turned(self._model, proposal.values)
        self._of[proposal.name] = self._add(knobs, proposal.epochs, earlier)
        return self._of[proposal.name]

    def room(self) -> bool:
        within = not self._how.total_epochs or self._epochs < self._how.total_epochs
        return within and len(self._known) < self._how.trials

    def _add(self, knobs: Model, epochs: int, earlier: Job | None) -> Job:
        home = earlier.home if earlier else files.fingerprint(knobs.model_dump(), epochs)
        job = Job(len(self._known), knobs, epochs, home)
        if job.key not in self._known:
            self._known[job.key] = job
            self._epochs += epochs - (earlier.epochs if earlier else 0)
        return self._known[job.key]


def turned(model: Model, values: Mapping[str, object]) -> Model:
    """The model with the knobs among `values` turned."""
    for knob in Model.model_fields.keys() & values.keys():
        model = params.with_value(model, knob, values[knob])
    return model
