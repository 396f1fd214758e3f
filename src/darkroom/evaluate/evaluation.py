"""All that is found out about one model, from its answers to the validation and the test images."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from darkroom.evaluate import calibration, explanation_images, label_errors, slices, threshold
from darkroom.metrics import classification, metrics, predictions, probability, roc
from darkroom.plots import cost, figures


class Images(Protocol):
    """One side of the packed data."""

    images: np.ndarray  # uint8 (n, s, s, c)
    labels: np.ndarray  # int64 (n,)
    paths: Sequence[str]  # n
    classes: tuple[str, ...]  # k


@dataclass(frozen=True)
class Evaluation:
    """Each under the name of the file or folder in reports/ that it goes to; `pngs` and `figures` by file name."""

    metrics: dict
    per_class: list[dict]
    predictions: list[dict]
    ranking: list[dict]
    calibration: dict
    threshold: dict | None
    slices: list[dict]
    cost: dict
    explanation: dict
    doubtful: list[dict]
    val_loss: float
    pngs: dict[str, bytes]
    figures: dict[str, str]


def evaluate(
    model: object,
    ask: Callable[[np.ndarray], np.ndarray],
    val: Images,
    test: Images,
    *,
    name: str,
    manifest: Mapping[str, Mapping],
    curves: Sequence[Mapping],
    criterion: str,
    **config,
) -> Evaluation:
    """Of a Keras model; `ask` gives its probabilities `(n, k)`, `manifest` are the rows of the images by their path.

    `curves` are the rows of its training, `criterion` that of the threshold, `config`: resamples, confidence, seed.
    """
    classes, labels, found = test.classes, np.asarray(test.labels), ask(test.images)
    fitted_on, judged_on = (np.asarray(val.labels), ask(val.images)), (labels, found)
    scores, per_class = metrics.judge(labels, found, classes, **config)
    points = roc.curves(labels, found, classes)
    honest = calibration.calibrate(fitted_on, judged_on, **config)
    doubted = {"val": val.paths, "test": test.paths}
    told, pngs = explanation_images.explained(model, test.images, labels, found)
    rows = [manifest.get(path, {}) for path in test.paths]
    parts = slices.by_property(rows, found.argmax(1) == labels, confidence=config["confidence"])
    drawn = {
        "confusion": figures.confusion(classification.confusion(labels, found.argmax(1), len(classes)), classes),
        "history": figures.training_curves(curves),
        "roc_curves": figures.roc_and_precision_recall(points, {row["label"]: row["roc_auc"] for row in per_class}),
        "reliability": figures.reliability(honest["bins"], honest["bins_after"]),
    }
    return Evaluation(
        metrics=scores,
        per_class=per_class,
        predictions=predictions.rows(classes, test.paths, labels, found),
        ranking=points,
        calibration=honest,
        threshold=threshold.operate(fitted_on, judged_on, classes, criterion=criterion, **config),
        slices=parts,
        cost={"model": name, **cost.times(ask, test.images), **cost.machine()},
        explanation=told,
        doubtful=label_errors.doubtful(doubted, fitted_on, judged_on, classes=classes, model=name),
        val_loss=float(probability.log_losses(*fitted_on).mean()),
        pngs=pngs,
        figures=drawn,
    )


def steadiest(found: Mapping[str, Evaluation]) -> Evaluation:
    """Of the model with the lowest log loss on the validation images: its doubts are worth the most."""
    return min(found.values(), key=lambda each: each.val_loss)


def together(parts: Iterable[Mapping]) -> dict:
    return {name: value for part in parts for name, value in part.items()}
