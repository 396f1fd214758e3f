"""How many of the wrong labels a list of label issues has, and how much of the list is right.

Training labels of scikit-learn's digits are flipped at random, and, where there is a folder of data, those of `mnist`
and of the training photos in `cats_dogs.zip`. Beside darkroom's list stand those of cleanlab
(`find_label_issues`, by each of its filters) on the same out-of-sample probabilities, and what darkroom estimates
without knowing which labels were flipped: how many are wrong, how much of its list is right, and whether there is one.

The photos are examined twice: by the features of EfficientNet-Lite0, and by their pixels, a model that is too weak.
"""

import gzip
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues
from PIL import Image
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from darkroom import params
from darkroom.labels import folds, known_errors, linear, opinion, pixels, quality
from darkroom.labels.opinion import Opinion
from darkroom.params import Labels
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.config import TransferConfig

OUT = Path("reports/benchmarks/statistics.json")
BACKBONE, SIZE = "efficientnet_lite0", 128  # pixels
RATES = 0.01, 0.03, 0.08  # of the labels that are flipped
FILTERS = "confident_learning", "prune_by_noise_rate", "prune_by_class", "both", "predicted_neq_given"
SEED, FLIPS = 1, 2  # FLIPS: a stream of random numbers that darkroom draws nothing from


class Examined(NamedTuple):
    """A data set whose labels are taken for right, and what is known of its images."""

    name: str
    features: np.ndarray  # float (n, d)
    labels: np.ndarray  # int64 (n,)


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `label_errors`: by data set and rate, the lists and what darkroom says of its own."""
    images, repeats, rates = (200, 1, RATES[-1:]) if quick else (2_000, 2, RATES)
    with threadpool_limits(1):
        tables = {one.name: table(one, rates, repeats) for one in examined(images, data)}
    return {"label_errors": {"repeats": repeats, **tables}}


def examined(images: int, data: Path | None) -> Iterator[Examined]:
    """At most so many `images` of each data set."""
    pixel_values, labels = load_digits(return_X_y=True)
    digits = np.rint(pixel_values * 15).astype(np.uint8).reshape(-1, 8, 8, 1)
    yield Examined("digits", of_pixels(digits[:images]), labels[:images])
    if data:
        mnist, labels = idx(data / "mnist", images)
        yield Examined("mnist", of_pixels(mnist), labels)
        photos, labels = cats_and_dogs(data / "cats_dogs.zip", images)
        yield Examined("cats_dogs", of_backbone(photos), labels)
        yield Examined("cats_dogs by pixels", of_pixels(photos), labels)


def table(data: Examined, rates: Sequence[float], repeats: int) -> dict:
    """The lists by rate, and beside them what darkroom says of its own in the first of `repeats` draws."""
    rows: dict[str, Any] = {"images": len(data.labels)}
    for rate in rates:
        flipped = [flip(data, rate, SEED + draw) for draw in range(repeats)]
        asked = [ask(data.features, labels) for labels in flipped]
        best = [min(opinions, key=lambda one: one.log_loss) for opinions in asked]
        said = quality.measure(best[0], asked[0], Labels(method="features", folds=5), SEED)
        rows[f"{rate:g}"] = {
            "accuracy": round(float(np.mean([(one.probabilities.argmax(1) == data.labels).mean() for one in best])), 4),
            "estimated_wrong": said["wrong"],
            "estimated_right": said["right"],
            "planted": said["known_errors"],
            "reason_for_no_list": said["reason"],
            "lists": {name: scores(name, best, data.labels) for name in ("darkroom", *FILTERS)},
        }
    return rows


def flip(data: Examined, rate: float, seed: int) -> np.ndarray:
    return known_errors.flip(data.labels, int(data.labels.max()) + 1, rate, np.random.default_rng([seed, FLIPS]))


def ask(features: np.ndarray, labels: np.ndarray) -> list[Opinion]:
    fold = folds.assign(np.arange(len(labels)), 5, SEED)
    candidates = linear.candidates("features", {"train": features}, labels, int(labels.max()) + 1, fold)
    return [opinion.of(candidate, labels) for candidate in candidates]


def scores(name: str, best: list[Opinion], true: np.ndarray) -> dict[str, float]:
    """How long the list is, on average, and its precision and recall over all draws."""
    lists = [listed(name, one) for one in best]
    wrong = [one.labels != true for one in best]
    hits, length = (sum(map(np.sum, rows)) for rows in ([a & b for a, b in zip(lists, wrong, strict=True)], lists))
    precision, recall = hits / max(1, length), hits / sum(map(np.sum, wrong))
    return {
        "listed": float(length / len(best)),
        "precision": round(float(precision), 3),
        "recall": round(float(recall), 3),
    }


def listed(name: str, one: Opinion) -> np.ndarray:
    """bool `(n,)`, of darkroom or of the filter of cleanlab that is called so."""
    if name == "darkroom":
        return known_errors.listed(one.labels, one.probabilities)
    return np.asarray(find_label_issues(one.labels, one.probabilities, filter_by=name, n_jobs=1), bool)


def of_pixels(images: np.ndarray) -> np.ndarray:
    return pixels.features({"train": images}, SEED)["train"]


def of_backbone(images: np.ndarray) -> np.ndarray:
    config = TransferConfig.of(params.load().transfer)._replace(weights="imagenet", input_size=SIZE)
    base = transfer.load_base(BACKBONE, config, Path("data/weights"), seed=SEED)
    with TemporaryDirectory() as folder:
        return transfer.feature_cache(base, images.shape[1:], Path(folder)).read(images)


def idx(folder: Path, images: int) -> tuple[np.ndarray, np.ndarray]:
    """The first training images of MNIST, uint8 `(n, 28, 28, 1)`, and their labels int64 `(n,)`."""
    pixel_values, labels = (
        np.frombuffer(gzip.decompress((folder / f"train-{part}-ubyte.gz").read_bytes()), np.uint8)[header:]
        for part, header in (("images-idx3", 16), ("labels-idx1", 8))
    )
    return pixel_values.reshape(-1, 28, 28, 1)[:images], labels[:images].astype(np.int64)


def cats_and_dogs(archive: Path, images: int) -> tuple[np.ndarray, np.ndarray]:
    """A seeded draw of the training photos, uint8 `(n, SIZE, SIZE, 3)`, and whether each is of a dog, int64 `(n,)`."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if "/training_set/" in name and name.endswith(".jpg"))
        drawn = [names[i] for i in np.random.default_rng(SEED).permutation(len(names))[:images]]
        photos = [Image.open(BytesIO(file.read(name))).convert("RGB").resize((SIZE, SIZE)) for name in drawn]
    return np.stack([np.asarray(photo) for photo in photos]), np.array([int("/dogs/" in name) for name in drawn])
