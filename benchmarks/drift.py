"""How often `darkroom drift` raises an alarm, on images that changed and on images that did not, and what it estimates.

    python -m benchmarks.drift --data ARCHIVE --other ARCHIVE [--draws 100] [--epochs 8]

The images of ARCHIVE, a zip with a folder for each class, are shuffled and divided into training images, validation
images and a pool that no training sees. A small network is trained, and keeps its held-out images as every model does.
Then the pool is changed in each of CHANGES, and 200 images are drawn of it again and again. Of `same`, which is not
changed, the held-out images are drawn anew REFERENCES times too, since a sample that is unlike the others by chance
alarms more often. `covered` counts the draws whose accuracy lies in the interval that is estimated without labels.
"""

import argparse
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from benchmarks import interleave

if TYPE_CHECKING:
    import keras

    from darkroom.novelty.held_out import HeldOut, Images

SEED, SIZE = 1, 48  # pixels of an input
TRAIN, VAL, POOL = 4_000, 1_500, 1_500  # images
DRAWN, ALPHA, REFERENCES = 200, 0.05, 5
CAST, NOISE = (1.12, 1.0, 0.88), 8.0  # of another camera: factors of red, green and blue; grey levels
FINE, COARSE = 90, 50  # quality of the JPEGs of changed images, and of those of another camera
LEAST = 100  # images of a class
ENDINGS = (".jpg", ".jpeg", ".png")
VENDORS = ("keras", "tensorflow", "numpy", "scipy", "scikit-learn", "pillow")
OUT = Path("reports/benchmarks/drift.json")
Change = Callable[[Image.Image], Image.Image]


class Picture(NamedTuple):
    data: bytes
    label: str


def slightly_darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.9)


def darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.6)


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 64))


def another_camera(image: Image.Image) -> Image.Image:
    """Give it a colour cast and noise; `changed` saves it as a coarse JPEG."""
    pixels = np.asarray(image) * np.array(CAST)
    noise = np.random.default_rng(SEED).normal(0, NOISE, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    change.__name__: change for change in (slightly_darkened, darkened, blurred, another_camera)
}


def changed_all(pictures: list[Picture], change: Change) -> list[Picture]:
    return [Picture(changed(picture.data, change), picture.label) for picture in pictures]


def changed(data: bytes, change: Change) -> bytes:
    buffer = BytesIO()
    quality = COARSE if change is another_camera else FINE
    change(Image.open(BytesIO(data)).convert("RGB")).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def shuffled(archive: Path, most: int) -> list[Picture]:
    """At most so many images of the folders that have LEAST and more, in random order."""
    with zipfile.ZipFile(archive) as members:
        images = sorted(name for name in members.namelist() if name.lower().endswith(ENDINGS))
        sizes = Counter(Path(name).parent.name for name in images)
        wanted = [name for name in images if sizes[Path(name).parent.name] >= LEAST]
        order = np.random.default_rng(SEED).permutation(len(wanted))[:most]
        return [Picture(members.read(wanted[i]), Path(wanted[i]).parent.name) for i in order]


class Pool(NamedTuple):
    """What is known of n images that are drawn from."""

    images: "Images"
    right: np.ndarray  # bool (n,)

    def draw(self, rng: np.random.Generator) -> "Pool":
        rows = rng.permutation(len(self.right))[:DRAWN]
        return Pool(type(self.images)(*(array[rows] for array in self.images)), self.right[rows])


class Model(NamedTuple):
    network: "keras.Model"  # of `penultimate.with_features`
    spec: dict[str, Any]

    def look(self, pictures: list[Picture]) -> Pool:
        from darkroom.novelty import held_out, penultimate

        pixels, appearance = decoded(pictures, self.spec)
        images = held_out.images(appearance, *penultimate.outputs(self.network, pixels))
        return Pool(images, images.predicted == labels(pictures, self.spec["classes"]))


