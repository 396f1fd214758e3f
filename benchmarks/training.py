"""How fast images train: ours against three usual ways, the same network on the same images.

    python -m benchmarks.training --data ARCHIVE [--images 8000] [--rounds 5]

The network, the batch of 32 and the changes (shear, zoom, mirror) are those of the cats-and-dogs course; the archive
has a training folder. `image_data_generator` is the course's own flow_from_directory, `image_dataset_from_directory`
holds decoded images in memory, `bare_fit` is `model.fit` on arrays and changes no image. They compute in float32,
Keras' default; `darkroom_in_float32` says what ours owes to bfloat16, where the device has it.
Each run is a process of its own. An epoch counts with its validation on 256 images and, for ours, with writing
the state that makes it safe to kill; the first epoch, which compiles, does not count. Rounds take turns, so that
whatever else the machine does hits all alike. A ratio is our images a second divided by the other's in that round.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks import interleave

SIZE, BATCH, EPOCHS, VALIDATED = 64, 32, 3, 256
SHEAR, ZOOM = 0.2, 0.2  # degrees; fraction
COURSE = "cats_dogs_course"
VENDORS = ("tensorflow", "keras", "numpy")
OUT = Path("reports/benchmarks/training.json")


def darkroom(home: Path, precision: str = "auto") -> float:
    from darkroom import paths
    from darkroom.commands import presets
    from darkroom.training import device, fit
    from darkroom.training.session import Session, TrainingData

    p = presets.load(COURSE, paths.PRESETS)
    config = p.train.model_copy(update={"epochs": EPOCHS, "batch_size": BATCH, "patience": EPOCHS})
    data = TrainingData(*packs(home))
    device.compute_in(precision)
    device.make_repeatable(p.seed)
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as state:
        session = Session(p.seed, Path(state), lambda epoch, row: ends.append(time.perf_counter()), quiet=True)
        fit.fit(network(), data, config, p.model, session, p.augment)
    return per_second(len(data.train.labels), ends)


def darkroom_in_float32(home: Path) -> float:
    return darkroom(home, "float32")


def bare_fit(home: Path) -> float:
    train, _ = packs(home)
    return trained(home, len(train.labels), x=train.images[:], y=train.labels, batch_size=BATCH)


def image_dataset_from_directory(home: Path) -> float:
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


def image_data_generator(home: Path) -> float:
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    changing = ImageDataGenerator(shear_range=SHEAR, zoom_range=ZOOM, horizontal_flip=True)
    flow = changing.flow_from_directory(home / "train", (SIZE, SIZE), batch_size=BATCH, class_mode="sparse", seed=1)
    return trained(home, flow.samples, x=flow)


USUAL = (bare_fit, image_dataset_from_directory, image_data_generator)
VARIANTS = {variant.__name__: variant for variant in (darkroom, darkroom_in_float32, *USUAL)}


def network():
    from darkroom import params, paths
    from darkroom.commands import presets
    from darkroom.networks import architectures

    hparams = params.with_value(presets.load(COURSE, paths.PRESETS).model, "output", "softmax")
    return architectures.build(hparams, shape=(SIZE, SIZE, 3), classes=2, spec={})


def trained(home: Path, n_images: int, **data) -> float:
    """Images a second of `model.fit`."""
    import keras

    keras.utils.set_random_seed(1)
    _, val = packs(home)
    ends: list[float] = []
    mark = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    checked = (val.images[:], val.labels)
    model.fit(**data, validation_data=checked, validation_batch_size=256, epochs=EPOCHS, callbacks=[mark], verbose=0)
    return per_second(n_images, ends)


def per_second(n_images: int, ends: list[float]) -> float:
    return n_images * (EPOCHS - 1) / (ends[-1] - ends[0])


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


def compare(home: Path, rounds: int) -> dict:
    speeds = interleave.run_interleaved("benchmarks.training", VARIANTS, rounds, "--data", home)
    ratios = {
        variant: interleave.ratios(speeds["darkroom"], result)
        for variant, result in speeds.items()
        if variant != "darkroom"
    }
    return {
        "ratios": ratios,
        "images_per_second": {variant: interleave.spread(result) for variant, result in speeds.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the archive of the cats-and-dogs course")
    parser.add_argument("--n-images", type=int, default=8000, help="to train on, at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(VARIANTS[args.variant](args.data))
        return

    from darkroom.runtime import files

    with tempfile.TemporaryDirectory() as home:
        n_images = prepare(args.data, Path(home), args.n_images)
        result = compare(Path(home), args.rounds)
    settings = {"images": n_images, "image_size": SIZE, "batch_size": BATCH}
    files.write_json(OUT, {**result, **settings, **interleave.provenance(*VENDORS)})
    print(json.dumps(result["ratios"], indent=2))


if __name__ == "__main__":
    main()
