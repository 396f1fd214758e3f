"""What a GPU gives: images a second, the first epoch with and without a cache of programs, accuracy, utilisation.

    python -m benchmarks.gpu pack ARCHIVE cifar10.npz
    KERAS_BACKEND=jax python -m benchmarks.gpu run cifar10.npz [--quick] [--limit N]

`pack` writes the images of an archive, which has training and test folders, into one file of about 20 MB: two mosaics
as JPEG, which spares the header of each image. `run` needs darkroom's `src/` and `presets/` beside it, and of other
packages the backend, Keras and what they need, NumPy, Pillow, Pydantic, psutil and ruamel.yaml: wheels that a machine
without a network can be handed. It should take about 8 minutes on an H100, with `--quick` about 3.

Each row is trained twice, each time in a process of its own that starts with the cache of programs the first one left:
`cold` and `warm` are the seconds of their first epochs. Later epochs count for the speed, with their validation and the
state that is written after each. The row of 64 pixels has noise for images, as what they show does not matter for
speed. Utilisation is sampled while these epochs run. With `--limit` a processor can run it too, to see that it works.
"""

import argparse
import io
import json
import math
import os
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import interleave

SIZE, TEST_SEEDS = 32, 5
VALIDATED = 1000  # images
QUALITY = 75  # of the mosaics; at 85 they would have 30 MB
SAMPLING_INTERVAL = 0.2  # seconds
ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
OUT = Path("reports/benchmarks/gpu.json")


class Case(NamedTuple):
    """A preset in batches of `batch` images, for so many epochs; a quick run has `quick`."""

    preset: str
    batch: int | str
    epochs: int
    quick: int


CASES = {
    "cifar10": Case("cifar10", "auto", 16, 6),
    "cifar10, batch 128": Case("cifar10", 128, 8, 4),
    "cats_dogs_course": Case("cats_dogs_course", "auto", 20, 8),
    "cifar10_fast": Case("cifar10_fast", 512, 20, 20),
}
SCORED = "cifar10_fast"  # trained with several seeds, for its accuracy


class Utilisation:
    """The GPU's own figure in percent, sampled by nvidia-smi from `begin` to `end`."""

    def __init__(self):
        self.seen: list[float] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.over.set()
        if self.thread.ident:
            self.thread.join()

    def median(self) -> float | None:
        return statistics.median(self.seen) if self.seen else None

    def _sample(self) -> None:
        while not self.over.wait(SAMPLING_INTERVAL):
            try:
                output = subprocess.run(ASK, capture_output=True, text=True).stdout.split()
            except FileNotFoundError:  # no GPU of NVIDIA
                return
            self.seen += [float(value) for value in output[:1]]


def trained(path: Path, name: str, seed: int, *, quick: bool, limit: int) -> dict:
    """Train the case and score it on the test images."""
    from darkroom import paths
    from darkroom.commands import presets
    from darkroom.networks import recipe
    from darkroom.training.session import Session, TrainingData

    case = CASES[name]
    p = presets.load(case.preset, paths.PRESETS)
    train, test = (part for part in read(path, limit))
    if p.preprocess.image_size != SIZE:
        train, test = noise(min(8000, len(train.labels)), p.preprocess.image_size), noise(256, p.preprocess.image_size)
    epochs = case.quick if quick else case.epochs
    fit = {"batch_size": case.batch, "precision": "auto", "epochs": epochs, "patience": epochs}
    data = TrainingData(train, replace(test, images=test.images[:VALIDATED], labels=test.labels[:VALIDATED]))
    ends: list[float] = []
    used = Utilisation()

    def on_epoch(epoch: int, row: dict) -> None:
        ends.append(time.perf_counter())
        if epoch == 1:
            used.begin()

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:
        session = Session(seed, Path(state), on_epoch, quiet=True)
        network = recipe.train_network(p.model, data, p.train.model_copy(update=fit), p.augment, session)
    used.end()
    seconds = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    correct = network.network.predict(test.images, batch_size=1000, verbose=0).argmax(1) == test.labels
    return {
        "precision": network.computation.precision,
        "first_epoch": round(ends[0] - start, 1),
        "epoch": interleave.spread(seconds),
        "images_per_second": round(len(train.labels) / statistics.median(seconds)),
        "seconds_after_first_epoch": round(ends[-1] - ends[0], 2),
        "test_accuracy": round(float(correct.mean()), 4) if p.preprocess.image_size == SIZE else None,
        "utilisation": used.median(),
    }


def noise(n: int, size: int):
    rng = np.random.default_rng(size)
    return split(rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8), np.arange(n) % 2)


def split(images: np.ndarray, labels: np.ndarray):
    from darkroom.packed_data import Split

    n, classes = len(labels), tuple(map(str, range(labels.max() + 1)))
    return Split(images, labels.astype("int64"), tuple(map(str, range(n))), np.arange(n), classes, {})


