"""What one reading of a file's bytes tells: its facts, a thumb to compare it by, and its packed row.

Every image is decoded to its end, and once: headers of 7 in 7 truncated JPEG files look fine. The price is the
decoding, about 0.3 ms for 192 pixels and 40 ms for 12 megapixels, so `parallel` spreads it over the processors.
Facts never depend on how the row is packed.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from darkroom.dataset import file_cache, image_stats
from darkroom.dataset.rows import Recipe
from darkroom.decoding import bounds, decode
from darkroom.workers.item_pool import Limits, Loss

UNKNOWN = {
    **{"pixels": "", "width": 0, "height": 0, "mode": "", "format": "", "note": "", "hash": ""},
    **{"brightness": 0.0, "contrast": 0.0, "colour": 0.0, "sharpness": 0.0, **dict.fromkeys(image_stats.BORDER, 0.0)},
}
BLACK = np.zeros((image_stats.THUMB, image_stats.THUMB), np.uint8)  # the thumb of a bad image


def record(name: str, *, images: Path, max_pixels: int, to: Path | None = None, packed: Recipe | None = None) -> bytes:
    """The thumb and the facts of the file `images / name`, for `thumb` and `facts` to take apart.

    They are kept in the log `to`, and the row of a good image as `packed` says.
    """
    data = (images / name).read_bytes()
    known = _of_bytes(data)
    try:
        seen, small, row = _look(data, max_pixels, packed)
        found = _bytes({**known, **seen, **image_stats.of(small), "bad": ""}, image_stats.thumb(small))
    except decode.BadImage as reason:
        found, row = _bytes({**known, **UNKNOWN, "bad": str(reason)}, BLACK), None
    file_cache.add(to, known["sha256"], found)
    if packed and row is not None:
        packed.keep(known["sha256"], row)
    return found


def facts(found: bytes, min_size: int) -> dict:
    """bytes, sha256, pixels, width, height, mode, format, note, what `measures` finds, and bad.

    `bad` is the reason why it cannot be used, "" for a good image. Sizes and `min_size` in pixels.
    """
    known = json.loads(found[BLACK.size :])
    if known["bad"] or min(known["width"], known["height"]) >= min_size:
        return known
    bad = f"{known['width']} x {known['height']}, a side is below {min_size} pixels"
    return {**known, "bad": bad}


def thumb(found: bytes) -> np.ndarray:
    """Grey uint8 (32, 32)."""
    return np.frombuffer(found, np.uint8, BLACK.size).reshape(BLACK.shape)


def lost(name: str, loss: Loss, *, images: Path, limits: Limits) -> bytes:
    """As `record`, of a file that could not be decoded within the limits, made without decoding it.

    It is not kept: the memory of the machine may have run out just then. The price: each run pays for it again.
    """
    bad = bounds.reason(loss, limits)
    return _bytes({**_of_bytes((images / name).read_bytes()), **UNKNOWN, "bad": bad}, BLACK)


def digest(name: str, *, images: Path) -> str:
    return hashlib.sha256((images / name).read_bytes()).hexdigest()


def _look(data: bytes, max_pixels: int, packed: Recipe | None) -> tuple:
    if packed and packed.to:
        return decode.look_and_pack(data, **packed.settings)
    return *decode.look(data, max_pixels=max_pixels), None


def _of_bytes(data: bytes) -> dict:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _bytes(known: dict, small: np.ndarray) -> bytes:
    return small.tobytes() + json.dumps(known).encode()
