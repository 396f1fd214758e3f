"""Decode every image once, into memory-mapped arrays.

Workers decode, this process writes each image to its row of a file that is as large as it will be from the
start, so memory stays bounded whatever the number of images. Rows that an earlier run made of the same bytes with
the same settings are taken from the cache instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0

from darkroom import manifest, packed_data
from darkroom.dataset import file_cache, image_stats
from darkroom.dataset.file_cache import FileCache, RowLog, open_rows
from darkroom.decoding import bounds, decode
from darkroom.decoding.bounds import DecodeLimits
from darkroom.decoding.decode import PackSettings
from darkroom.formats import names
from darkroom.image_store.reading import ImageStore, ShardReader, StoredFile
from darkroom.manifest import ManifestRow
from darkroom.params import Preprocess
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.workers.serving import Limits, Loss

COLUMNS = (
    "path",
    "label",
    "given",
    "split",
    "cluster",
    "sha256",
    "bad",
    "dropped",
)  # of the manifest
CHUNK = 256  # images that are counted at once


def write(
    rows: Sequence[ManifestRow], store: ImageStore, out: Path, config: Preprocess, limits: DecodeLimits, cache: Path
) -> dict[str, int]:
    """Pack the used images of the manifest into `out` and return how many each split has.

    Raises ArtifactError (exit 4) when an image is no longer the one that was validated, is damaged, or cannot be
    decoded within the limits.
    """
    rows = manifest.used(rows)
    classes = manifest.classes(rows)
    splits = {name: [row for row in rows if row["split"] == name] for name in names.SPLITS}
    with files.replacing(out) as partial_out, open_rows(cache, config, limits.max_pixels) as (cached, log):
        arrays = _arrays(list(chain(*splits.values())), store, cached, log, limits.worker)
        for name, members in splits.items():
            _write_split(members, classes, islice(arrays, len(members)), partial_out / name, log.settings)
        mean, deviation = statistics(np.load(partial_out / "train" / packed_data.IMAGES, mmap_mode="r"))
        spec = {
            "classes": classes,
            "given_splits": [name for name in names.SPLITS if _is_given(splits[name])],
            "image_size": config.image_size,
            "color": config.color,
            "fit": config.fit,
            "max_pixels": limits.max_pixels,
            "levels": asdict(log.settings.levels),
            "normalise": config.normalise,
            "mean": mean,
            "deviation": deviation,
        }
        files.write_json(partial_out / packed_data.SPEC, spec)
        sealing.seal(partial_out)
    return {name: len(members) for name, members in splits.items()}


def statistics(images: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of uint8 (n, s, s, c), in grey levels.

    Computed from counts, not from a sum of floats, so the order of the images does not matter. A channel without any
    variation, which nothing should be divided by, has the deviation 1.
    """
    counts = np.zeros((images.shape[-1], image_stats.LEVELS), np.int64)
    for start in range(0, len(images), CHUNK):
        counts += image_stats.histogram(images[start : start + CHUNK])
    levels, n = np.arange(image_stats.LEVELS), np.maximum(counts.sum(1), 1)
    mean = counts @ levels / n
    deviation = np.sqrt((counts * (levels - mean[:, None]) ** 2).sum(1) / n)
    return mean.tolist(), np.where(deviation > 0, deviation, 1.0).tolist()


def _arrays(
    rows: Sequence[ManifestRow], store: ImageStore, cache: FileCache, log: RowLog, limits: Limits
) -> Iterator[np.ndarray]:
    """uint8 (s, s, c) for each row, in order, from the cache or else decoded and cached."""
    make = partial(_pack, images=store.shards, log=log)
    lost = partial(_lost, limits=limits)
    items = [(row["sha256"], _validated(row, store)) for row in rows]
    for data in file_cache.get_or_make(cache, items, make, title="packing", lost=lost, limits=limits):
        yield np.frombuffer(data, np.uint8).reshape(log.settings.size, log.settings.size, -1)


def _write_split(
    rows: Sequence[ManifestRow],
    classes: Sequence[str],
    arrays: Iterator[np.ndarray],
    out: Path,
    settings: PackSettings,
) -> None:
    out.mkdir(parents=True)
    shape = (len(rows), settings.size, settings.size, settings.channels)
    with (out / packed_data.IMAGES).open("wb") as file:
        write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for array in arrays:
            file.write(array.data)
    numbers = {label: number for number, label in enumerate(classes)}
    np.save(out / packed_data.LABELS, np.array([numbers[row["label"]] for row in rows], np.int64))
    clusters: dict[str, int] = {}  # numbered in the order of the rows
    listed = (
        {
            "row": number,
            "path": row["path"],
            "label": row["label"],
            "cluster": clusters.setdefault(row["cluster"], len(clusters)),
        }
        for number, row in enumerate(rows)
    )
    files.write_rows(out / packed_data.PATHS, ("row", "path", "label", "cluster"), listed)


def _is_given(rows: Sequence[ManifestRow]) -> bool:
    """Whether the archive gave this split, and the draw added nothing to it."""
    return bool(rows) and all(row["given"] == row["split"] for row in rows)


def _validated(row: ManifestRow, store: ImageStore) -> StoredFile:
    """The file of the row. Raises ArtifactError (exit 4) when it is not the one that was validated."""
    file = store.file(row["path"])
    if file.sha256 != row["sha256"]:
        raise _unusable(file, "changed since it was validated")
    return file


def _pack(file: StoredFile, *, images: ShardReader, log: RowLog) -> bytes:
    """uint8 (s, s, c)."""
    try:
        array = decode.to_array(images.read(file), log.settings)
    except decode.BadImage as reason:
        raise _unusable(file, f"cannot be packed: {reason}") from reason
    log.add({file.sha256: array})
    return array.tobytes()


def _lost(file: StoredFile, loss: Loss, *, limits: Limits) -> bytes:
    raise _unusable(file, f"cannot be packed: {bounds.reason(loss, limits)}")


def _unusable(file: StoredFile, why: str) -> ArtifactError:
    return ArtifactError("E_ARTIFACT", f"{file} {why}", where=file, fix="run `dvc repro validate`")
