"""How often equal recipes are told apart, and how often a better one is.

Pairs of small networks of one recipe, from other seeds and on other training images, are judged on the same 2,000 test
images: as trained models (`compare.seeds: 0`), and with three trainings more of each, on bootstrap draws of its own
training images (`compare.seeds: 3`). `same_images`: both train on the same images, as the models of a run do.
`more_images`: the recipe of one has twice as many. `if_divided`: the difference of the means of these trainings, with
their variances divided by their number, which is what one might do instead.
"""

from pathlib import Path
from statistics import mean, variance
from typing import NamedTuple

import numpy as np

from benchmarks.statistics import small_networks
from benchmarks.statistics.small_networks import Images
from darkroom.metrics import intervals, recipe_difference, significance, training_variance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import independent
from darkroom.metrics.ranking import UNDECIDED
from darkroom.metrics.training_variance import TrainingVariance
from darkroom.repeat import draws

TRAINING, TEST, MORE, SEED = 300, 2_000, 3, 1
BOOTSTRAP = Bootstrap(resamples=500, confidence=0.95, seed=SEED)


class Pair(NamedTuple):
    """What two models predict of the same test images; the first row of each is the model, the others its repeats."""

    labels: np.ndarray  # int64 (n,)
    a: np.ndarray  # int64 (1 + MORE, n)
    b: np.ndarray


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `recipes`: the shares of pairs of which one is called better."""
    images, pairs = small_networks.load(data), 2 if quick else 200
    rng = np.random.default_rng(SEED)
    settings = {"equal": (TRAINING, False), "same_images": (TRAINING, True), "more_images": (2 * TRAINING, False)}
    shares = {
        name: _shares([_draw_pair(images, n_of_a, same, rng) for _ in range(pairs)])
        for name, (n_of_a, same) in settings.items()
    }
    sizes = {"pairs": pairs, "training_images": TRAINING, "test_images": TEST, "trainings_more": MORE}
    return {"recipes": {"images": images.name, **sizes, **shares}}


def _draw_pair(images: Images, n_of_a: int, same: bool, rng: np.random.Generator) -> Pair:
    """Train a on `n_of_a` images and b on TRAINING others, or on the `same`; test images are of the other half."""
    half = len(images.labels) // 2
    rows_of_a, rows_of_b = (rng.integers(0, half, n) for n in (n_of_a, TRAINING))
    test = rng.integers(half, len(images.labels), TEST)
    pixels_of_a, pixels_of_b, unseen = (images.draw(rng, rows) for rows in (rows_of_a, rows_of_b, test))
    of_a, of_b = (pixels_of_a, images.labels[rows_of_a]), (pixels_of_b, images.labels[rows_of_b])
    return Pair(
        images.labels[test], _predictions(*of_a, unseen, rng), _predictions(*(of_a if same else of_b), unseen, rng)
    )


def _predictions(pixels: np.ndarray, labels: np.ndarray, unseen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """int64 `(1 + MORE, n)`: of a network on all training images, and of those on draws of them."""
    alone = np.arange(len(labels))
    rows = np.stack([alone, *(draws.resample(labels, alone, int(rng.integers(1 << 31))) for _ in range(MORE))])
    networks = small_networks.train(pixels[rows], labels[rows], rng)
    return small_networks.predict(networks, np.broadcast_to(unseen, (len(rows), *unseen.shape)))


def _shares(pairs: list[Pair]) -> dict[str, float]:
    judged = [_judge(pair) for pair in pairs]
    return {name: round(mean(one[name] for one in judged), 4) for name in judged[0]}


def _judge(pair: Pair) -> dict[str, bool]:
    """Whether one of the two is called better: of the models, of the recipes, and of these by the other formula."""
    design = independent(len(pair.labels))
    predicted = {"a": pair.a[0], "b": pair.b[0]}
    ranked = significance.compare(pair.labels, predicted, 10, "accuracy", BOOTSTRAP, design)
    again = {
        name: recipe_difference.values(pair.labels, list(trainings[1:]), 10, "accuracy")
        for name, trainings in (("a", pair.a), ("b", pair.b))
    }
    (verdict,) = ranked["pairs"]
    recipes = recipe_difference.compare(ranked, again)
    assert recipes is not None
    standard_error = (verdict["high"] - verdict["low"]) / 2 / intervals.quantile(BOOTSTRAP.confidence)
    parts = [TrainingVariance(variance(values), MORE, weight=1 / MORE) for values in again.values()]
    length = training_variance.reach(standard_error, parts, BOOTSTRAP.confidence).length
    return {
        "seeds_0": verdict["verdict"] != UNDECIDED,
        "seeds_3": recipes["better"] is not None,
        "if_divided": abs(mean(again["a"]) - mean(again["b"])) > length,
    }
