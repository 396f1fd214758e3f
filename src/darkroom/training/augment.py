"""Random changes of a training image, as Keras layers compiled with the network.

They stand in front of the network while it trains and are not part of what is saved, so a saved model never augments.

Keras has a layer for each movement; one after the other they read and blur every image as often. Here shift, rotation,
zoom, shear and flips become one matrix per image and the image is read once, which makes augmented training about as
fast as plain training (benchmarks/training.py).
"""

import math
from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from darkroom.params import Augment
from darkroom.training import warping
from darkroom.training.mixing import Mixup

GREY = 127.5  # of a cut-out square and of borders, the middle of the range
RANGE = (0, 255)
EPOCH = "alternating_epoch"  # the name of the variable of `Warp`
SHEET = "augmented.png"
SHEET_IMAGES, SHEET_COPIES = 5, 7  # rows, and changed copies in each
SHEET_SIZE = 64  # pixels at most of an image on a contact sheet: it ends in a report that git holds


def network(shape: tuple[int, int, int], config: Augment, *, seed: int) -> keras.Sequential:
    """uint8 `(b, s, s, c)` to float32 `(b, s, s, c)` in 0..255; the identity outside of training."""
    steps: list[keras.Layer] = [keras.Input(shape, dtype="uint8"), layers.Rescaling(1.0, dtype="float32")]
    if moves_pixels(config):
        steps.append(Warp(config, seed=seed))
    if config.brightness:
        steps.append(layers.RandomBrightness(config.brightness, RANGE, seed=seed + 1, dtype="float32"))
    if config.contrast:
        steps.append(layers.RandomContrast(config.contrast, RANGE, seed=seed + 2, dtype="float32"))
    if config.cutout:
        area = (config.cutout**2, config.cutout**2)
        steps.append(layers.RandomErasing((1.0, 1.0), area, GREY, RANGE, seed=seed + 3, dtype="float32"))
    return keras.Sequential(steps, name="augment")


def mixing(config: Augment, *, seed: int) -> Mixup | None:
    """What blends each image and its label with another one's. None for alpha 0."""
    return Mixup(config.mixup, seed=seed + 4) if config.mixup else None


def moves_pixels(config: Augment) -> bool:
    """Whether an image is shifted, rotated, zoomed, sheared or flipped."""
    return moves_between_pixels(config) or bool(config.shift or config.flip_horizontal or config.flip_vertical)


def moves_between_pixels(config: Augment) -> bool:
    """Whether an image is rotated, zoomed or sheared; a shift and a flip only move whole pixels."""
    return bool(config.rotation or config.zoom or config.shear)


def changes_images(config: Augment) -> bool:
    """Whether an image on its own is changed: by any hyperparameter but that of mixing."""
    return moves_pixels(config) or bool(config.brightness or config.contrast or config.cutout)


def begin_epoch(variables: list, epoch: int) -> None:
    """Tell an augmentation, whose `variables` are among these, which epoch it is, for what alternates by epoch."""
    for variable in variables:
        if variable.path.endswith(EPOCH):
            variable.assign(epoch)


def example_sheet(
    images: np.ndarray, config: Augment, *, seed: int, encode: Callable[[np.ndarray], bytes]
) -> dict[str, bytes]:
    """The encoded contact sheet of a few of the `images` by its file name; empty when nothing changes them."""
    if not changes_images(config):
        return {}
    examples = images[:: -(-len(images) // SHEET_IMAGES)]  # spread evenly, as the images are sorted by class
    return {SHEET: encode(contact_sheet(examples, config, seed=seed, copies=SHEET_COPIES))}


def contact_sheet(images: np.ndarray, config: Augment, *, seed: int, copies: int) -> np.ndarray:
    """A contact sheet uint8 `(n (s + 2), (1 + copies) (s + 2), c)`: one row per image of uint8 `(n, s, s, c)`.

    The original comes first. All have a grey border, so that none runs into the next. Images larger than SHEET_SIZE
    are subsampled; the changes are fractions and degrees, so they look the same.
    Mixing is left out: it changes images only together with their labels.
    """
    step = -(-images.shape[1] // SHEET_SIZE)
    images = images[:, ::step, ::step]
    changing = network(images.shape[1:], config, seed=seed)
    changed = []
    for copy in range(copies):
        begin_epoch(changing.variables, copy)
        changed.append(np.asarray(changing(images, training=True)))
    columns = [images, *(np.rint(c.clip(0, 255)).astype("uint8") for c in changed)]
    framed = [np.pad(column, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=round(GREY)) for column in columns]
    return np.concatenate([np.concatenate(list(column)) for column in framed], axis=1)


class Warp(keras.layers.Layer):
    """float `(b, s, s, c)` to the same shape; bilinear, borders repeat. The identity outside of training."""

    def __init__(self, config: Augment, *, seed: int):
        super().__init__(name="warp", dtype="float32")
        self.config, self.draws = config, keras.random.SeedGenerator(seed)
        if config.flip_horizontal == "alternate":
            self.epoch = self.add_weight(shape=(), initializer="zeros", trainable=False, name=EPOCH)

    def call(self, images: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training:
            return images
        return warping.warped(images, self._matrix(images), whole_pixels=not moves_between_pixels(self.config))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape

    def _matrix(self, images: keras.KerasTensor) -> tuple[keras.KerasTensor, ...]:
        """a to f, `(n,)` each: output pixel (x, y) is read at `(a x + b y + c, d x + e y + f)`, about the centre."""
        n, size = ops.shape(images)[0], images.shape[1]
        alternates = self.config.flip_horizontal == "alternate"
        angle = self._uniform(n, math.radians(self.config.rotation))
        lean = ops.tan(self._uniform(n, math.radians(self.config.shear)))
        mirrored = self._alternate(images) if alternates else self._sign(n, bool(self.config.flip_horizontal))
        width = (1 + self._uniform(n, self.config.zoom)) * mirrored
        height = (1 + self._uniform(n, self.config.zoom)) * self._sign(n, self.config.flip_vertical)
        a, b = width * ops.cos(angle), height * (lean * ops.cos(angle) - ops.sin(angle))
        d, e = width * ops.sin(angle), height * (lean * ops.sin(angle) + ops.cos(angle))
        middle = (size - 1) / 2
        shift = self.config.shift * size  # rounded to whole pixels, which blur nothing
        c = middle * (1 - a - b) + ops.round(self._uniform(n, shift))
        f = middle * (1 - d - e) + ops.round(self._uniform(n, shift))
        return a, b, c, d, e, f

    def _uniform(self, n: int, bound: float) -> keras.KerasTensor:
        return keras.random.uniform((n,), -bound, bound, seed=self.draws) if bound else ops.zeros((n,))

    def _sign(self, n: int, flips: bool) -> keras.KerasTensor:
        return ops.where(keras.random.uniform((n,), seed=self.draws) < 0.5, -1.0, 1.0) if flips else ops.ones((n,))

    def _alternate(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """-1 for images that are flipped in this epoch, 1 for those that are in the next (Jordan, 2024).

        Which ones begin follows from the sum of their pixels, so no image needs a number; row by row it is exact in
        float32, which devices add faster than integers.
        """
        rows = ops.sum(images, axis=(2, 3)) % 2
        return 1 - 2 * ((ops.sum(rows, axis=1) + self.epoch) % 2)
