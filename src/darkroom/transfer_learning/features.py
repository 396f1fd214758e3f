"""The features that a frozen network gives for each image, computed once and cached under the images' own digests.

Images are handled in groups whose borders follow from the images alone, so that an image which is added later
costs the group it falls into and no other. The changes of an augmented copy are drawn from the digest of the group:
the same images give the same copies, whatever else is in the data set, whatever was cached before and whichever
version of this code reads them.
The price is disk: 4 bytes per feature, image and copy, 51 MB for 10,000 images of 1,280 features.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from darkroom.params import Augment
from darkroom.runtime import files, progress
from darkroom.training import augment, checksummed, device, draws, memory, warping
from darkroom.workers import engine

GROUP = 64  # images on average, the sizes are geometrically distributed
BATCH = 64  # images at a time, at most
CODE = (augment.__file__, draws.__file__, warping.__file__, __file__)  # all that decides the pixels of a copy


class FeatureCache:
    """The features that `extractor` gives, in `folder`; `identity` names its network and weights.

    It remembers what it read and wrote, so that `sweep` can remove what is no longer needed.
    """

    def __init__(self, extractor: keras.Model, folder: Path, identity: str):
        self.extractor, self.folder, self.used = extractor, folder, set[Path]()
        code = [files.sha256(Path(file)) for file in CODE]
        policy = keras.config.dtype_policy().name
        self.identity = files.fingerprint(identity, policy, code, device.identity())

    def read(self, images: np.ndarray, config: Augment | None = None, *, seed: int = 0, copy: int = 0) -> np.ndarray:
        """Return float32 `(n, d)` for uint8 `(n, s, s, c)`: of the images, or of their copy number `copy`.

        A copy is changed as `config` says, with draws that follow from `seed`, `copy` and the images.
        """
        features = np.empty((len(images), *self.extractor.output_shape[1:]), "float32")
        missing = []
        for rows, digest in _groups([hashlib.sha256(image).hexdigest() for image in images]):
            draw = files.fingerprint([config.model_dump(), seed, copy] if config else None, digest)
            path = self.folder / f"{files.fingerprint(self.identity, images.shape[1:], draw)}.npy"
            self.used.add(path)
            if (cached := _cached(path, len(rows))) is None:
                missing.append(_Group(rows, draw, path))
            else:
                features[rows] = cached
        networks = partial(_Networks.make, self.extractor, images.shape[1:], config, seed, copy)
        computed = engine.each(_compute, networks, ((group, images[group.rows]) for group in missing))
        for group, values in zip(missing, progress.each(computed, len(missing), "computing features"), strict=True):
            features[group.rows] = values
            if _cached(group.path, len(group.rows)) is None:  # it was computed where nobody sees this folder
                _keep(group, values)
        return features

    def sweep(self) -> None:
        """Remove from the folder what was neither read nor written since this object was made."""
        for path in set(self.folder.glob("*.npy")) - self.used:
            path.unlink()


class _Networks(NamedTuple):
    """What the groups of a split have in common."""

    extractor: keras.Model
    changing: keras.Model | None

    @classmethod
    def make(
        cls, extractor: keras.Model, shape: tuple[int, int, int], config: Augment | None, seed: int, copy: int
    ) -> "_Networks":
        changing = augment.network(shape, config, seed=seed) if config else None
        augment.begin_epoch(changing.variables if changing else [], copy)
        return cls(extractor, changing)


class _Group(NamedTuple):
    """Images that are handled together; what they give goes to the file `path`."""

    rows: list[int]
    draw: str  # of the changes, 16 hex digits
    path: Path


def _compute(networks: _Networks, work: tuple[_Group, np.ndarray]) -> np.ndarray:
    """The features of a group and its images, after they were cached."""
    group, images = work
    if networks.changing:
        images = _changed(images, networks.changing, group.draw)
    with memory.limited(BATCH, networks.extractor.input_shape[1:], fix="set transfer.input_size lower"):
        features = _in_batches(networks.extractor.predict_on_batch, images)
    _keep(group, features)
    return features


def _keep(group: _Group, features: np.ndarray) -> None:
    with files.replacing(group.path) as partial_file:
        checksummed.write(partial_file, lambda file: np.save(file, features))


def _groups(digests: list[str]) -> list[tuple[list[int], str]]:
    """Split the rows, in the order of their digests, after each digest whose last digits are divisible by GROUP.

    Each group comes with a digest of its own.
    """
    groups: list[list[int]] = [[]]
    for row in sorted(range(len(digests)), key=digests.__getitem__):
        groups[-1].append(row)
        if int(digests[row][-8:], 16) % GROUP == 0:
            groups.append([])
    return [(rows, files.fingerprint([digests[row] for row in rows])) for rows in groups if rows]


def _cached(path: Path, n: int) -> np.ndarray | None:
    """What an earlier run wrote; a file that is absent, damaged or of another length counts as absent."""
    if not checksummed.intact(path):
        return None
    features = np.load(path)
    return features if len(features) == n else None


def _changed(images: np.ndarray, changing: keras.Model, draw: str) -> np.ndarray:
    """uint8 `(n, s, s, c)`, changed by draws that follow from `draw`, 16 hex digits."""
    draws.reseed(changing.variables, int(draw, 16))
    changed = _in_batches(lambda batch: changing(batch, training=True), images)
    return np.rint(changed.clip(0, 255)).astype("uint8")


def _in_batches(function: Callable[[np.ndarray], Any], images: np.ndarray) -> np.ndarray:
    """What `function` gives for all images, as float32. A short batch is filled up where every shape is compiled."""
    parts = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        filled = np.resize(batch, (BATCH, *batch.shape[1:])) if device.compiles_each_shape() else batch
        parts.append(np.asarray(function(filled), "float32")[: len(batch)])
    return np.concatenate(parts)
