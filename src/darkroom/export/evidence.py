"""The images on which an exported model is compared with the one that it was made from."""

from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from darkroom import packed_data
from darkroom.inference import inference, predict
from darkroom.metrics import design
from darkroom.metrics.design import Design
from darkroom.packed_data import Split
from darkroom.saving.model_folder import InputSpec

CALIBRATION = 256  # training images that say how large the numbers in a network become
DRAWN = 64
BLOCKS = 1, 2, 4, 8  # pixels: drawn images are noise in squares of these sizes
SEED = 1


class Labels(NamedTuple):
    """The classes of n images, and how these were drawn."""

    numbers: np.ndarray  # int64 (n,)
    design: Design


class Evidence(NamedTuple):
    """The n images; labels are None where the images are drawn, or of other classes than the model's."""

    images: np.ndarray  # uint8 (n, s, s, c)
    labels: Labels | None


def read(packed: Path, spec: InputSpec) -> Evidence:
    """Return the packed test images, or drawn ones where there are none that a model with `spec` could take."""
    split = _split(packed, "test", spec)
    if split is None:
        return Evidence(drawn(spec), None)
    known = list(split.classes) == spec["classes"]
    return Evidence(split.images, Labels(np.asarray(split.labels), design.of_split(split)) if known else None)


def calibration_images(packed: Path, spec: InputSpec) -> np.ndarray | None:
    """Return packed training images uint8 `(n, s, s, c)`, or None where there are none that the model could take."""
    split = _split(packed, "train", spec)
    if split is None:
        return None
    n = len(split.images)
    rows = np.sort(np.random.default_rng(SEED).choice(n, min(CALIBRATION, n), replace=False))  # sorted for the disk
    return np.asarray(split.images[rows])


def drawn(spec: InputSpec) -> np.ndarray:
    """Return noise uint8 `(n, s, s, c)`, coarse and fine, dark and light."""
    rng, size, c = np.random.default_rng(SEED), spec["image_size"], inference.CHANNELS[spec["color"]]
    images = []
    for i in range(DRAWN):
        block = BLOCKS[i % len(BLOCKS)]
        cells = -(-size // block)
        low, high = np.sort(rng.integers(0, 256, 2))
        noise = rng.integers(low, high, (cells, cells, c), np.uint8, endpoint=True)
        images.append(noise.repeat(block, 0).repeat(block, 1)[:size, :size])
    return np.stack(images)


def _split(packed: Path, name: str, spec: InputSpec) -> Split | None:
    if not (packed / packed_data.SPEC).exists():
        return None
    split = packed_data.read(packed).split(name)
    todays_limit: InputSpec = {**spec, "max_pixels": split.spec["max_pixels"]}
    same = predict.pack_settings(todays_limit) == predict.pack_settings(cast(InputSpec, split.spec))
    return split if same and len(split.labels) else None
