"""Pictures as arrays: what training, searching and evaluating read.

A folder `train`, `val` and `test` each, with `images.npy`, `labels.npy` and `paths.csv`, a `spec.json` that says
how the pictures were made, and an inventory. `packing` writes it; editing that never retrains a model whose
arrays stay the same.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkroom import files

SPEC = "spec.json"
IMAGES, LABELS, PATHS = "images.npy", "labels.npy", "paths.csv"


@dataclass(frozen=True)
class Pack:
    """One side: n pictures of s x s pixels with c channels, and k classes."""

    images: np.memmap  # uint8 (n, s, s, c), read from disk as it is used
    labels: np.ndarray  # int64 (n,), 0 to k - 1
    paths: tuple[str, ...]  # n, relative to data/images
    classes: tuple[str, ...]  # k, sorted by code point
    spec: dict  # classes, image_size, color, fit, max_pixels: what predict needs to make the same pictures


def read(folder: Path, side: str) -> Pack:
    """`side` is train, val or test. Raises ArtifactError (exit 4) when anything in `folder` is missing or damaged.

    The check hashes the folder, about a second for 1 GB.
    """
    files.verify(folder)
    spec = files.read_json(folder / SPEC)
    return Pack(
        images=np.load(folder / side / IMAGES, mmap_mode="r"),
        labels=np.load(folder / side / LABELS),
        paths=tuple(row["path"] for row in files.read_rows(folder / side / PATHS)),
        classes=tuple(spec["classes"]),
        spec=spec,
    )