def pack(archive: Path, path: Path) -> None:
    """Decode the images of the archive at SIZE pixels, and write them as two mosaics with their labels."""
    from darkroom import manifest, packed_data, paths
    from darkroom.commands import presets
    from darkroom.dataset import layout, listing, packing
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.ingest import sources

    p = presets.load("cifar10", paths.PRESETS)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sources.unpack(archive, home / "images", p.ingest)
        images = reading.open_store(home / "images")
        rows = manifest.used(listing.build(images, layout.read(images), p.validate, cache=home / "facts").rows)
        limits = DecodeLimits(p.validate.max_pixels)
        packing.write(rows, images, home / "packed", p.preprocess, limits, home / "c")
        packed = packed_data.read(home / "packed")
        train, val, test = (packed.split(name) for name in ("train", "val", "test"))
        parts = {
            "train": mosaic(np.concatenate([train.images, val.images])),
            "train_labels": np.concatenate([train.labels, val.labels]).astype("uint8"),
            "test": mosaic(np.asarray(test.images)),
            "test_labels": test.labels.astype("uint8"),
        }
        np.savez(path, **parts)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def mosaic(images: np.ndarray) -> np.ndarray:
    """The bytes of a JPEG file that shows all images uint8 `(n, s, s, 3)` in rows; colours blend at their edges."""
    from PIL import Image

    n, size = images.shape[:2]
    side = math.ceil(math.sqrt(n))
    tiles = np.zeros((side * side, size, size, 3), np.uint8)
    tiles[:n] = images
    sheet = tiles.reshape(side, side, size, size, 3).swapaxes(1, 2).reshape(side * size, side * size, 3)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "JPEG", quality=QUALITY, optimize=True)
    return np.frombuffer(file.getvalue(), np.uint8)


def tiles(encoded: np.ndarray, n: int) -> np.ndarray:
    """The first `n` images of a `mosaic`."""
    from PIL import Image

    sheet = np.asarray(Image.open(io.BytesIO(encoded.tobytes())))
    side = len(sheet) // SIZE
    return sheet.reshape(side, SIZE, side, SIZE, 3).swapaxes(1, 2).reshape(-1, SIZE, SIZE, 3)[:n]


def read(path: Path, limit: int) -> tuple:
    """The training and the test images of a file that `pack` wrote, `limit` of each at most, in no order."""
    with np.load(path) as file:
        splits = []
        for name in ("train", "test"):
            labels = file[f"{name}_labels"]
            rows = np.random.default_rng(1).permutation(len(labels))[: limit or None]
            splits.append(split(tiles(file[name], len(labels))[rows], labels[rows]))
    return tuple(splits)


def run(path: Path, *, quick: bool, limit: int) -> dict[str, dict]:
    """Each case in processes of their own; the first one of each finds nothing compiled."""
    words = [path, "--limit", limit, *(["--quick"] if quick else [])]
    rows = {}
    for name in CASES:
        with tempfile.TemporaryDirectory() as cache:
            os.environ["JAX_COMPILATION_CACHE_DIR"] = cache
            seeds = range(1, 1 + (TEST_SEEDS if name == SCORED and not quick else 2))
            results = [
                interleave.run_alone("benchmarks.gpu", "case", *words, "--case", name, "--seed", s) for s in seeds
            ]
        rows[name] = summary(results)
        print(line(name, rows[name]), flush=True)
    return rows


def summary(results: list[dict]) -> dict:
    """Of the processes of one case: the first of them is cold."""
    last, accuracies = results[-1], [result["test_accuracy"] for result in results]
    return {
        **last,
        "first_epoch": {"cold": results[0]["first_epoch"], "warm": last["first_epoch"]},
        "test_accuracy": interleave.spread(accuracies) if None not in accuracies else None,
    }


def line(name: str, row: dict) -> str:
    """A row of a Markdown table."""
    accuracy, first = row["test_accuracy"], row["first_epoch"]
    cells = [
        name, row["precision"], f"{row['images_per_second']:,}", f"{row['epoch']['median']:.3f}", f"{first['cold']}",
        f"{first['warm']}", f"{row['seconds_after_first_epoch']}",
        f"{accuracy['median']:.4f} (n = {accuracy['n']})" if accuracy else "-", f"{row['utilisation'] or '-'}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


HEAD = (
    "name",
    "precision",
    "images/s",
    "an epoch, s",
    "cold, s",
    "warm, s",
    "all later epochs, s",
    "accuracy",
    "busy, %",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("pack", "run", "case"))
    parser.add_argument("source", type=Path, help="pack: an archive; run: the file that pack wrote")
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--limit", type=int, default=0, help="images of each split, at most; 0: all")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.what == "pack":
        return pack(args.source, args.target)
    from darkroom.runtime import backends, files

    backends.keep_compiled(Path(".cache/jax"))  # unless `run` said where
    if args.what == "case":
        return print(json.dumps(trained(args.source, args.case, args.seed, quick=args.quick, limit=args.limit)))
    print(*(f"| {' | '.join(words)} |" for words in (HEAD, ["---"] * len(HEAD))), sep="\n", flush=True)
    rows = run(args.source, quick=args.quick, limit=args.limit)
    from darkroom.training import device

    settings = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), "devices": device.names()}
    if device.gpus():
        files.write_json(OUT, {**rows, **settings, **interleave.provenance("keras", "numpy")})


if __name__ == "__main__":
    main()
