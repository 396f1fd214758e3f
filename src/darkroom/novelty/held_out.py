"""What new images are compared with: a sample of the validation images, as they looked and as the network saw them.

Training images would not do. A network is surer of what it was trained on, so new images like them would look different
and its accuracy would look higher than it is. The sample is evenly spaced over the validation images, in the order of
their paths, so it has their classes in the same shares.

The price: the epoch that was kept, and the search, had the highest accuracy on these very images, so the accuracy that
is estimated from them is a little high; the fewer they are, the more.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.novelty import array_file, reference
from darkroom.runtime.errors import ArtifactError

FILE = "held_out.npz"  # in a model folder
SAMPLE = 1000  # images; the file then has 300 kB at most
SHORTEST = 1e-6  # a length whose logarithm is kept; that of zeros has none
KINDS: array_file.Kinds = {
    "appearance": (np.float32, 2),
    "features": (np.float16, 2),
    "predicted": (np.int64, 1),
    "confidence": (np.float32, 1),
    "labels": (np.int64, 1),
}


class Images(NamedTuple):
    """n images, as they looked and as the network saw them."""

    appearance: np.ndarray  # float32 (n, 6): `packed_data.PROPERTIES` of the files
    features: np.ndarray  # float16 (n, w + 1), see `images`; (n, 0) where the network was not asked
    predicted: np.ndarray  # int64 (n,): the likeliest class
    confidence: np.ndarray  # float32 (n,): its probability, as the network gives it


class HeldOut(NamedTuple):
    """The arrays of the file: those of `Images`, of n validation images, and their labels."""

    appearance: np.ndarray
    features: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    labels: np.ndarray  # int64 (n,)

    @property
    def images(self) -> Images:
        return Images(*self[:-1])

    @property
    def right(self) -> np.ndarray:
        """bool `(n,)`"""
        return self.predicted == self.labels


def images(appearance: np.ndarray, features: np.ndarray, probabilities: np.ndarray) -> Images:
    """Keep what is compared of images: `appearance` `(n, 6)`, features `(n, d)` and `probabilities` `(n, k)`.

    Of features it is the direction, as in `reference.directions`, and the logarithm of the length: blur shortens them.
    """
    return Images(
        appearance.astype(np.float32),
        (_directions_and_lengths(features) if features.size else features).astype(np.float16),
        probabilities.argmax(1).astype(np.int64),
        probabilities.max(1).astype(np.float32),
    )


def _directions_and_lengths(features: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(features.astype(np.float64), axis=1)
    return np.column_stack([reference.directions(features), np.log(np.maximum(lengths, SHORTEST))])


def rows(n: int) -> np.ndarray:
    """Return the numbers of the images to keep of `n`, ascending int64, evenly spaced."""
    return np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64)


def to_bytes(held_out: HeldOut) -> bytes:
    """The content of the file; equal images give equal bytes."""
    return array_file.to_bytes(held_out)


def read(folder: Path) -> HeldOut:
    """Read the file in the folder of a model or an export.

    Raises ArtifactError (exit 4) when it is missing, as in models of earlier releases, or is not what `to_bytes` makes.
    """
    path = folder / FILE
    if not path.exists():
        what = f"the model has no {FILE}, with which new images are compared: an earlier release made it"
        raise ArtifactError("E_MODEL", what, where=folder, fix="train it again with `dvc repro`, then export it again")
    held_out = HeldOut(**array_file.read(path, KINDS))
    if len({len(array) for array in held_out}) > 1:
        raise ArtifactError("E_MODEL", f"{FILE} does not fit together", where=path, fix="run `dvc repro`")
    return held_out
