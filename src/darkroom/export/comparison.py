"""Whether an exported model predicts what the model predicts that it was made from."""

from collections.abc import Callable

import numpy as np

from darkroom.export.evidence import Labels
from darkroom.inference import inference
from darkroom.metrics import noninferiority
from darkroom.saving.export_folder import Comparison

TOLERANCE = 1e-5  # of a probability: sums in another order change the last digits of a float32
MARGIN = 0.005  # of accuracy, that an int8 model may lose


def probabilities(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """float32 `(n, k)` for images uint8 `(n, s, s, c)`, in the batches in which Keras got them."""
    starts = range(0, len(images), inference.BATCH)
    return np.concatenate([predict(np.asarray(images[i : i + inference.BATCH])) for i in starts])


def largest_difference(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest difference of a probability; infinity where one is not a number."""
    return float(np.nan_to_num(np.abs(after - before), nan=np.inf).max())


def accuracy(found: np.ndarray, labels: Labels | None) -> float | None:
    """Return how many of the images are right by probabilities float `(n, k)`; None where there are no labels."""
    return None if labels is None else float((found.argmax(1) == labels.numbers).mean())


def compare(before: np.ndarray, after: np.ndarray, labels: Labels, confidence: float) -> Comparison:
    """Compare the accuracies by probabilities float `(n, k)` of both models for the same images."""
    right_before, right_after = (p.argmax(1) == labels.numbers for p in (before, after))
    loss = noninferiority.loss(right_before, right_after, labels.design, confidence)
    return {
        "accuracy": float(right_after.mean()),
        "accuracy_before": float(right_before.mean()),
        "loss": loss.value,
        "low": loss.low,
        "high": loss.high,
        "confidence": confidence,
        "margin": MARGIN,
        "not_worse": loss.within(MARGIN),
    }


def sentence(result: Comparison, labels: Labels) -> str:
    """Return what the comparison shows, without a full stop."""
    loss, low, high, margin = (f"{100 * end:.1f}" for end in (result["loss"], result["low"], result["high"], MARGIN))
    numbers = f"it loses {loss} points of accuracy ({low} to {high}, n = {len(labels.numbers)})"
    if result["not_worse"]:
        return f"{numbers}: not worse by more than {margin}"
    if result["not_worse"] is False:
        return f"{numbers}: worse by more than {margin}"
    least = noninferiority.least_images(MARGIN, result["confidence"])
    have = noninferiority.effective_size(labels.design)
    if have < least:
        return f"{numbers}: too few test images to show {margin}, which takes {least} independent ones at least"
    return f"{numbers}: the test images do not show whether that is more than {margin}"
