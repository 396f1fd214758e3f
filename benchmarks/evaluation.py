"""How long evaluation takes in addition to inference: 2,000 test images, three models.

    python -m benchmarks.evaluation [--images 2000] [--rounds 3]

The stages evaluate, compare and report run as they do for a user, in a temporary repository whose test images are
those of this one again and again with noise, and whose models are those of this one; a third is a copy. Inference and
the import of TensorFlow are timed separately and reported beside the total.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from benchmarks import interleave
from darkroom.runtime import files, sealing
from darkroom.saving import model_folder

OUT = Path("reports/benchmarks/evaluation.json")
STAGES = ("evaluate", "compare", "report")
THIRD = "mobilenet_v2"
ASK = """
import time; start = time.perf_counter()
from pathlib import Path
from darkroom import packed_data
from darkroom.inference import inference
splits = [packed_data.read(Path("data/packed")).split(name).images for name in ("val", "test")]
models = [inference.load(Path("models") / name)[0] for name in ("cnn", "efficientnet_lite0", "mobilenet_v2")]
loaded = time.perf_counter()
for model in models:
    for images in splits:
        inference.probabilities(model, images)
print(loaded - start, time.perf_counter() - loaded)
"""


def repository(home: Path, n_images: int) -> None:
    """This repository's params, models and small files, with `images` test images."""
    for name in ("reports", "models", "data/packed"):
        shutil.copytree(name, home / name)
    for name in ("params.yaml", "dvc.lock", "data/manifest.csv"):
        shutil.copy(name, home / name)
    yaml = YAML()
    values = yaml.load(home / "params.yaml")
    values["transfer"]["backbones"] = ["efficientnet_lite0", THIRD]
    yaml.dump(values, home / "params.yaml")
    copy = home / "models" / THIRD
    shutil.copytree(home / "models/efficientnet_lite0", copy)
    files.write_json(copy / model_folder.RUN, {**model_folder.read_facts(copy), "name": THIRD, "run": THIRD})
    sealing.seal(copy)
    _multiply(home / "data/packed", n_images)


def _multiply(packed: Path, n_images: int) -> None:
    test = packed / "test"
    images, labels = np.load(test / "images.npy"), np.load(test / "labels.npy")
    rows = np.arange(n_images) % len(images)
    noise = np.random.default_rng(0).integers(-40, 41, (n_images, *images.shape[1:]))
    np.save(test / "images.npy", np.clip(images[rows] + noise, 0, 255).astype("uint8"))
    np.save(test / "labels.npy", labels[rows])
    paths = [row["path"] for row in files.read_rows(test / "paths.csv")]
    listed = [{"path": paths[row], "cluster": i} for i, row in enumerate(rows)]
    files.write_rows(test / "paths.csv", ["path", "cluster"], listed)
    sealing.seal(packed)


def seconds(home: Path) -> dict[str, float]:
    """Wall seconds of each stage, of loading and of asking."""
    env = {**os.environ, "PYTHONPATH": f"{Path('src').resolve()}:{Path.cwd()}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    env["MLFLOW_TRACKING_URI"] = f"sqlite:///{home / 'mlflow.db'}"
    result = {}
    for stage in STAGES:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", f"pipeline.{stage}"], cwd=home, env=env, check=True, capture_output=True)
        result[stage] = time.perf_counter() - start
    output = subprocess.run([sys.executable, "-c", ASK], cwd=home, env=env, check=True, capture_output=True, text=True)
    loading, asking = map(float, output.stdout.split()[-2:])
    return {**result, "loading": loading, "asking": asking, "beyond_asking": sum(result.values()) - asking}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rounds = []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as home:
            repository(Path(home), args.n_images)
            rounds.append(seconds(Path(home)))
            print({name: round(value, 1) for name, value in rounds[-1].items()}, flush=True)
    seconds_by_stage = {name: interleave.spread([values[name] for values in rounds]) for name in rounds[0]}
    settings = {"images": args.n_images, "models": 3}
    files.write_json(OUT, {"seconds": seconds_by_stage, **settings, **interleave.provenance("tensorflow", "numpy")})


if __name__ == "__main__":
    main()
