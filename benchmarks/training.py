"""How fast images train: ours against three usual ways, the same network on the same images.

    python -m benchmarks.training --data ARCHIVE [--n-images 8000] [--rounds 5] [--avx2]

The network, the batch of 32 and the changes (shear, zoom, mirror) are those of the cats-and-dogs course; the archive
has a training folder. `image_data_generator` is the course's own flow_from_directory, `image_dataset_from_directory`
holds decoded images in memory, `bare_fit` is `model.fit` on arrays and changes no image. They compute in float32,
Keras' default; `darkroom_in_float32` says what ours owes to bfloat16, where the processor has it. With `_with_onednn`
they compute with oneDNN, as ours does; without, as TensorFlow decides for the processor.

`--avx2` shows a processor that has no more than AVX2, as most: oneDNN is held to its instructions, ours computes in
float32, and the usual ways go without oneDNN, as TensorFlow 2.21 decides there. Its own kernels are compiled for AVX on
any processor. Results for either kind stand beside each other in `reports/benchmarks/training.json`.

Each run is a process of its own. An epoch counts with its validation on 256 images and, for ours, with writing
the state that makes it safe to kill; the first epoch, which compiles, does not count. Rounds take turns, so that
whatever else the machine does hits all alike. A ratio is our images a second divided by the other's in that round; the
same of seconds of processor time, of all threads, hardly depends on what else the machine does.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks import interleave

SIZE, BATCH, EPOCHS, VALIDATED = 64, 32, 3, 256
SHEAR, ZOOM = 0.2, 0.2  # degrees; fraction
COURSE = "cats_dogs_course"
WITH_ONEDNN = "_with_onednn"
OUT = Path("reports/benchmarks/training.json")


class Moment(NamedTuple):
    """The end of an epoch; seconds from some beginning."""

    wall: float
    processors: float  # of this process

    @classmethod
    def now(cls) -> "Moment":
        return cls(time.perf_counter(), time.process_time())


class Speed(NamedTuple):
    """Images a second, and a second of processor time."""

    wall: float
    processors: float


def darkroom(home: Path, precision: str = "auto") -> Speed:
    from darkroom.runtime import backends

    backends.use_onednn()
    from darkroom import paths
    from darkroom.commands import presets
    from darkroom.training import device, fit
    from darkroom.training.session import Session, TrainingData

    p = presets.load(COURSE, paths.PRESETS)
    config = p.train.model_copy(update={"epochs": EPOCHS, "batch_size": BATCH, "patience": EPOCHS})
    data = TrainingData(*packs(home))
    device.compute_in(precision)
    device.make_repeatable(p.seed)
    ends: list[Moment] = []
    with tempfile.TemporaryDirectory() as state:
        session = Session(p.seed, Path(state), lambda epoch, row: ends.append(Moment.now()), quiet=True)
        fit.fit(network(), data, config, p.model, session, p.augment)
    return per_second(len(data.train.labels), ends)


def darkroom_in_float32(home: Path) -> Speed:
    return darkroom(home, "float32")


def bare_fit(home: Path) -> Speed:
    train, _ = packs(home)
    return trained(home, len(train.labels), x=train.images[:], y=train.labels, batch_size=BATCH)


def image_dataset_from_directory(home: Path) -> Speed:
    import keras
    import tensorflow as tf
    from keras import layers

    n_images = keras.utils.image_dataset_from_directory(
        home / "train", image_size=(SIZE, SIZE), batch_size=BATCH, shuffle=False, verbose=False
    )
    flip, zoom, shear = layers.RandomFlip("horizontal"), layers.RandomZoom(ZOOM, ZOOM), layers.RandomShear(SHEAR / 57.3)

    def change(images, labels):
        return shear(zoom(flip(images, training=True), training=True), training=True), labels

    n_images = n_images.cache().shuffle(300, seed=1).map(change, num_parallel_calls=tf.data.AUTOTUNE)
    return trained(home, len(jpegs(home / "train")), x=n_images.prefetch(tf.data.AUTOTUNE))


def image_data_generator(home: Path) -> Speed:
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    changing = ImageDataGenerator(shear_range=SHEAR, zoom_range=ZOOM, horizontal_flip=True)
    flow = changing.flow_from_directory(home / "train", (SIZE, SIZE), batch_size=BATCH, class_mode="sparse", seed=1)
    return trained(home, flow.samples, x=flow)


OURS = {variant.__name__: variant for variant in (darkroom, darkroom_in_float32)}
USUAL = {variant.__name__: variant for variant in (bare_fit, image_dataset_from_directory, image_data_generator)}
VARIANTS = {**OURS, **USUAL, **{name + WITH_ONEDNN: variant for name, variant in USUAL.items()}}


def choose_instructions(variant: str, *, avx2: bool) -> None:
    """Set what oneDNN and TensorFlow read when they are imported."""
    if avx2:
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    if variant.endswith(WITH_ONEDNN):
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    elif avx2 and variant in USUAL:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"


def network():
    from darkroom import params, paths
    from darkroom.commands import presets
    from darkroom.networks import architectures

    hparams = params.with_value(presets.load(COURSE, paths.PRESETS).model, "output", "softmax")
    return architectures.build(hparams, shape=(SIZE, SIZE, 3), classes=2, spec={})


def trained(home: Path, n_images: int, **data) -> Speed:
    """Images a second of `model.fit`."""
    import keras

    keras.utils.set_random_seed(1)
    _, val = packs(home)
    ends: list[Moment] = []
    mark = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(Moment.now()))
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    checked = (val.images[:], val.labels)
    model.fit(**data, validation_data=checked, validation_batch_size=256, epochs=EPOCHS, callbacks=[mark], verbose=0)
    return per_second(n_images, ends)


def per_second(n_images: int, ends: list[Moment]) -> Speed:
    trained = n_images * (EPOCHS - 1)
    return Speed(trained / (ends[-1].wall - ends[0].wall), trained / (ends[-1].processors - ends[0].processors))


def packs(home: Path) -> tuple:
    from darkroom import packed_data

    train, val = packed_data.read(home / "packed").split("train"), packed_data.read(home / "packed").split("test")
    return train, replace(val, images=val.images[:VALIDATED], labels=val.labels[:VALIDATED])


def jpegs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))


def prepare(archive: Path, home: Path, n_images: int) -> int:
    """The archive's training images as files and as arrays, the same of both; returns how many."""
    from darkroom import manifest, paths
    from darkroom.commands import presets
    from darkroom.dataset import layout, listing, packing
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.ingest import sources

    p = presets.load(COURSE, paths.PRESETS)
    sources.unpack(archive, home / "images", p.ingest)
    images = reading.open_store(home / "images")
    listed = listing.build(images, layout.read(images), p.validate, cache=home / "facts")
    train = [row for row in manifest.used(listed.rows) if row["split"] == "train"]
    rows = sorted(train, key=lambda row: row["sha256"])[:n_images]  # in no order, so that classes are mixed
    rest = [row for row in listed.rows if row["split"] != "train"]
    limits = DecodeLimits(p.validate.max_pixels)
    packing.write([*rows, *rest], images, home / "packed", p.preprocess, limits, home / "c")
    for row in rows:
        target = home / "train" / row["label"] / Path(row["path"]).name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(images.read(row["path"]))
    return len(rows)


