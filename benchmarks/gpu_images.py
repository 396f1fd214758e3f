"""The images of benchmarks.gpu: an archive packed into one file of about 20 MB, which a machine can be handed.

Two mosaics as JPEG, which spares the header of each image, with their labels.
"""

import io
import math
import tempfile
from pathlib import Path

import numpy as np

SIZE = 32  # pixels
QUALITY = 75  # of the mosaics; at 85 they would have 30 MB


def pack(archive: Path, path: Path) -> None:
    """Decode the images of the archive at SIZE pixels, and write them as two mosaics with their labels."""
    from darkroom import manifest, packed_data, paths
    from darkroom.commands import presets
    from darkroom.dataset import layout, listing, packing
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.ingest import sources

    p = presets.load("cifar10", paths.PRESETS)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sources.unpack(archive, home / "images", p.ingest)
        images = reading.open_store(home / "images")
        rows = manifest.used(listing.build(images, layout.read(images), p.validate, cache=home / "facts").rows)
        limits = DecodeLimits(p.validate.max_pixels)
        packing.write(rows, images, home / "packed", p.preprocess, limits, home / "c")
        packed = packed_data.read(home / "packed")
        train, val, test = (packed.split(name) for name in ("train", "val", "test"))
        parts = {
            "train": mosaic(np.concatenate([train.images, val.images])),
            "train_labels": np.concatenate([train.labels, val.labels]).astype("uint8"),
            "test": mosaic(np.asarray(test.images)),
            "test_labels": test.labels.astype("uint8"),
        }
        np.savez(path, **parts)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def mosaic(images: np.ndarray) -> np.ndarray:
    """The bytes of a JPEG file that shows all images uint8 `(n, s, s, 3)` in rows; colours blend at their edges."""
    from PIL import Image

    n, size = images.shape[:2]
    side = math.ceil(math.sqrt(n))
    tiles = np.zeros((side * side, size, size, 3), np.uint8)
    tiles[:n] = images
    sheet = tiles.reshape(side, side, size, size, 3).swapaxes(1, 2).reshape(side * size, side * size, 3)
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "JPEG", quality=QUALITY, optimize=True)
    return np.frombuffer(file.getvalue(), np.uint8)


def tiles(encoded: np.ndarray, n: int) -> np.ndarray:
    """The first `n` images of a `mosaic`."""
    from PIL import Image

    sheet = np.asarray(Image.open(io.BytesIO(encoded.tobytes())))
    side = len(sheet) // SIZE
    return sheet.reshape(side, SIZE, side, SIZE, 3).swapaxes(1, 2).reshape(-1, SIZE, SIZE, 3)[:n]


def read(path: Path, limit: int) -> tuple:
    """The training and the test images of a file that `pack` wrote, `limit` of each at most, in no order."""
    with np.load(path) as file:
        splits = []
        for name in ("train", "test"):
            labels = file[f"{name}_labels"]
            rows = np.random.default_rng(1).permutation(len(labels))[: limit or None]
            splits.append(split(tiles(file[name], len(labels))[rows], labels[rows]))
    return tuple(splits)


def noise(n: int, size: int):
    rng = np.random.default_rng(size)
    return split(rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8), np.arange(n) % 2)


def split(images: np.ndarray, labels: np.ndarray):
    from darkroom.packed_data import Split

    n, classes = len(labels), tuple(map(str, range(labels.max() + 1)))
    return Split(images, labels.astype("int64"), tuple(map(str, range(n))), np.arange(n), classes, {})
