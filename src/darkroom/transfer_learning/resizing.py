"""Change the size of images inside a network, with the same result on every backend.

Cubic interpolation of a row of pixels is a product with a constant matrix, so an image takes two products, which every
backend, compiler and export format has. None of Keras's own methods gives the same result everywhere: in 3.15.1 its
layer `Resizing` rounds uint8 outside of a TensorFlow graph only and makes all later layers believe that they train, and
TensorFlow's own op takes its weights from a table of 1,024, which is up to 0.2 grey levels away from JAX's and unknown
to XLA. The price: the matrices are in the config of the network, as numbers.
"""

import keras
import numpy as np
from keras import ops


def resized(images: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Numbers `(b, s, s, c)` to float32 `(b, size, size, c)`; a sharp edge overshoots the range of `images`."""
    weights = matrix(images.shape[1], size)
    rows = ops.einsum("bhwc,hi->biwc", ops.cast(images, "float32"), weights)
    return ops.einsum("biwc,wj->bijc", rows, weights)


def matrix(before: int, after: int) -> np.ndarray:
    """float32 `(before, after)`: the weight of each old pixel in each new one; columns sum to 1.

    Keys (1981) with a = -1/2, pixels at their centres; what lies beyond the border has no weight.
    """
    centres = (np.arange(after) + 0.5) * before / after - 0.5
    x = np.abs(centres - np.arange(before)[:, np.newaxis])
    inner, outer = (1.5 * x - 2.5) * x**2 + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = np.where(x <= 1, inner, np.where(x < 2, outer, 0))
    return (weights / weights.sum(0)).astype("float32")
