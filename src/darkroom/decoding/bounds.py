"""Limit the time and memory of decoding one image, and word the reason when an image exceeds them.

The memory limit is that of the largest image allowed, at `PIXEL` bytes per pixel. Measured at 9 megapixels with
Pillow 13, the most expensive kind, a transparent WebP that must be turned upright, takes 23 bytes per pixel, a
transparent PNG 16 and a CMYK JPEG 9.
"""

from dataclasses import dataclass

from darkroom.workers.serving import Limits, Loss

SECONDS = 10.0  # of processor time, where no params say how many
PIXEL = 32  # bytes
SLACK = 256 << 20  # bytes that a worker takes whatever the image: the modules of formats, arenas of threads


def worker_limits(max_pixels: int, max_seconds: float = SECONDS) -> Limits:
    """What a worker process may take for one image of at most `max_pixels`."""
    return Limits(seconds=max_seconds, memory=max_pixels * PIXEL + SLACK)


@dataclass(frozen=True)
class DecodeLimits:
    """What decoding one image may cost."""

    max_pixels: int
    max_seconds: float = SECONDS  # of processor time

    @property
    def worker(self) -> Limits:
        return worker_limits(self.max_pixels, self.max_seconds)


def reason(loss: Loss, limits: Limits) -> str:
    """Why the image cannot be used; equal for equal limits, so that reasons can be counted."""
    return {
        "slow": f"takes longer than {limits.seconds:g} s to decode",
        "large": f"needs more memory than {limits.memory / (1 << 30):.2g} GiB to decode",
        "crashed": "the decoder crashed",
    }[loss]
