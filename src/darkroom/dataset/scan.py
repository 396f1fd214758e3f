"""Read a file's bytes once: its facts, a spectrum to compare it by, and its packed row.

Every image is decoded to its end, and once: headers of 7 in 7 truncated JPEG files look fine. The price is the
decoding, about 0.25 ms for 192 pixels and 40 ms for 12 megapixels, so `parallel` spreads it over the processors. Each
file is decoded by itself, within its limits; the small copies of a batch are then measured together.
Facts depend on the levels of the packed row, which decide what is refused, and on nothing else of it.
"""

import json
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypedDict, cast

import numpy as np

from darkroom.dataset import file_cache, image_stats, small_copies, spectrum
from darkroom.dataset.image_stats import ImageStats
from darkroom.dataset.packed_rows import RowLog
from darkroom.dataset.small_copies import Small
from darkroom.decoding import bounds, decode
from darkroom.decoding.decode import ImageFacts
from darkroom.decoding.levels import Levels
from darkroom.image_store.reading import ShardReader, StoredFile
from darkroom.workers.serving import Batched, Limits, Loss


class Identity(TypedDict):
    """What the bytes of a file tell without decoding."""

    bytes: int
    sha256: str


class FileFacts(ImageFacts, ImageStats, Identity):
    """The columns of a manifest that are read from the file itself."""

    bad: str


NO_IMAGE = ImageFacts(pixels="", width=0, height=0, mode="", format="", note="")  # facts of a bad image
NO_STATS = cast(ImageStats, dict.fromkeys(ImageStats.__annotations__, 0.0))
FLAT = spectrum.FLAT  # its spectrum


class Inspected(NamedTuple):
    """What decoding a file leaves to be measured."""

    identity: Identity
    facts: ImageFacts
    small: Small | None  # None for a bad image, whose reason is `bad`
    row: np.ndarray | None  # packed
    bad: str = ""


def scanner(images: ShardReader, max_pixels: int, log: Path | None = None, rows: RowLog | None = None) -> Batched:
    """A function of a file in `images`, for `parallel.map`.

    It returns the spectrum and the facts of the file, for `frequencies` and `facts` to take apart. They are cached in
    `log`, and the packed row of a good image in `rows`.
    """
    each = partial(_inspect, images=images, max_pixels=max_pixels, rows=rows)
    return Batched(each, partial(_measure, log=log, rows=rows))


def facts(record: bytes, min_size: int) -> FileFacts:
    """The facts of a record. An image with less than `min_size` pixels of width or height is bad."""
    facts: FileFacts = json.loads(record[FLAT.nbytes :])
    if facts["bad"] or min(facts["width"], facts["height"]) >= min_size:
        return facts
    facts["bad"] = f"{facts['width']} x {facts['height']}, below {min_size} pixels"
    return facts


def frequencies(record: bytes) -> np.ndarray:
    """The low frequencies of the image, float16 (16, 16)."""
    return np.frombuffer(record, FLAT.dtype, FLAT.size).reshape(FLAT.shape)


def lost_image(file: StoredFile, loss: Loss, *, limits: Limits) -> bytes:
    """As a `scanner`, for a file that could not be decoded within the limits, made without decoding it.

    It is not cached: the memory of the machine may have run out just then. The price: each run pays for it again.
    """
    return _bad_record(_identity(file), bounds.reason(loss, limits))


def levels_of(rows: RowLog | None) -> Levels:
    return rows.settings.levels if rows else Levels()


def _inspect(file: StoredFile, *, images: ShardReader, max_pixels: int, rows: RowLog | None) -> Inspected:
    data, identity = images.read(file), _identity(file)
    try:
        if rows and rows.log:
            return Inspected(identity, *decode.inspect_and_pack(data, rows.settings))
        return Inspected(identity, *decode.inspect(data, max_pixels=max_pixels, levels=levels_of(rows)), None)
    except decode.BadImage as reason:
        return Inspected(identity, NO_IMAGE, None, None, str(reason))


def _measure(inspected: list[Inspected], *, log: Path | None, rows: RowLog | None) -> list[bytes]:
    """The record of each file, after they have been added to the logs."""
    records = [b"" if file.small is not None else _bad_record(file.identity, file.bad) for file in inspected]
    for numbers, copies in small_copies.by_size([file.small for file in inspected]):
        measured = zip(numbers, image_stats.compute(copies), spectrum.compute(copies.grey), strict=True)
        for number, stats, own in measured:
            records[number] = _record(inspected[number].identity, inspected[number].facts, stats, own)
    digests = [file.identity["sha256"] for file in inspected]
    file_cache.add(log, dict(zip(digests, records, strict=True)))
    if rows:
        rows.add({digest: file.row for digest, file in zip(digests, inspected, strict=True) if file.row is not None})
    return records


def _identity(file: StoredFile) -> Identity:
    return {"bytes": file.bytes, "sha256": file.sha256}


def _record(identity: Identity, seen: ImageFacts, stats: ImageStats, own: np.ndarray, bad: str = "") -> bytes:
    facts: FileFacts = {**seen, **stats, **identity, "bad": bad}
    return own.tobytes() + json.dumps(facts).encode()


def _bad_record(identity: Identity, reason: str) -> bytes:
    return _record(identity, NO_IMAGE, NO_STATS, FLAT, reason)
