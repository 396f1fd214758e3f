"""Decode every picture once, into memory-mapped arrays.

Workers decode, this process writes each picture to its row of a file that is as large as it will be from the
start, so memory stays bounded whatever the number of pictures.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from darkroom import engine, files
from darkroom.data import decode, manifest, names, pack
from darkroom.errors import ArtifactError
from darkroom.params import Preprocess


def write(rows: Sequence[dict], images: Path, out: Path, how: Preprocess, *, max_pixels: int) -> dict[str, int]:
    """Pack the good pictures of the manifest `rows` into `out` and return how many each side has.

    Raises ArtifactError (exit 4) when a picture is no longer the one that was validated.
    """
    rows = manifest.good(rows)
    classes = manifest.classes(rows)
    sides = {side: [row for row in rows if row["split"] == side] for side in names.SIDES}
    with files.replacing(out) as partial_out:
        for side, its_rows in sides.items():
            _write_side(its_rows, classes, images, partial_out / side, how, max_pixels)
        files.write_json(partial_out / pack.SPEC, {"classes": classes, **how.model_dump(), "max_pixels": max_pixels})
        files.seal(partial_out)
    return {side: len(its_rows) for side, its_rows in sides.items()}


def _write_side(
    rows: Sequence[dict], classes: Sequence[str], images: Path, out: Path, how: Preprocess, max_pixels: int
) -> None:
    out.mkdir(parents=True)
    shape = (len(rows), how.image_size, how.image_size, 3 if how.color == "rgb" else 1)
    packed = open_memmap(out / pack.IMAGES, mode="w+", dtype=np.uint8, shape=shape)
    make = partial(_picture, images=images, how=how, max_pixels=max_pixels)
    try:
        for number, picture in enumerate(engine.map(make, rows, title=f"packing {out.name}")):
            packed[number] = picture
    except decode.BadPicture as reason:
        raise ArtifactError("E_ARTIFACT", str(reason), where=images, fix="run `dvc repro validate`") from reason
    packed.flush()
    np.save(out / pack.LABELS, np.array([classes.index(row["label"]) for row in rows], np.int64))
    listed = ({"row": number, **row} for number, row in enumerate(rows))
    columns = ("row", "path", "label")
    files.write_rows(out / pack.PATHS, columns, ({key: row[key] for key in columns} for row in listed))


def _picture(row: dict, *, images: Path, how: Preprocess, max_pixels: int) -> np.ndarray:
    """uint8 (s, s, c). Raises BadPicture, which a worker can send home, when the file is not the validated one."""
    try:
        data = (images / row["path"]).read_bytes()
    except FileNotFoundError as fault:
        raise decode.BadPicture(f"{row['path']} is missing") from fault
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise decode.BadPicture(f"{row['path']} changed since it was validated")
    return decode.picture(data, size=how.image_size, color=how.color, fit=how.fit, max_pixels=max_pixels)
