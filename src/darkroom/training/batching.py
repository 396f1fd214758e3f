"""The training images, batch by batch, in an order that follows from (seed, epoch) alone."""

import math
from collections.abc import Callable

import keras
import numpy as np

from darkroom.packed_data import Split
from darkroom.training import device

IN_MEMORY = 2 << 30  # bytes; a larger array is read from disk as it is used
WINDOW = 64  # batches that are shuffled together when they come from disk

SetEpoch = Callable[[int], None]


def batches(split: Split, size: int, seed: int) -> tuple[object, SetEpoch]:
    """What Keras trains on, `((images, labels), labels)` per batch, and a function that sets the order for an epoch."""
    fits = split.images.nbytes <= IN_MEMORY
    if fits and (in_memory := device.in_memory_batches(split.images, split.labels, size)):
        data, set_order = in_memory
        return data, lambda epoch: set_order(_generator(seed, epoch).permutation(len(split.labels)))
    stream = _Stream(split, size, seed, len(split.labels) if fits else WINDOW * size)
    streamed = None if fits else device.streamed_batches(stream.read, stream.windows, split.images, size)
    return streamed or stream, stream.set_epoch


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
