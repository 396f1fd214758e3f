"""How sure a temperature is: whether its interval holds the truth, and what a fit to few errors does to the log loss.

The simulated models are calibrated, so their true temperature is 1 and any other makes them worse.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from darkroom.evaluate import temperature
from darkroom.inference import scaling
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import Predictions, from_probabilities

SEED, CONFIDENCE = 1, 0.95
CLASSES, SPREAD = 10, 2.5
SIZES = 6.3, 8.5, 10.0  # of the largest logit: accuracies of about 0.88, 0.96 and 0.99
POOL = 5_000  # images that all sets of a model are drawn from
IMAGES = 100, 270, 1_000, 3_000  # validation images of a set
ERRORS = {"1": (1, 1), "2": (2, 2), "3_to_9": (3, 9), "10_to_19": (10, 19), "from_20": (20, POOL)}
LEAST_SETS = 50  # with a number of errors; of fewer no quantile is given


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `temperatures`: the coverage of the interval, and by errors the rise of the log loss of 1 fit in 20."""
    sets, fits = (2, 5) if quick else (1_000, 1_000)
    return {
        "temperatures": {
            "coverage": {"sets": sets, "images": 1_000, "accuracy": 0.88, "share": share_covered(1_000, sets)},
            "rise_of_log_loss": {"fits": fits, "images": list(IMAGES), "models": [rises(s, fits) for s in SIZES]},
        }
    }


def share_covered(images: int, sets: int) -> float:
    """Return the share of intervals that hold the true temperature, among the sets to which one is fitted."""
    rng = np.random.default_rng([SEED, images])
    vals = (draw(rng, calibrated(rng, images, SIZES[0])) for _ in range(sets))
    fits = [temperature.fit(val, Bootstrap(1_000, CONFIDENCE, seed)) for seed, val in enumerate(vals)]
    held = [fit.low <= 1 <= fit.high for fit in fits if fit.low is not None and fit.high is not None]
    return round(float(np.mean(held)), 4)


def rises(size: float, fits: int) -> dict:
    """Return the accuracy of a model, and by how much of itself a fit in 20 raises the log loss, by number of errors.

    Temperatures are fitted however few the errors are, `fits` for each of IMAGES.
    """
    rng = np.random.default_rng([SEED, round(10 * size)])
    pool = calibrated(rng, POOL, size)
    values: dict[str, list[float]] = defaultdict(list)
    for images in np.repeat(IMAGES, fits):
        val = draw(rng, pool[rng.integers(0, POOL, images)])
        if name := _kind(temperature.count_errors(val)):
            values[name].append(rise(pool, temperature.best(val)))
    quantiles = {name: np.quantile(values[name], 0.95) for name in ERRORS if len(values[name]) >= LEAST_SETS}
    return {
        "accuracy": round(float(pool.max(1).mean()), 3),
        **{name: round(float(value), 3) for name, value in quantiles.items()},
    }


def rise(pool: np.ndarray, value: float) -> float:
    """Return the expected change of the log loss of the images of the pool, as a fraction of it."""
    tiny = np.finfo(np.float64).tiny  # a temperature near 0 makes exact zeros
    loss, scaled = (-(pool * np.log(p + tiny)).sum() for p in (pool, scaling.scale(pool, value)))
    return float(scaled / loss - 1)


def calibrated(rng: np.random.Generator, images: int, size: float) -> np.ndarray:
    """Draw the true probabilities of images, float64 `(images, 10)`."""
    logits = rng.normal(size=(images, CLASSES))
    logits[np.arange(images), rng.integers(0, CLASSES, images)] += rng.normal(size, SPREAD, images)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(1, keepdims=True)


def draw(rng: np.random.Generator, probabilities: np.ndarray) -> Predictions:
    """Draw the labels of images and return them with the probabilities, which are the true ones."""
    labels = (probabilities.cumsum(1) > rng.random((len(probabilities), 1))).argmax(1)
    return from_probabilities(labels, probabilities)


def _kind(errors: int) -> str | None:
    return next((name for name, (least, most) in ERRORS.items() if least <= errors <= most), None)
