"""The training images, batch by batch, in an order that follows from (seed, epoch) alone."""

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from darkroom.packed_data import Split
from darkroom.training import device, tf_batches
from darkroom.training.chunks import Chunks, Resident, Streamed
from darkroom.training.session import TrainingData

WINDOW = 64  # batches that are shuffled together when they come from disk
VALIDATION_BATCH = 256  # images, at least: there are no gradients to hold, so more fit

SetEpoch = Callable[[int], None]
ClassWeights = dict[int, float]


class Feed(NamedTuple):
    """What Keras trains and validates on, and a function that sets the order of the images for an epoch.

    One batch, or one chunk of batches, is an item of `train`.
    """

    train: object
    val: object
    set_epoch: SetEpoch
    class_weights: ClassWeights | None  # where `train` does not have them yet
    steps: int  # batches in each item of `train`


class Loading(NamedTuple):
    """How images are loaded: in batches of `size`, from memory if the `share` of it is enough, drawn from `seed`."""

    size: int
    share: float | str  # see `device.holds`
    seed: int


def feed(data: TrainingData, loading: Loading, steps: int, class_weights: ClassWeights | None) -> Feed:
    """Batches; where the device `loops`, `Chunks` of up to `steps` of them."""
    train, val = data
    if not device.loops():
        streamed, set_epoch = batches(train, loading)
        return Feed(streamed, _in_order(val, loading), set_epoch, class_weights, 1)
    table = np.array([(class_weights or {}).get(i, 1.0) for i in range(len(train.classes))])
    chunks, set_epoch = _chunks(train, loading, steps, table)
    larger = loading._replace(size=max(loading.size, VALIDATION_BATCH))
    checked, _ = _chunks(val, larger, max(1, steps * loading.size // larger.size), np.ones(len(table)))
    return Feed(chunks, checked, set_epoch, None, chunks.steps)


def batches(split: Split, loading: Loading) -> tuple[object, SetEpoch]:
    """What Keras trains on, `((images, labels), labels)` per batch, and a function that sets the order for an epoch."""
    size, share, seed = loading
    fits = device.holds(split.images.nbytes, share)
    if fits and (in_memory := tf_batches.in_memory_batches(split.images, split.labels, size)):
        data, set_order = in_memory
        return data, lambda epoch: set_order(_generator(seed, epoch).permutation(len(split.labels)))
    stream = _Stream(split, size, seed, len(split.labels) if fits else WINDOW * size)
    streamed = None if fits else tf_batches.streamed_batches(stream.read, stream.windows, split.images, size)
    return streamed or stream, stream.set_epoch


def _in_order(split: Split, loading: Loading) -> object:
    """What Keras validates on: arrays that it cuts itself, or batches of windows where it would copy too much."""
    images, labels = np.asarray(split.images), np.asarray(split.labels)
    size = max(loading.size, VALIDATION_BATCH)
    window = WINDOW * size

    def read(number: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(number * window, (number + 1) * window)
        return images[part], labels[part]

    fits = device.holds(images.nbytes, loading.share)
    streamed = None if fits else tf_batches.streamed_batches(read, math.ceil(len(labels) / window), images, size)
    return streamed or ((images, labels), labels)


def _chunks(split: Split, loading: Loading, steps: int, table: np.ndarray) -> tuple[Chunks, SetEpoch]:
    """The same for a device that `loops`; `table` has the weight of each class."""
    n, (size, share, seed) = len(split.labels), loading
    if device.holds(split.images.nbytes, share):
        held = Resident(split.images, split.labels, table[split.labels])
        return Chunks(held, [n], size, steps), lambda epoch: held.set_order(_generator(seed, epoch).permutation(n))
    stream = _Stream(split, size, seed, WINDOW * size)
    length = stream.chunks * size
    streamed = Streamed(stream.read, stream.windows, length, table)

    def set_epoch(epoch: int) -> None:
        stream.set_epoch(epoch)
        streamed.forget()

    lengths = [min(length, n - start) for start in range(0, n, length)]
    return Chunks(streamed, lengths, size, steps), set_epoch


def _generator(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])


class _Stream(keras.utils.PyDataset):
    """Chunks of the size of a batch in random order, read whole, and shuffled over a window of some of them.

    So a disk reads long runs, and an image meets others than its neighbours. The price: two images of
    chunks that never share a window never meet in a batch of that epoch.
    """

    window = -1  # that `images, labels` were read for

    def __init__(self, split: Split, size: int, seed: int, window: int):
        super().__init__()
        self.split, self.size, self.seed, self.chunks = split, size, seed, max(1, window // size)
        self.set_epoch(0)

    def __len__(self) -> int:
        return math.ceil(len(self.split.labels) / self.size)

    def __getitem__(self, i: int) -> tuple:
        window, chunk = divmod(i, self.chunks)
        if window != self.window:
            self.window, self.loaded = window, self.read(window)
        images, labels = (part[chunk * self.size : (chunk + 1) * self.size] for part in self.loaded)
        return (images, labels), labels

    @property
    def windows(self) -> int:
        return math.ceil(len(self) / self.chunks)

    def set_epoch(self, epoch: int) -> None:
        self.epoch, self.window = epoch, -1
        order = _generator(self.seed, epoch).permutation(len(self))
        last = len(self) - 1  # the short chunk comes last, so that every other batch is full
        self.order = np.append(order[order != last], last)

    def read(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """The images and labels of one window, shuffled."""
        starts = self.order[window * self.chunks : (window + 1) * self.chunks] * self.size
        parts = [slice(start, start + self.size) for start in starts]
        images, labels = (np.concatenate([a[part] for part in parts]) for a in (self.split.images, self.split.labels))
        shuffled = np.random.default_rng([self.seed, self.epoch, window]).permutation(len(labels))
        return images[shuffled], labels[shuffled]
