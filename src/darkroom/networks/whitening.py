"""A fixed first layer whose outputs are uncorrelated and of variance 1, for patches of the training images.

So the layers behind it learn from the start in a space that is scaled alike in all directions (Page, "How to train your
ResNet", 2018; Jordan, "94% on CIFAR-10 in 3.29 seconds", 2024). It is the principal components of the patches, each
divided by its deviation; the network sees each component and its negative, as far as they are above zero.
"""

import keras
import numpy as np
from keras import layers

NAME = "whitening"
SIZE = 2  # pixels, of a patch
PIXELS = 1 << 20  # that are looked at; of 2 x 2 x 3 values the covariance is then known to about 0.2 %
DAMPING = 5e-4  # added to a variance, so that the noise of a JPEG file is not amplified; Jordan's value


def whitened(x: keras.KerasTensor) -> keras.KerasTensor:
    """float `(b, s, s, c)` to float `(b, s, s, 8 c)`; `fit` sets the weights, which are not trained."""
    filters = SIZE * SIZE * x.shape[-1]
    # float32, as differences of neighbours are what most components are
    components = layers.Conv2D(filters, SIZE, padding="same", trainable=False, dtype="float32", name=NAME)(x)
    return layers.ReLU()(layers.Concatenate()([components, -components]))


def fit(network: keras.Model, images: np.ndarray) -> None:
    """Set the weights of the layer from uint8 images `(n, s, s, c)`, evenly spaced ones; nothing without the layer."""
    layer = next((layer for layer in network.layers if layer.name == NAME), None)
    if layer is None:
        return
    count = max(1, min(len(images), PIXELS // images.shape[1] ** 2))
    chosen = images[np.linspace(0, len(images) - 1, count).astype(int)]
    before = keras.Model(network.input, layer.input)
    kernel, bias = weights(np.asarray(keras.ops.convert_to_numpy(before(chosen)), "float32"))
    layer.set_weights([kernel, bias])


def weights(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The kernel `(2, 2, c, 4 c)` and the bias `(4 c,)` for scaled images float32 `(n, s, s, c)`."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (SIZE, SIZE), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, SIZE * SIZE * images.shape[-1])
    variances, directions = np.linalg.eigh(np.cov(patches.T))
    matrix = directions / np.sqrt(variances.clip(0) + DAMPING)
    return matrix.reshape(SIZE, SIZE, images.shape[-1], -1), -patches.mean(0) @ matrix
