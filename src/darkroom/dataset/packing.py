"""Decode every image once, into memory-mapped arrays.

Workers decode, this process writes each image to its row of a file that is as large as it will be from the
start, so memory stays bounded whatever the number of images. Rows that an earlier run made of the same bytes with
the same settings are taken from the cache instead.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import accumulate, chain, count, islice
from pathlib import Path

import numpy as np
from numpy.lib.format import write_array_header_1_0

from darkroom import manifest, packed_data
from darkroom.dataset import file_cache, image_stats
from darkroom.dataset.file_cache import FileCache
from darkroom.dataset.packed_rows import RowLog, open_rows
from darkroom.decoding import bounds, decode
from darkroom.decoding.bounds import DecodeLimits
from darkroom.decoding.decode import PackSettings
from darkroom.formats import names
from darkroom.image_store.reading import ImageStore, ShardReader, StoredFile
from darkroom.manifest import ManifestRow
from darkroom.params import Preprocess
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.table.computed import Computed
from darkroom.table.rows import Rows
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
    *packed_data.PROPERTIES,
)  # of the manifest
CHUNK = 256  # images that are counted at once
PART = 1 << 12  # rows that are written at once


def write(
    rows: Iterable[ManifestRow], store: ImageStore, out: Path, config: Preprocess, limits: DecodeLimits, cache: Path
) -> dict[str, int]:
    """Pack the used images of the manifest into `out` and return how many each split has.

    Raises ArtifactError (exit 4) when an image is no longer the one that was validated, is damaged, or cannot be
    decoded within the limits.
    """
    table = manifest.used(rows)
    classes = manifest.classes(table)
    splits = {name: table.where(own == name for own in table.column("split")) for name in names.SPLITS}
    with files.replacing(out) as partial_out, open_rows(cache, config, limits.max_pixels) as (cached, log):
        arrays = _arrays(list(splits.values()), store, cached, log, limits.worker)
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
    splits: Sequence[Rows[ManifestRow]], store: ImageStore, cache: FileCache, log: RowLog, limits: Limits
) -> Iterator[bytes]:
    """uint8 (s, s, c) for each row of one split after the other, from the cache or else decoded and cached."""
    for split in splits:
        _require_validated(split, store)
    make = partial(_pack, images=store.shards, log=log)
    lost = partial(_lost, limits=limits)
    ends = list(accumulate(map(len, splits)))

    def file(number: int) -> StoredFile:
        split = bisect_right(ends, number)
        return store.file(splits[split][number - ends[split]]["path"])  # counted from its end

    def digests() -> Iterator[str]:
        return chain.from_iterable(split.column("sha256") for split in splits)

    items = Computed(ends[-1], file)
    return file_cache.get_or_make(cache, digests, items, make, title="packing", lost=lost, limits=limits)


def _write_split(
    rows: Rows[ManifestRow],
    classes: Sequence[str],
    arrays: Iterator[bytes],
    out: Path,
    settings: PackSettings,
) -> None:
    out.mkdir(parents=True)
    shape = (len(rows), settings.size, settings.size, settings.channels)
    _save(out / packed_data.IMAGES, "|u1", shape, arrays)
    numbers = {label: number for number, label in enumerate(classes)}
    _save(out / packed_data.LABELS, "<i8", (len(rows),), _labels(rows, numbers))
    _save(out / packed_data.APPEARANCE, "<f4", (len(rows), len(packed_data.PROPERTIES)), _appearance(rows))
    listed = (
        {"row": number, "path": path, "label": label, "cluster": cluster}
        for number, (path, label, cluster) in enumerate(
            zip(rows.column("path"), rows.column("label"), _numbered(rows), strict=True)
        )
    )
    files.write_rows(out / packed_data.PATHS, ("row", "path", "label", "cluster"), listed)


def _labels(rows: Rows[ManifestRow], numbers: Mapping[str, int]) -> Iterator[bytes]:
    for start in range(0, len(rows), PART):
        yield np.array([numbers[label] for label in rows.columns(start, start + PART)["label"]], "<i8").tobytes()


def _appearance(rows: Rows[ManifestRow]) -> Iterator[bytes]:
    table = rows.select(packed_data.PROPERTIES)
    for start in range(0, len(rows), PART):
        columns = table.columns(start, start + PART)
        part = np.stack([np.array(columns[name], "<f4") for name in packed_data.PROPERTIES], axis=1)
        yield part.tobytes()


def _save(path: Path, descr: str, shape: tuple[int, ...], parts: Iterable[bytes]) -> None:
    """Do as `np.save` for an array that comes in parts."""
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        file.writelines(parts)


def _numbered(rows: Rows[ManifestRow]) -> Iterator[int]:
    """The number of the cluster of each row, in the order in which they come."""
    first = {number: group[0] for group in rows.repeated("cluster") for number in group[1:]}
    numbers: dict[int, int] = {}  # of clusters of several rows, by the first
    more = count()
    several = set(first.values())
    for row in range(len(rows)):
        if row in first:
            yield numbers[first[row]]
        else:
            number = next(more)
            if row in several:
                numbers[row] = number
            yield number


def _is_given(rows: Rows[ManifestRow]) -> bool:
    """Whether the archive gave this split, and the draw added nothing to it."""
    pairs = zip(rows.column("given"), rows.column("split"), strict=True)
    return bool(rows) and all(given == split for given, split in pairs)


def _require_validated(rows: Rows[ManifestRow], store: ImageStore) -> None:
    """Raise ArtifactError (exit 4) when a file is missing or not the one that was validated."""
    for file, digest in zip(map(store.file, rows.column("path")), rows.column("sha256"), strict=True):
        if file.sha256 != digest:
            raise _unusable(file, "changed since it was validated")


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
