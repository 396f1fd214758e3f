"""What a model says about an image, once its outputs are calibrated and those that nobody should trust are marked."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from darkroom.inference import scaling

REJECTED, UNKNOWN = "rejected", "unknown"  # labels in place of a class


class Outputs(NamedTuple):
    """What a model computes for n images."""

    probabilities: np.ndarray  # float32 (n, k)
    unknown: np.ndarray | None = None  # float64 (n,), see `novelty.reference`; None for a model without a reference


class Prediction(NamedTuple):
    """What a model says about an image."""

    label: str  # the likeliest class; or "rejected" or "unknown", where that was asked for
    probabilities: dict[str, float]  # of every class, the likeliest first
    unknown: float | None = None  # how unlike the training images it is, 0 to 1; None where the model cannot say


class Choice(NamedTuple):
    """How outputs become a label."""

    temperature: float | None = None  # by which the logits are divided; None: the probabilities stay as they are
    reject_below: float = 0.0  # the label is "rejected" where no class has this probability
    unknown_above: float | None = None  # the label is "unknown" where the score is higher


AS_IT_IS = Choice()


def predictions(outputs: Outputs, classes: Sequence[str], choice: Choice = AS_IT_IS) -> Iterator[Prediction]:
    """Yield the prediction for each image. "unknown" goes before "rejected": it says more."""
    probabilities, unknown = outputs
    if choice.temperature is not None:
        probabilities = scaling.scale(probabilities, choice.temperature)
    scores = [None] * len(probabilities) if unknown is None else unknown.tolist()
    order = np.argsort(-probabilities, axis=1, kind="stable").tolist()
    for row, ranks, score in zip(probabilities.tolist(), order, scores, strict=True):
        ranked = {classes[i]: row[i] for i in ranks}
        yield Prediction(_label(ranked, score, choice), ranked, score)


def _label(ranked: dict[str, float], score: float | None, choice: Choice) -> str:
    if choice.unknown_above is not None and score is not None and score > choice.unknown_above:
        return UNKNOWN
    likeliest, probability = next(iter(ranked.items()))
    return REJECTED if probability < choice.reject_below else likeliest
