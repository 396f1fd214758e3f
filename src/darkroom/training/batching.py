"""The training images, batch by batch, in an order that follows from (seed, epoch) alone."""

import math
from collections.abc import Callable

import keras
import numpy as np

from darkroom.packed_data import Split
from darkroom.training import device

IN_MEMORY = 2 << 30  # bytes; a larger array is read from disk as it is used
WINDOW = 64  # batches that are shuffled together when they come from disk

Turn = Callable[[int], None]


def batches(pack: Split, size: int, seed: int) -> tuple[object, Turn]:
    """What Keras trains on, `((images, labels), labels)` a batch, and a function that sets the order for an epoch."""
    if pack.images.nbytes <= IN_MEMORY and (held := device.resident(pack.images, pack.labels, size)):
        data, order = held
        return data, lambda epoch: order(_draw(seed, epoch).permutation(len(pack.labels)))
    stream = _Stream(pack, size, seed, len(pack.labels) if pack.images.nbytes <= IN_MEMORY else WINDOW * size)
    return stream, stream.turn


def _draw(seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch])


class _Stream(keras.utils.PyDataset):
    """Chunks of a batch's size in random order, read whole, and shuffled over a window of some of them.

    So a disk reads long runs, and an image meets others than its neighbours. The price: two images of
    chunks that never share a window never meet in a batch of that epoch.
    """

    def __init__(self, pack: Split, size: int, seed: int, window: int):
        super().__init__()
        self.pack, self.size, self.seed, self.chunks = pack, size, seed, max(1, window // size)
        self.turn(0)

    def __len__(self) -> int:
        return math.ceil(len(self.pack.labels) / self.size)

    def __getitem__(self, i: int) -> tuple:
        window, place = divmod(i, self.chunks)
        if window != self.window:
            self.window, self.held = window, self._read(window)
        images, labels = (part[place * self.size : (place + 1) * self.size] for part in self.held)
        return (images, labels), labels

    def turn(self, epoch: int) -> None:
        self.epoch, self.window = epoch, -1
        self.order = _draw(self.seed, epoch).permutation(len(self))
        last = len(self) - 1  # the short chunk comes last, so that every other batch is full
        self.order = np.append(self.order[self.order != last], last)

    def _read(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        starts = self.order[window * self.chunks : (window + 1) * self.chunks] * self.size
        parts = [slice(start, start + self.size) for start in starts]
        images, labels = (np.concatenate([a[part] for part in parts]) for a in (self.pack.images, self.pack.labels))
        mixed = np.random.default_rng([self.seed, self.epoch, window]).permutation(len(labels))
        return images[mixed], labels[mixed]
