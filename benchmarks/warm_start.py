"""How far a warm start comes in half the epochs, beside a start from random weights.

    python -m benchmarks.warm_start --data ARCHIVE

ARCHIVE is a zip with training_set/CLASS/ and test_set/CLASS/, such as the photos of the cats-and-dogs course. A model
is trained on some photos, as the champion; then more photos come, and two are trained on all of them: one from random
weights, and one from the weights of the champion. All are the network of the preset `cats_dogs` and its augmentation,
made small enough for minutes: fewer photos, pixels, filters and epochs.
"""

import argparse
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from darkroom.metrics import intervals
from darkroom.networks import recipe
from darkroom.networks.recipe import Trained
from darkroom.packed_data import Split
from darkroom.params import Params
from darkroom.runtime import files
from darkroom.training import start_weights
from darkroom.training.session import Session, TrainingData
from darkroom.training.start_weights import About, StartWeights

OUT = Path("reports/benchmarks/warm_start.json")
BEFORE, ADDED, VAL, TEST = 2_000, 500, 200, 2_000  # photos
SIZE, FILTERS, BLOCKS, EPOCHS = 32, 16, 3, 16
CLASSES = ("cats", "dogs")
CONFIDENCE = 0.95


def run(archive: Path, p: Params, seeds: Sequence[int]) -> dict:
    rng = np.random.default_rng(1)
    train = draw(archive, "training_set", BEFORE + ADDED + VAL, rng)
    test = draw(archive, "test_set", TEST, rng)
    trainings = [compare(train, test, p, seed) for seed in seeds]
    return {
        "photos": {"before": BEFORE, "added": ADDED, "test": len(test.labels)},
        "reduced": {"pixels": SIZE, "filters": FILTERS, "blocks": BLOCKS, "epochs": p.train.epochs},
        "trainings": trainings,
        "within": sum(row["warm"]["accuracy"] >= row["cold"]["interval"][0] for row in trainings),
    }


def compare(data: Split, test: Split, p: Params, seed: int) -> dict:
    """Train the champion, and what comes after it from random weights and from the champion's."""
    val, before, after = (part(data, *rows) for rows in ((0, VAL), (VAL, VAL + BEFORE), (VAL, VAL + BEFORE + ADDED)))
    champion = train(TrainingData(before, val), p, seed, None)
    about = About(reason="", champion="champion", classes=list(CLASSES), epochs=len(champion.rows))
    start = StartWeights(about, start_weights.of_network(champion.network))
    cold = train(TrainingData(after, val), p, seed, None)
    warm = train(TrainingData(after, val), p, seed, start)
    trained = {"champion": champion, "cold": cold, "warm": warm}
    return {"seed": seed, **{name: score(model, test) for name, model in trained.items()}}


def train(data: TrainingData, p: Params, seed: int, start: StartWeights | None) -> Trained:
    with TemporaryDirectory() as folder:
        session = Session(seed, Path(folder), quiet=True)
        return recipe.train_network(p.model, data, p.train, p.augment, session, start)


def score(model: Trained, test: Split) -> dict:
    predicted = model.network.predict(test.images, batch_size=256, verbose=0).argmax(axis=1)
    correct = int((predicted == test.labels).sum())
    low, high = intervals.wilson(correct, len(test.labels), CONFIDENCE)
    accuracy = correct / len(test.labels)
    return {"accuracy": round(accuracy, 4), "interval": [round(low, 4), round(high, 4)], "epochs": len(model.rows)}


def draw(archive: Path, folder: str, n: int, rng: np.random.Generator) -> Split:
    """A draw of the photos in a folder, `SIZE` pixels wide and high."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if f"/{folder}/" in name and name.endswith(".jpg"))
        drawn = [names[i] for i in rng.permutation(len(names))[:n]]
        photos = [Image.open(io.BytesIO(file.read(name))).convert("RGB").resize((SIZE, SIZE)) for name in drawn]
    labels = np.array([CLASSES.index(Path(name).parent.name) for name in drawn], np.int64)
    images = np.stack([np.asarray(photo) for photo in photos])
    return Split(images, labels, tuple(drawn), np.arange(len(drawn)), CLASSES, {"classes": list(CLASSES)})


def part(split: Split, start: int, end: int) -> Split:
    rows = slice(start, end)
    arrays = split.images[rows], split.labels[rows], split.paths[rows], split.clusters[rows]
    return Split(*arrays, split.classes, split.spec)


def settings(epochs: int) -> Params:
    """Those of the preset `cats_dogs`, but for what is reduced."""
    from darkroom.commands import presets

    with TemporaryDirectory() as folder:
        p = presets.use("cats_dogs", Path("presets"), Path(folder, "params.yaml"))
    small = {"filters": FILTERS, "blocks": BLOCKS, "convolutions": 1, "test_time_flip": False}
    fit = {"epochs": epochs, "patience": epochs, "precision": "float32"}
    return p.model_copy(update={"model": p.model.model_copy(update=small), "train": p.train.model_copy(update=fit)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="ARCHIVE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    args = parser.parse_args()
    measured = run(args.data, settings(EPOCHS), args.seeds)
    files.write_json(OUT, measured)
    print(json.dumps(measured["trainings"]), f"{measured['within']} of {len(args.seeds)}")


if __name__ == "__main__":
    main()
