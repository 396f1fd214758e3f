"""What a GPU gives: seconds an epoch, images a second and utilisation, for two networks.

    KERAS_BACKEND=jax python -m benchmarks.gpu --cats-dogs PACKED --cifar10 PACKED

PACKED is a `data/packed/` that the preset of that name made. The cats-and-dogs network is the course's; CIFAR-10 is
the preset's, in bfloat16, until its validation accuracy reaches 0.94 or its epochs are over. The first epoch, which
compiles, does not count. Without a GPU it says so and ends with exit 5.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from benchmarks import interleave

GOAL = 0.94  # of validation accuracy on CIFAR-10
SAMPLING_INTERVAL = 0.5  # seconds
ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
OUT = Path("reports/benchmarks/gpu.json")


def trained(packed: Path, preset: str, goal: float) -> dict:
    """Train as the preset says, with the largest batch that `auto` allows."""
    from darkroom import paths
    from darkroom.commands import presets
    from darkroom.networks import recipe
    from darkroom.training.session import Session, TrainingData

    p = presets.load(preset, paths.PRESETS)
    data = TrainingData.read(packed)
    config = p.train.model_copy(update={"batch_size": "auto", "precision": "auto"})
    ends: list[float] = []
    reached: list[float] = []
    start = time.perf_counter()

    def on_epoch(epoch: int, row: dict) -> None:
        ends.append(time.perf_counter())
        if row["val_accuracy"] >= goal:
            reached.append(ends[-1] - start)

    with tempfile.TemporaryDirectory() as state, Utilisation() as used:
        session = Session(p.seed, Path(state), on_epoch, quiet=True)
        network = recipe.train_network(p.model, data, config, p.augment, session)
    epochs = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    return {
        "precision": network.computation.precision,
        "seconds_an_epoch": interleave.spread(epochs),
        "images_per_second": round(len(data.train.labels) / statistics.median(epochs)),
        "utilisation": used.median(),
        "val_accuracy": network.rows[-1]["val_accuracy"],
        "seconds_to_goal": round(reached[0], 1) if reached else None,
    }


class Utilisation:
    """The GPU's own figure in percent, sampled by nvidia-smi while the block runs."""

    def __enter__(self) -> "Utilisation":
        self._seen: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._over.set()
        self._thread.join()

    def median(self) -> float | None:
        return statistics.median(self._seen) if self._seen else None

    def _sample(self) -> None:
        while not self._over.wait(SAMPLING_INTERVAL):
            output = subprocess.run(ASK, capture_output=True, text=True).stdout.split()
            self._seen += [float(value) for value in output[:1]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cats-dogs", type=Path, required=True, metavar="PACKED")
    parser.add_argument("--cifar10", type=Path, required=True, metavar="PACKED")
    args = parser.parse_args()

    from darkroom.runtime import files
    from darkroom.training import device

    if not device.gpus():
        print("no GPU found: nothing measured")
        raise SystemExit(5)
    result = {
        "cats_dogs_course": trained(args.cats_dogs, "cats_dogs_course", 1.0),
        "cifar10": trained(args.cifar10, "cifar10", GOAL),
    }
    settings = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), "devices": device.names()}
    files.write_json(OUT, {**result, **settings, **interleave.provenance("keras", "numpy")})
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
