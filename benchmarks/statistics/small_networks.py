"""Many small networks at a time, trained with NumPy: one hidden layer, Adam, a learning rate that falls to zero.

The first axis of every array is the network, so that hundreds train in the time that Keras takes to build one. The
images are MNIST's at 14 x 14 pixels where its four .gz files are at hand, else
scikit-learn's 1,797 digits (8 x 8), each time with other noise, so that images do not run out.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

HIDDEN, EPOCHS, BATCH, RATE = 32, 25, 30, 0.004
NOISE = 4.0  # grey levels of 16, on the digits: networks of 300 images are then right in 0.80, on MNIST in 0.83
DECAY_1, DECAY_2, EPSILON = 0.9, 0.999, 1e-7  # Adam's, as Keras has them


class Images(NamedTuple):
    """A pool of images that training and test draw from, each from its own half."""

    name: str
    pixels: np.ndarray  # float32 (m, d)
    labels: np.ndarray  # int64 (m,), 0 to 9
    noise: float  # of a drawn image, standard deviation

    def draw(self, rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
        """float32 `(..., d)` for `rows` int64 `(...)`."""
        pixels = self.pixels[rows]
        return pixels + self.noise * rng.standard_normal(pixels.shape, "float32") if self.noise else pixels


class Networks(NamedTuple):
    """The weights of p networks."""

    hidden: np.ndarray  # float32 (p, d, h)
    hidden_bias: np.ndarray  # (p, 1, h)
    output: np.ndarray  # (p, h, 10)
    output_bias: np.ndarray  # (p, 1, 10)


def load(data: Path | None = None) -> Images:
    """Read the images of `data`/mnist, else scikit-learn's."""
    if data:
        return _mnist(data / "mnist")
    from sklearn.datasets import load_digits  # a second to import

    digits = load_digits()
    return Images("digits", (digits.data / 16 - 0.3).astype("float32"), digits.target, NOISE / 16)


def train(pixels: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Networks:
    """Train a network on each of p training sets: `pixels` float32 `(p, n, d)`, `labels` int64 `(p, n)`."""
    p, n, d = pixels.shape
    networks = _initial(p, d, rng)
    means, squares = ([np.zeros_like(w) for w in networks] for _ in range(2))
    steps = EPOCHS * (n // BATCH)
    for step in range(steps):
        if step % (n // BATCH) == 0:
            order = rng.permuted(np.tile(np.arange(n), (p, 1)), axis=1)
        rows = order[:, step % (n // BATCH) * BATCH :][:, :BATCH]
        each = np.arange(p)[:, np.newaxis]
        gradients = _gradients(networks, pixels[each, rows], labels[each, rows])
        _adam(networks, gradients, means, squares, step, RATE * (1 - step / steps))
    return networks


def predict(networks: Networks, pixels: np.ndarray) -> np.ndarray:
    """int64 `(p, n)`: what each network says of its own images, float32 `(p, n, d)`."""
    return _scores(networks, _activations(networks, pixels)).argmax(-1)


def _initial(p: int, d: int, rng: np.random.Generator) -> Networks:
    shapes = ((p, d, HIDDEN), (2 / d) ** 0.5), ((p, HIDDEN, 10), (1 / HIDDEN) ** 0.5)
    hidden, output = (np.float32(scale) * rng.standard_normal(shape, "float32") for shape, scale in shapes)
    return Networks(hidden, np.zeros((p, 1, HIDDEN), "float32"), output, np.zeros((p, 1, 10), "float32"))


def _activations(networks: Networks, pixels: np.ndarray) -> np.ndarray:
    return np.maximum(pixels @ networks.hidden + networks.hidden_bias, 0)


def _scores(networks: Networks, activations: np.ndarray) -> np.ndarray:
    return activations @ networks.output + networks.output_bias


def _gradients(networks: Networks, pixels: np.ndarray, labels: np.ndarray) -> Networks:
    """Of the mean cross-entropy of a batch."""
    activations = _activations(networks, pixels)
    scores = _scores(networks, activations)
    errors = np.exp(scores - scores.max(-1, keepdims=True))
    errors /= errors.sum(-1, keepdims=True)
    errors = (errors - np.eye(10, dtype="float32")[labels]) / labels.shape[1]
    back = (errors @ networks.output.transpose(0, 2, 1)) * (activations > 0)
    return Networks(
        pixels.transpose(0, 2, 1) @ back,
        back.sum(1, keepdims=True),
        activations.transpose(0, 2, 1) @ errors,
        errors.sum(1, keepdims=True),
    )


def _adam(
    networks: Networks, gradients: Networks, means: list[np.ndarray], squares: list[np.ndarray], step: int, rate: float
) -> None:
    scale = np.float32(rate * (1 - DECAY_2 ** (step + 1)) ** 0.5 / (1 - DECAY_1 ** (step + 1)))
    for weights, gradient, mean, square in zip(networks, gradients, means, squares, strict=True):
        mean += np.float32(1 - DECAY_1) * (gradient - mean)
        square += np.float32(1 - DECAY_2) * (gradient * gradient - square)
        weights -= scale * mean / (np.sqrt(square) + np.float32(EPSILON))


def _mnist(folder: Path) -> Images:
    pixels, labels = (
        np.concatenate([_idx(folder / f"{part}-{kind}-ubyte.gz") for part in ("train", "t10k")])
        for kind in ("images-idx3", "labels-idx1")
    )
    halved = pixels.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(len(pixels), -1)
    return Images("mnist", (halved / 255 - 0.13).astype("float32"), labels.astype(np.int64), 0.0)


def _idx(path: Path) -> np.ndarray:
    data = gzip.decompress(path.read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
