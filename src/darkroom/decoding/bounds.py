"""How much time and memory the decoding of one image may take, and what is said of an image that takes more.

Memory is that of the largest image allowed, at `PIXEL` bytes a pixel. Measured at 9 megapixels with Pillow 13, the
dearest kind, a transparent WebP that must be turned upright, takes 23, a transparent PNG 16 and a CMYK JPEG 9.
"""

from darkroom.workers.item_pool import Limits, Loss

SECONDS = 10.0  # of processor time, where no params say how many
PIXEL = 32  # bytes
SLACK = 256 << 20  # bytes that a worker takes whatever the image: the modules of formats, arenas of threads


def of(max_pixels: int, max_seconds: float = SECONDS) -> Limits:
    return Limits(seconds=max_seconds, memory=max_pixels * PIXEL + SLACK)


def reason(loss: Loss, limits: Limits) -> str:
    """Why the image cannot be used; equal for equal limits, so that reasons can be counted."""
    return {
        "slow": f"takes longer than {limits.seconds:g} s to decode",
        "large": f"needs more memory than {limits.memory / (1 << 30):.2g} GiB to decode",
        "crashed": "the decoder crashed",
    }[loss]
