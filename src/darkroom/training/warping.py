"""Move the pixels of images: each pixel of the result is read where a matrix says, beyond a border from the border.

Where XLA compiles the step, the image is read by gathers. XLA lacks TensorFlow's own op, which takes half the time of
four gathers on a processor; Keras' version of it for JAX takes about eight times as long as they do, as it interpolates
between channels too.
"""

from collections.abc import Sequence
from typing import Any

from keras import ops

from darkroom.training import device

Tensor = Any  # of the backend


def warped(images: Tensor, matrix: Sequence[Tensor], *, whole_pixels: bool) -> Tensor:
    """float `(b, s, s, c)` to the same shape.

    `matrix` is m0 to m5, each float `(b,)`: pixel (x, y) of the result is read at (m0 x + m1 y + m2, m3 x + m4 y + m5).
    Bilinear, unless these are `whole_pixels`, of which one read is enough.
    """
    if whole_pixels:
        x, y = _sources(matrix, images.shape[1])
        return _at(images, ops.round(x), ops.round(y))
    if device.xla():
        return _bilinear(images, *_sources(matrix, images.shape[1]))
    zero = ops.zeros_like(matrix[0])
    transforms = ops.stack([*matrix, zero, zero], axis=1)
    return ops.image.affine_transform(images, transforms, interpolation="bilinear", fill_mode="nearest")


def _sources(matrix: Sequence[Tensor], size: int) -> tuple[Tensor, Tensor]:
    """Where each pixel is read: x and y, float `(b, s, s)`."""
    places = ops.arange(size, dtype="float32")
    x, y = ops.reshape(places, (1, 1, size)), ops.reshape(places, (1, size, 1))
    m = [ops.reshape(value, (-1, 1, 1)) for value in matrix]
    inside = [ops.clip(a * x + b * y + c, 0.0, size - 1.0) for a, b, c in (m[:3], m[3:])]
    return inside[0], inside[1]


def _bilinear(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    left, top, last = ops.floor(x), ops.floor(y), images.shape[1] - 1.0
    right, bottom = ops.minimum(left + 1, last), ops.minimum(top + 1, last)
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = _at(images, left, top) * (1 - across) + _at(images, right, top) * across
    lower = _at(images, left, bottom) * (1 - across) + _at(images, right, bottom) * across
    return upper * (1 - down) + lower * down


def _at(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The pixels at whole x and y, float `(b, s, s)`."""
    n, size, channels = ops.shape(images)[0], images.shape[1], images.shape[3]
    places = ops.cast(y, "int32") * size + ops.cast(x, "int32")
    first = ops.arange(n, dtype="int32")[:, None, None] * size**2  # of each image, in a list of all pixels
    return ops.take(ops.reshape(images, (-1, channels)), places + first, axis=0)
