"""What labels for suggested images bring, beside labels for as many random ones.

    python -m benchmarks.suggest --data ARCHIVE

ARCHIVE is a zip with train/CLASS/ and test/CLASS/, such as CIFAR-10. In each repeat a model is trained on a few random
images, the labels of more are added, and it is trained again: those that `darkroom suggest` chooses, the least sure
alone, and random ones. The model is a linear head, scikit-learn's logistic regression, on the features of a frozen
EfficientNet-Lite0, which are computed once; so a repeat takes seconds, and its training has no randomness of its own.
"""

import argparse
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from darkroom import params
from darkroom.labelling import selection
from darkroom.labelling.selection import Candidate
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.config import TransferConfig

OUT = Path("reports/benchmarks/suggest.json")
BACKBONE, SIZE = "efficientnet_lite0", 96  # pixels of its input
TRAIN, TEST = 22_000, 10_000  # images of the archive that are used: the first are labelled at the start, or the pool
START, ADDED, REPEATS, DRAWS = 2_000, 500, 5, 3  # DRAWS: of random images in each repeat
STRENGTH = 0.01  # of scikit-learn's C: the head has more weights than there are images
SEED = 1


class Images(NamedTuple):
    features: np.ndarray  # float32 (n, d)
    labels: np.ndarray  # str (n,)


class Result(NamedTuple):
    """Test accuracies of one repeat."""

    start: float
    suggested: float
    least_sure: float
    random: list[float]


def run(train: Images, test: Images, start: int, added: int, repeats: int) -> dict:
    """Measure, and count the repeats in which suggested images did better than the mean of the random draws."""
    results = [repeat(train, test, start, added, seed) for seed in range(repeats)]
    gains = [(r.suggested - r.start, r.least_sure - r.start, float(np.mean(r.random)) - r.start) for r in results]
    suggested, least_sure, random = np.mean(gains, axis=0).round(4).tolist()
    return {
        "images": {"start": start, "added": added, "pool": len(train.labels) - start, "test": len(test.labels)},
        "wins": sum(gain > chance for gain, _, chance in gains),
        "repeats": repeats,
        "gain": {"suggested": suggested, "least_sure": least_sure, "random": random},
        "accuracy": [result._asdict() for result in results],
    }


def repeat(train: Images, test: Images, start: int, added: int, seed: int) -> Result:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train.labels))
    labelled, pool = order[:start], order[start:]

    def accuracy(more: Sequence[int]) -> float:
        head = trained(train, np.concatenate([labelled, np.asarray(more, np.int64)]))
        return round(float((head.predict(test.features) == test.labels).mean()), 4)

    margins = selection.margins(trained(train, labelled).predict_proba(train.features[pool]))
    candidates = [Candidate(int(n), float(m), train.features[n]) for n, m in zip(pool, margins, strict=True)]
    shortlisted = selection.shortlist(candidates, added)
    chosen = selection.choose(shortlisted, added, seed)
    return Result(
        accuracy([]),
        accuracy([candidate.item for candidate in chosen]),
        accuracy([candidate.item for candidate in shortlisted[:added]]),
        [accuracy(rng.choice(pool, added, replace=False)) for _ in range(DRAWS)],
    )


def trained(train: Images, rows: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=300).fit(train.features[rows], train.labels[rows])


def read(archive: Path, cache: Path) -> tuple[Images, Images]:
    """The features of training and test images, each scaled by the mean and the deviation of the training images."""
    config = TransferConfig.of(params.load().transfer)._replace(weights="imagenet", input_size=SIZE)
    rng = np.random.default_rng(SEED)
    (train, train_labels), (test, test_labels) = draw(archive, "train", TRAIN, rng), draw(archive, "test", TEST, rng)
    base = transfer.load_base(BACKBONE, config, Path("data/weights"), seed=SEED)
    cached = transfer.feature_cache(base, train.shape[1:], cache)
    seen, held_out = cached.read(train), cached.read(test)
    scaler = StandardScaler().fit(seen)
    return Images(scaler.transform(seen), train_labels), Images(scaler.transform(held_out), test_labels)


def draw(archive: Path, split: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """uint8 `(n, h, w, 3)`, and the names of their folders."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if f"/{split}/" in name and name.endswith(".jpg"))
        drawn = [names[i] for i in rng.permutation(len(names))[:n]]
        images = [np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in drawn]
    return np.stack(images), np.array([Path(name).parent.name for name in drawn])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="ARCHIVE")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep the features there")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        train, test = read(args.data, args.cache or Path(folder))
    with threadpool_limits(1):
        measured = run(train, test, START, ADDED, REPEATS)
    OUT.write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured["gain"]), f"{measured['wins']} of {REPEATS}")


if __name__ == "__main__":
    main()