def compare(home: Path, rounds: int, *, avx2: bool) -> dict:
    ours, words = ("darkroom_in_float32", ["--avx2"]) if avx2 else ("darkroom", [])
    variants = [variant for variant in VARIANTS if not avx2 or variant != "darkroom"]
    speeds = interleave.run_interleaved("benchmarks.training", variants, rounds, "--data", home, *words)
    wall, processors = (
        {variant: [result[i] for result in results] for variant, results in speeds.items()}
        for i in range(len(Speed._fields))
    )
    return {
        "ratios": ratios(wall, ours),
        "ratios_of_processor_time": ratios(processors, ours),
        "images_per_second": {variant: interleave.spread(values) for variant, values in wall.items()},
        "images_per_processor_second": {variant: interleave.spread(values) for variant, values in processors.items()},
    }


def ratios(speeds: dict[str, list[float]], ours: str) -> dict[str, dict]:
    return {variant: interleave.ratios(speeds[ours], values) for variant, values in speeds.items() if variant != ours}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the archive of the cats-and-dogs course")
    parser.add_argument("--n-images", type=int, default=8000, help="to train on, at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--avx2", action="store_true", help="hold oneDNN to the instructions of AVX2")
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        choose_instructions(args.variant, avx2=args.avx2)
        print(json.dumps(VARIANTS[args.variant](args.data)))
        return

    from benchmarks import presets
    from darkroom.runtime import files

    with tempfile.TemporaryDirectory() as home:
        n_images = prepare(args.data, Path(home), args.n_images)
        result = compare(Path(home), args.rounds, avx2=args.avx2)
    settings = {"images": n_images, "image_size": SIZE, "batch_size": BATCH}
    written = files.read_object(OUT) if OUT.exists() else {}
    kind = "avx2" if args.avx2 else "as_it_is"
    files.write_json(OUT, {**written, kind: {**result, **settings, **presets.machine()}})
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
