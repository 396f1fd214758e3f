"""Images as arrays: what training, searching and evaluating read.

A folder `train`, `val` and `test` each, with `images.npy`, `labels.npy`, `paths.csv` and `appearance.npy` (what the
image files looked like before they were made alike), a `spec.json`, and an inventory. `packing` writes it; editing
that never retrains a model whose arrays stay the same.

The spec has classes, given_splits (the splits that the archive gave; the others were drawn), and image_size, color,
fit, max_pixels and levels, which say how the images were made, and for the layers of a model `normalise` ("unit",
"center" or "standardise"), `mean` and `deviation`: c floats each, the mean and the standard deviation of a channel
over all pixels of the training images, in grey levels from 0 to 255.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError

SPEC = "spec.json"
IMAGES, LABELS, PATHS, APPEARANCE = "images.npy", "labels.npy", "paths.csv", "appearance.npy"
PROPERTIES = ("width", "height", "brightness", "contrast", "colour", "sharpness")  # columns of the manifest

Spec = dict[str, Any]  # the keys that the first lines of this file name


@dataclass(frozen=True)
class Split:
    """One split: n images of s x s pixels with c channels, and k classes."""

    images: np.ndarray  # uint8 (n, s, s, c), a memory map, read from disk as it is used
    labels: np.ndarray  # int64 (n,), 0 to k - 1
    paths: tuple[str, ...]  # n, relative to data/images
    clusters: np.ndarray  # int64 (n,): images with one number are not independent, see `dataset.near_duplicates`
    classes: tuple[str, ...]  # k, sorted by code point
    spec: Spec  # what it takes to make the same images of others, and to normalise them


@dataclass(frozen=True)
class PackedData:
    """A folder that was found whole."""

    folder: Path
    spec: Spec

    def split(self, name: str) -> Split:
        """`name` is train, val or test. Raises ArtifactError (exit 4) when its parts do not fit together."""
        part = self.folder / name
        try:
            paths, clusters = _paths_and_clusters(part / PATHS)
            split = Split(
                images=np.load(part / IMAGES, mmap_mode="r"),
                labels=np.load(part / LABELS),
                paths=paths,
                clusters=clusters,
                classes=tuple(self.spec["classes"]),
                spec=self.spec,
            )
            fits = _fits_together(split)
        except ArtifactError:
            raise
        except Exception as fault:  # of any kind: NumPy parses a header as Python
            raise _unusable(part, f"cannot be read ({type(fault).__name__})") from fault
        if not fits:
            raise _unusable(part, "does not fit together")
        return split


def read(folder: Path) -> PackedData:
    """Raises ArtifactError (exit 4) when anything in `folder` is missing or damaged.

    The check hashes the folder, about a second for 1 GB.
    """
    sealing.verify(folder)
    return PackedData(folder, files.read_object(folder / SPEC))


def read_appearance(folder: Path, name: str) -> np.ndarray:
    """float32 `(n, 6)`: the PROPERTIES of the images of a split. Nothing is compared with the inventory.

    Raises ArtifactError (exit 4) when an earlier release packed the images.
    """
    path = folder / name / APPEARANCE
    if not path.exists():
        raise _unusable(path.parent, f"has no {APPEARANCE}")
    return np.load(path)


def _paths_and_clusters(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Read row by row, as a table of a million dicts would take 1 GB."""
    paths, clusters = [], array("q")
    for row in files.each_row(path):
        paths.append(row["path"])
        clusters.append(int(row["cluster"]))
    return tuple(paths), np.array(clusters, np.int64)


def _fits_together(split: Split) -> bool:
    kinds = split.images.dtype == np.uint8 and split.labels.dtype == np.int64
    shapes = split.images.ndim == 4 and split.labels.shape == split.images.shape[:1] == (len(split.paths),)
    within = not len(split.labels) or (split.labels.min() >= 0 and split.labels.max() < len(split.classes))
    return bool(kinds and shapes and within)


def _unusable(part: Path, why: str) -> ArtifactError:
    return ArtifactError("E_ARTIFACT", f"{part.name} {why}", where=part, fix="run `dvc repro -f preprocess`")
