"""Decode every image once, into memory-mapped arrays.

Workers decode, this process writes each image to its row of a file that is as large as it will be from the
start, so memory stays bounded whatever the number of images. Rows that an earlier run made of the same bytes in
the same way are taken from the cache instead.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0

from darkroom import packed_data
from darkroom.dataset import file_cache, image_stats, manifest
from darkroom.dataset.file_cache import Store
from darkroom.dataset.rows import Recipe, opened
from darkroom.decoding import bounds, decode
from darkroom.formats import names
from darkroom.params import Preprocess
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.workers.item_pool import Limits, Loss

COLUMNS = ("path", "label", "split", "sha256", "bad", "dropped")  # of the manifest, as much as packing needs
AT_A_TIME = 256  # images that are counted at once


def write(
    rows: Sequence[dict],
    images: Path,
    out: Path,
    config: Preprocess,
    *,
    max_pixels: int,
    cache: Path,
    max_seconds: float = bounds.SECONDS,
) -> dict[str, int]:
    """Pack the good images of the manifest `rows` into `out` and return how many each side has.

    Raises ArtifactError (exit 4) when an image is no longer the one that was validated, or cannot be decoded within
    `max_seconds` of processor time.
    """
    limits = bounds.of(max_pixels, max_seconds)
    rows = manifest.good(rows)
    classes = manifest.classes(rows)
    sides = {side: [row for row in rows if row["split"] == side] for side in names.SIDES}
    made = {"image_size": config.image_size, "color": config.color, "fit": config.fit, "max_pixels": max_pixels}
    with files.replacing(out) as partial_out, opened(cache, config, max_pixels) as (kept, recipe):
        arrays = _images(list(chain(*sides.values())), images, config, kept, recipe, limits)
        for side, its_rows in sides.items():
            _write_side(its_rows, classes, islice(arrays, len(its_rows)), partial_out / side, config)
        mean, deviation = statistics(np.load(partial_out / "train" / packed_data.IMAGES, mmap_mode="r"))
        layers = {"normalise": config.normalise, "mean": mean, "deviation": deviation}
        files.write_json(partial_out / packed_data.SPEC, {"classes": classes, **made, **layers})
        sealing.seal(partial_out)
    return {side: len(its_rows) for side, its_rows in sides.items()}


def statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of uint8 (n, s, s, c), in grey levels.

    Counted, not summed up in floats, so the order of the images does not matter. A channel without any variation,
    which nothing should be divided by, has the deviation 1.
    """
    counts = np.zeros((images.shape[-1], image_stats.LEVELS), np.int64)
    for start in range(0, len(images), AT_A_TIME):
        counts += image_stats.counts(images[start : start + AT_A_TIME])
    levels, n = np.arange(image_stats.LEVELS), np.maximum(counts.sum(1), 1)
    mean = counts @ levels / n
    deviation = np.sqrt((counts * (levels - mean[:, None]) ** 2).sum(1) / n)
    return mean.tolist(), np.where(deviation > 0, deviation, 1.0).tolist()


def _images(
    rows: Sequence[dict], images: Path, config: Preprocess, kept: Store, recipe: Recipe, limits: Limits
) -> Iterator[np.ndarray]:
    """uint8 (s, s, c) for each row, in order, from what is kept or else made and kept."""
    make = partial(_made, images=images, recipe=recipe)
    lost = partial(_lost, images=images, limits=limits)
    digests = [row["sha256"] for row in rows]
    for image in file_cache.each(kept, digests, rows, make, title="packing", lost=lost, limits=limits):
        yield np.frombuffer(image, np.uint8).reshape(config.image_size, config.image_size, -1)


def _write_side(
    rows: Sequence[dict], classes: Sequence[str], arrays: Iterator[np.ndarray], out: Path, config: Preprocess
) -> None:
    out.mkdir(parents=True)
    shape = (len(rows), config.image_size, config.image_size, 3 if config.color == "rgb" else 1)
    with (out / packed_data.IMAGES).open("wb") as file:
        write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for image in arrays:
            file.write(image)
    places = {label: number for number, label in enumerate(classes)}
    np.save(out / packed_data.LABELS, np.array([places[row["label"]] for row in rows], np.int64))
    listed = ({"row": number, "path": row["path"], "label": row["label"]} for number, row in enumerate(rows))
    files.write_rows(out / packed_data.PATHS, ("row", "path", "label"), listed)


def _made(row: dict, *, images: Path, recipe: Recipe) -> bytes:
    """uint8 (s, s, c). Raises ArtifactError (exit 4) when the file is not the one that was validated."""
    try:
        data = (images / row["path"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            raise _not_validated(row, images, "changed since it was validated")
        image = decode.to_array(data, **recipe.settings)
    except FileNotFoundError as fault:
        raise _not_validated(row, images, "is missing") from fault
    except decode.BadImage as reason:
        raise _not_validated(row, images, f"cannot be packed: {reason}") from reason
    recipe.keep(row["sha256"], image)
    return image.tobytes()


def _lost(row: dict, loss: Loss, *, images: Path, limits: Limits) -> bytes:
    raise _not_validated(row, images, f"cannot be packed: {bounds.reason(loss, limits)}")


def _not_validated(row: dict, images: Path, why: str) -> ArtifactError:
    return ArtifactError("E_ARTIFACT", f"{row['path']} {why}", where=images, fix="run `dvc repro validate`")