def decoded(pictures: list[Picture], spec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of a model with `spec`, uint8 `(n, s, s, 3)`, and what the files look like, float32 `(n, 6)`."""
    from darkroom.inference import predict, request_log
    from darkroom.packed_data import PROPERTIES

    made = list(predict.made([picture.data for picture in pictures], spec, bytes, request_log.measured))
    looks = [[one.appearance[name] for name in PROPERTIES] for one in made]
    return np.stack([one.pixels for one in made]), np.array(looks, np.float32)


def labels(pictures: list[Picture], classes: list[str]) -> np.ndarray:
    """The numbers of the classes, -1 for images of another set."""
    return np.array([classes.index(one.label) if one.label in classes else -1 for one in pictures])


def train(training: list[Picture], val: list[Picture], epochs: int) -> Model:
    """Train the network of the defaults."""
    from darkroom import params, paths
    from darkroom.networks import recipe
    from darkroom.novelty import penultimate
    from darkroom.packed_data import Split
    from darkroom.training.session import Session, TrainingData

    classes = sorted({picture.label for picture in training})
    spec = {"classes": classes, "image_size": SIZE, "color": "rgb", "fit": "stretch", "max_pixels": 50_000_000}

    def split(part: list[Picture]) -> Split:
        numbers = np.arange(len(part))
        pixels, _ = decoded(part, spec)
        return Split(pixels, labels(part, classes), tuple(map(str, numbers)), numbers, tuple(classes), spec)

    p = params.load(paths.PRESETS / "defaults.yaml")
    config = p.train.model_copy(update={"epochs": epochs, "patience": epochs, "batch_size": 64})
    augment = p.augment.model_copy(update={"flip_horizontal": True})
    with tempfile.TemporaryDirectory() as state:
        data = TrainingData(split(training), split(val))
        network = recipe.train_network(p.model, data, config, augment, Session(SEED, Path(state))).network
    model = penultimate.with_features(network)
    assert model is not None
    return Model(model, spec)


def references(model: Model, val: list[Picture]) -> "list[HeldOut]":
    """Held-out images that a model could have kept, each a random sample of the validation images."""
    from darkroom.novelty import held_out

    images, known = model.look(val).images, labels(val, model.spec["classes"])
    samples = [np.random.default_rng([SEED, n]).permutation(len(val))[: held_out.SAMPLE] for n in range(REFERENCES)]
    return [held_out.HeldOut(*(array[rows] for array in images), known[rows]) for rows in samples]


class Draw(NamedTuple):
    moved: list[str]
    accuracy: float
    estimated: float
    covered: bool


def compare(known: "HeldOut", classes: list[str], pool: Pool, seeds: list[int]) -> Draw:
    from darkroom.drift import comparison

    images, right = pool.draw(np.random.default_rng([SEED, *seeds]))
    found = comparison.compare(known, images, classes, ALPHA)
    accuracy = float(right.mean())
    covered = found.accuracy.low <= accuracy <= found.accuracy.high
    return Draw([finding.name for finding in found.moved], accuracy, found.accuracy.value, covered)


def summary(draws: list[Draw]) -> dict:
    return {
        "draws": len(draws),
        "alarms": sum(bool(draw.moved) for draw in draws),
        "moved": dict(Counter(name for draw in draws for name in draw.moved).most_common()),
        "accuracy": round(float(np.mean([draw.accuracy for draw in draws])), 4),
        "estimated": round(float(np.mean([draw.estimated for draw in draws])), 4),
        "covered": sum(draw.covered for draw in draws),
    }


def run(data: Path, other: Path | None, draws: int, epochs: int) -> dict:
    pictures = shuffled(data, TRAIN + VAL + POOL)
    training, val, pool = pictures[:TRAIN], pictures[TRAIN : TRAIN + VAL], pictures[TRAIN + VAL :]
    model = train(training, val, epochs)
    known, classes = references(model, val), model.spec["classes"]
    pools = {"same": lambda: pool} | {name: partial(changed_all, pool, change) for name, change in CHANGES.items()}
    if other:
        pools["another_set"] = partial(shuffled, other, POOL)
    conditions = {}
    for name, make in pools.items():
        seen = model.look(make())
        times = REFERENCES if name == "same" else 1
        by_reference = [[compare(known[r], classes, seen, [r, n]) for n in range(draws)] for r in range(times)]
        conditions[name] = summary([draw for part in by_reference for draw in part])
        if times > 1:
            conditions[name]["alarms_by_held_out_images"] = [summary(part)["alarms"] for part in by_reference]
        print(name, conditions[name], flush=True)
    settings = {"images": DRAWN, "held_out": len(known[0].labels), "alpha": ALPHA, "epochs": epochs, "image_size": SIZE}
    sizes = {"training": len(training), "validation": len(val), "pool": len(pool), "classes": len(classes)}
    return {"conditions": conditions, **settings, **sizes, "data": data.stem, "other": other.stem if other else None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a zip with a folder of images for each class")
    parser.add_argument("--other", type=Path, help="a zip of images of another kind")
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()

    from darkroom.runtime import files

    result = run(args.data, args.other, args.draws, args.epochs)
    files.write_json(OUT, {**result, **interleave.provenance(*VENDORS)})
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
