"""Read a file's bytes once: its facts, a spectrum to compare it by, and its packed row.

Every image is decoded to its end, and once: headers of 7 in 7 truncated JPEG files look fine. The price is the
decoding, about 0.3 ms for 192 pixels and 40 ms for 12 megapixels, so `parallel` spreads it over the processors.
Facts depend on the levels of the packed row, which decide what is refused, and on nothing else of it.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from darkroom.dataset import file_cache, image_stats, spectrum
from darkroom.dataset.file_cache import RowLog
from darkroom.dataset.image_stats import ImageStats
from darkroom.decoding import bounds, decode
from darkroom.decoding.decode import ImageFacts
from darkroom.decoding.levels import Levels
from darkroom.workers.item_pool import Limits, Loss


class FileFacts(ImageFacts, ImageStats):
    """The columns of a manifest that are read from the file itself."""

    bytes: int
    sha256: str
    bad: str


NO_IMAGE = ImageFacts(pixels="", width=0, height=0, mode="", format="", note="")  # facts of a bad image
NO_STATS = dict.fromkeys(ImageStats.__annotations__, 0.0)
FLAT = spectrum.FLAT  # its spectrum


def scan_image(
    name: str, *, images: Path, max_pixels: int, log: Path | None = None, rows: RowLog | None = None
) -> bytes:
    """The spectrum and the facts of the file `images / name`, for `frequencies` and `facts` to take apart.

    They are cached in `log`, and the packed row of a good image in `rows`.
    """
    data = (images / name).read_bytes()
    identity = _identity(data)
    try:
        seen, small, row = _inspected(data, max_pixels, rows)
        stats = image_stats.compute(small)
        record = _record(identity, seen, stats, spectrum.compute(np.asarray(small.convert("L"))))
    except decode.BadImage as reason:
        record, row = _bad_record(identity, str(reason)), None
    file_cache.add(log, identity["sha256"], record)
    if rows and row is not None:
        rows.add(identity["sha256"], row)
    return record


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


def lost_image(name: str, loss: Loss, *, images: Path, limits: Limits) -> bytes:
    """As `scan_image`, for a file that could not be decoded within the limits, made without decoding it.

    It is not cached: the memory of the machine may have run out just then. The price: each run pays for it again.
    """
    return _bad_record(_identity((images / name).read_bytes()), bounds.reason(loss, limits))


def digest(name: str, *, images: Path) -> str:
    """SHA-256 of the file `images / name`."""
    return hashlib.sha256((images / name).read_bytes()).hexdigest()


def _inspected(data: bytes, max_pixels: int, rows: RowLog | None) -> tuple:
    if rows and rows.log:
        return decode.inspect_and_pack(data, rows.settings)
    return *decode.inspect(data, max_pixels=max_pixels, levels=levels_of(rows)), None


def levels_of(rows: RowLog | None) -> Levels:
    return rows.settings.levels if rows else Levels()


def _identity(data: bytes) -> dict:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _record(identity: dict, seen: Mapping, stats: Mapping, own: np.ndarray, bad: str = "") -> bytes:
    facts = identity | dict(seen) | dict(stats) | {"bad": bad}
    return own.tobytes() + json.dumps(facts).encode()


def _bad_record(identity: dict, reason: str) -> bytes:
    return _record(identity, NO_IMAGE, NO_STATS, FLAT, reason)
