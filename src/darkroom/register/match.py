"""Compare what challenger and champion predict for the same test images: their scores, and which is better."""

from typing import NamedTuple

import numpy as np

from darkroom.metrics import significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import Design
from darkroom.metrics.ranking import UNDECIDED, Ranking
from darkroom.params import Compare, Register
from darkroom.register.registration import Score

CHALLENGER, CHAMPION = "challenger", "champion"


class Gate(NamedTuple):
    """What it takes to become champion. Models are compared as `compare` says, with the confidence of `register`."""

    register: Register
    compare: Compare
    seed: int


class Difference(NamedTuple):
    """How much better the challenger is than the champion, with the confidence interval, and how that was tested."""

    value: float
    low: float
    high: float
    p: float
    test: str  # its name
    is_proven: bool  # better beyond chance


class Result(NamedTuple):
    """The scores by a metric on n test images; champion and difference are None where there is no champion."""

    metric: str
    n: int
    clusters: int  # of these images; n where all are independent
    challenger: Score
    champion: Score | None
    difference: Difference | None


class Answers(NamedTuple):
    """The classes that the challenger, and the champion if any, predict for the same n test images."""

    labels: np.ndarray  # str (n,)
    predicted: dict[str, np.ndarray]  # str (n,), by role
    design: Design

    def on(self, images: np.ndarray) -> "Answers":
        """Those to some of the images, bool `(n,)`."""
        predicted = {role: classes[images] for role, classes in self.predicted.items()}
        return Answers(self.labels[images], predicted, Design(self.design.clusters[images], self.design.given))


def compare(answers: Answers, gate: Gate) -> Result:
    """Compare the models on one image or more."""
    names, numbers = np.unique(np.stack([answers.labels, *answers.predicted.values()]), return_inverse=True)
    labels, *predicted = numbers.reshape(1 + len(answers.predicted), -1)
    bootstrap = Bootstrap(gate.compare.resamples, gate.register.confidence, gate.seed)
    models = dict(zip(answers.predicted, predicted, strict=True))
    ranking = significance.compare(labels, models, len(names), gate.compare.metric, bootstrap, answers.design)
    scores = _scores(ranking)
    size = ranking["n"], ranking["clusters"]
    return Result(ranking["metric"], *size, scores[CHALLENGER], scores.get(CHAMPION), _difference(ranking))


def _scores(ranking: Ranking) -> dict[str, Score]:
    return {row["model"]: {"value": row["value"], "low": row["low"], "high": row["high"]} for row in ranking["ranking"]}


def _difference(ranking: Ranking) -> Difference | None:
    """Challenger minus champion, whichever of them is ranked first."""
    if not ranking["pairs"]:
        return None
    (pair,) = ranking["pairs"]
    value, low, high = pair["difference"], pair["low"], pair["high"]
    if pair["a"] == CHAMPION:
        value, low, high = -value, -high, -low
    return Difference(value, low, high, pair["p"], pair["test"], value > 0 and pair["verdict"] != UNDECIDED)
