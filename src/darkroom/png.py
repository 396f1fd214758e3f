"""Encode arrays as PNG files: for data sets that come as arrays, and for the images of reports."""

from io import BytesIO

import numpy as np
from PIL import Image


def decode(data: bytes) -> np.ndarray:
    """Decode a PNG that `encode` made to uint8 `(h, w, 1)`, `(h, w, 3)` or `(h, w, 4)`."""
    pixels = np.asarray(Image.open(BytesIO(data)))
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


def encode(pixels: np.ndarray, clear: int | None = None) -> bytes:
    """Encode uint8 pixels losslessly; equal pixels give equal bytes.

    `pixels` is (h, w), (h, w, 1), (h, w, 3) or (h, w, 4). Pixels whose channels all equal `clear` become transparent;
    this needs one or three channels (tRNS; PNG specification, ISO/IEC 15948, 11.3.2.1), else OSError is raised.
    """
    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    transparency = clear if clear is None or image.mode == "L" else (clear,) * 3
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=9, transparency=transparency)
    return buffer.getvalue()
