"""What JAX trains on: images that stay on the device, and the rows of several batches for one call of a compiled loop.

Python hands over numbers of rows alone; `chunk_model` gathers, changes and learns from the images. Every batch has the
same shape, so nothing is compiled twice: a short last batch is filled with images of the same epoch, which count in
the statistics of batch normalisation and in nothing else.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypedDict

import keras
import numpy as np

from darkroom.training import on_jax

Read = Callable[[int], tuple[np.ndarray, np.ndarray]]  # the images and the labels of a window


class Window(NamedTuple):
    """Images on the device, of which those in `order` are trained on, in this order."""

    images: Any  # uint8 (m, s, s, c), or features float32 (m, d)
    labels: Any  # int32 (m,)
    weights: Any  # float32 (m,), of the loss of each image
    order: np.ndarray  # int (r,), rows below m


class Chunk(TypedDict):
    """One call of the loop: `steps` batches, of which batch i has the first `counts[i]` of its rows."""

    images: Any
    labels: Any
    weights: Any
    rows: np.ndarray  # int32 (most steps, batch size)
    counts: np.ndarray  # int32 (most steps,)
    steps: np.ndarray  # int32 ()


class Chunks(keras.utils.PyDataset):
    """The batches of an epoch, up to `steps` of them at a time, of windows of `lengths` images each."""

    def __init__(self, windows: Callable[[int], Window], lengths: list[int], size: int, steps: int):
        super().__init__()
        batches = [-(-length // size) for length in lengths]
        self.windows, self.size, self.steps = windows, size, min(steps, max(batches))
        self.plan = [(i, first) for i, count in enumerate(batches) for first in range(0, count, self.steps)]

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, i: int) -> tuple[Chunk]:
        number, first = self.plan[i]
        images, labels, weights, order = self.windows(number)
        left = len(order) - self.size * (first + np.arange(self.steps))  # images that each batch could take
        counts = np.clip(left, 0, self.size).astype("int32")
        start = first * self.size
        places = np.arange(start, start + self.steps * self.size) % len(order)  # beyond the end, from the beginning
        rows = order[places].reshape(self.steps, self.size).astype("int32")
        steps = np.array(np.count_nonzero(counts), "int32")
        return (Chunk(images=images, labels=labels, weights=weights, rows=rows, counts=counts, steps=steps),)


class Resident:
    """One window of all images, in an order that can be set."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray):
        self.window = _on_device(images, labels, weights, np.arange(len(labels)))

    def __call__(self, number: int) -> Window:
        return self.window

    def set_order(self, order: np.ndarray) -> None:
        self.window = self.window._replace(order=order)


class Streamed:
    """Windows that `read` reads from disk, the next one while the network trains on this one.

    Each is filled up to `length` images, so that all have the same shape. `table` float (k,) has the weight of each
    class. Three windows are in memory at most.
    """

    def __init__(self, read: Read, count: int, length: int, table: np.ndarray):
        self.read, self.count, self.length, self.table = read, count, length, table
        self.pool = ThreadPoolExecutor(1)
        self.forget()

    def forget(self) -> None:
        """What was read ahead belongs to another epoch."""
        self.loaded: dict[int, Future[Window]] = {}

    def __call__(self, number: int) -> Window:
        wanted = [i for i in (number, number + 1) if i < self.count]
        self.loaded = {i: self.loaded.get(i) or self.pool.submit(self._load, i) for i in wanted}
        return self.loaded[number].result()

    def _load(self, number: int) -> Window:
        images, labels = self.read(number)
        filled = np.resize(images, (self.length, *images.shape[1:]))
        classes = np.resize(labels, self.length)
        return _on_device(filled, classes, self.table[classes], np.arange(len(labels)))


def _on_device(images: np.ndarray, labels: np.ndarray, weights: np.ndarray, order: np.ndarray) -> Window:
    return Window(
        images=on_jax.whole(np.asarray(images)),
        labels=on_jax.whole(labels.astype("int32")),
        weights=on_jax.whole(weights.astype("float32")),
        order=order,
    )
