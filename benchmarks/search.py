"""How fast eight networks are tried: our search against Keras Tuner's own `search()`, the same trials and cores.

    python -m benchmarks.search --data ARCHIVE [--images 4000] [--epochs 3] [--rounds 3]

Both try every combination of SPACE on the same images, without changing any. A run is a process of its own; its
time has the start of our workers in it, and for both not the import of TensorFlow by the process itself. Rounds take
turns. A ratio is Keras Tuner's seconds divided by ours in that round.
A last run searches 20 short trials and says how many bytes the supervisor holds after trial 2 and after trial 20.
"""

import argparse
import json
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from benchmarks import interleave

SPACE = {"filters": [2, 16], "learning_rate": [0.000001, 0.00001, 0.001, 0.1]}  # one of them clearly the best
SIZE, BATCH, VALIDATED = 64, 32, 0.1
HYPERPARAMETERS = {
    "blocks": 3,
    "convolutions": 1,
    "dense": 64,
    "filters": 16,
    "learning_rate": 0.001,
    "schedule": "constant",
}
VENDORS = ("tensorflow", "keras", "keras-tuner", "numpy")
OUT = Path("reports/benchmarks/search.json")


def darkroom(home: Path, epochs: int) -> dict:
    best, trials, seconds, _ = searched(home, epochs, SPACE, trials=8)
    return {
        "seconds": seconds,
        "best": {hparam: best["values"][hparam] for hparam in SPACE},
        "trials": len(trials),
    }


def keras_tuner_search(home: Path, epochs: int) -> dict:
    import keras
    import keras_tuner

    from darkroom import packed_data
    from darkroom.networks import architectures

    train, val = map(packed_data.read(home / "packed").split, ("train", "val"))

    def build(values: keras_tuner.HyperParameters) -> keras.Model:
        keras.utils.set_random_seed(1)
        hparams = model(**{hparam: values.Choice(hparam, tried) for hparam, tried in SPACE.items()})
        network = architectures.build(hparams, shape=train.images.shape[1:], classes=2, spec=train.spec)
        adam = keras.optimizers.Adam(hparams.learning_rate)
        network.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
        return network

    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.GridSearch(build, objective="val_loss", directory=folder, project_name="search", seed=1)
        arrays = {"x": train.images[:], "y": train.labels, "validation_data": (val.images[:], val.labels)}
        tuner.search(**arrays, epochs=epochs, batch_size=BATCH, verbose=0)
        best = tuner.get_best_hyperparameters()[0].values
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "best": {hparam: best[hparam] for hparam in SPACE},
        "trials": len(tuner.oracle.trials),
    }


VARIANTS = {variant.__name__: variant for variant in (darkroom, keras_tuner_search)}


def searched(home: Path, epochs: int, space: dict, *, trials: int) -> tuple:
    """best, trials, seconds, and the bytes this process held as each trial ended."""
    import psutil

    from darkroom import params
    from darkroom.tune import search
    from darkroom.tune.trial import Setup

    p = params.load()
    brief = {"epochs": epochs, "batch_size": BATCH, "patience": epochs, "keep": "best"}
    config = {
        "algorithm": "grid",
        "trials": trials,
        "total_epochs": 0,
        "minutes": 0.0,
        "workers": "auto",
        "space": space,
    }
    still = {hparam: type(value)(0) for hparam, value in p.augment.model_dump().items()}
    memory_held: list[int] = []

    @contextmanager
    def open_run(name, params):
        yield SimpleNamespace(epoch=lambda epoch, row: None)
        memory_held.append(psutil.Process().memory_info().rss)

    with tempfile.TemporaryDirectory() as state:
        start = time.perf_counter()
        result = search.search(
            p.tune.model_validate({**config, "fit": p.tune.fit.model_copy(update=brief)}),
            model(),
            Setup(home / "packed", p.augment.model_validate(still), 1),
            state=Path(state),
            open_run=open_run,
        )
        return result.best, result.trials, time.perf_counter() - start, memory_held


def memory(home: Path) -> dict:
    space = {"learning_rate": [0.0001 * number for number in range(1, 21)]}
    *_, memory_held = searched(home, 1, space, trials=20)
    return {
        "after_trial_2": memory_held[2],
        "after_trial_20": memory_held[-1],
        "growth": round(memory_held[-1] / memory_held[2] - 1, 4),
    }


def model(**hparams):
    from darkroom import params

    return params.Model.model_validate({**params.load().model.model_dump(), **HYPERPARAMETERS, **hparams})


def prepare(archive: Path, home: Path, n_images: int) -> int:
    """Pack so many of the archive's training images, a part of them to validate; returns how many."""
    from darkroom import manifest, params
    from darkroom.dataset import layout, listing, packing
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.ingest import sources

    p = params.load()
    sources.unpack(archive, home / "images", p.ingest)
    images = reading.open_store(home / "images")
    listed = listing.build(images, layout.read(images), p.validate, cache=home / "facts")
    train = [row for row in manifest.used(listed.rows) if row["split"] == "train"]
    rows = sorted(train, key=lambda row: row["sha256"])[:n_images]
    rows = [{**row, "split": "val" if i < len(rows) * VALIDATED else "train"} for i, row in enumerate(rows)]
    config = p.preprocess.model_copy(update={"image_size": SIZE, "color": "rgb"})
    limits = DecodeLimits(p.validate.max_pixels)
    packing.write(rows, images, home / "packed", config, limits, home / "cache")
    return len(rows)


def compare(home: Path, epochs: int, rounds: int) -> dict:
    result = interleave.run_interleaved("benchmarks.search", VARIANTS, rounds, "--data", home, "--epochs", epochs)
    seconds = {variant: [run["seconds"] for run in runs] for variant, runs in result.items()}
    return {
        "ratios": {"keras_tuner_search": interleave.ratios(seconds["keras_tuner_search"], seconds["darkroom"])},
        "seconds": {variant: interleave.spread(values) for variant, values in seconds.items()},
        "best": {variant: runs[0]["best"] for variant, runs in result.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="an archive of images of two classes")
    parser.add_argument("--n-images", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variant", choices=[*VARIANTS, "memory"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(
            json.dumps(
                memory(args.data) if args.variant == "memory" else VARIANTS[args.variant](args.data, args.epochs)
            )
        )
        return

    from darkroom.runtime import files

    with tempfile.TemporaryDirectory() as home:
        n_images = prepare(args.data, Path(home), args.n_images)
        result = compare(Path(home), args.epochs, args.rounds)
        result["memory"] = interleave.run_alone(
            "benchmarks.search", "--variant", "memory", "--data", home, "--epochs", 1
        )
    settings = {"images": n_images, "image_size": SIZE, "epochs": args.epochs, "space": SPACE}
    files.write_json(OUT, {**result, **settings, **interleave.provenance(*VENDORS)})
    print(json.dumps({"ratios": result["ratios"], "memory": result["memory"]}, indent=2))


if __name__ == "__main__":
    main()
