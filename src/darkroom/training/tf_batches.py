"""Batches that TensorFlow gathers or cuts by itself. Each function returns None on another backend."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def in_memory_batches(
    images: np.ndarray, labels: np.ndarray, size: int
) -> tuple[object, Callable[[np.ndarray], None]] | None:
    """Batches `((images, labels), labels)` of arrays held in memory, and a function that sets the order of the rows.

    The backend gathers them by itself, about a quarter faster than Python does. None where it cannot.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    with tf.device("CPU"):
        all_images, all_labels = tf.constant(images), tf.constant(labels)
        order = tf.Variable(np.arange(len(labels)))

    def batch(i: Any) -> tuple:
        rows = order[i * size : (i + 1) * size]
        batch_labels = tf.gather(all_labels, rows)
        return (tf.gather(all_images, rows), batch_labels), batch_labels

    steps = -(-len(labels) // size)
    return tf.data.Dataset.range(steps).map(batch, num_parallel_calls=2).prefetch(4), order.assign


def streamed_batches(
    read: Callable[[int], tuple[np.ndarray, np.ndarray]], windows: int, images: np.ndarray, size: int
) -> object | None:
    """Batches `((images, labels), labels)` of `windows`, each of which `read` reads; None where the backend cannot.

    The next window is read while the network trains on this one: so three are in memory, the third in `read` itself.
    `images` are all of them, of which only number, shape and dtype are looked at.
    """
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    def window(number: Any) -> tuple:
        pixels, labels = tf.numpy_function(lambda n: read(int(n)), [number], (images.dtype, np.int64), stateful=True)
        return tf.ensure_shape(pixels, (None, *images.shape[1:])), tf.ensure_shape(labels, (None,))

    def cut(pixels: Any, labels: Any) -> Any:
        def batch(start: Any) -> tuple:
            own = labels[start : start + size]
            return (pixels[start : start + size], own), own

        return tf.data.Dataset.range(0, tf.shape(labels, tf.int64)[0], size).map(batch)

    read_ahead = tf.data.Dataset.range(windows).map(window).prefetch(1)
    steps = -(-len(images) // size)  # Keras needs to know
    return read_ahead.flat_map(cut).apply(tf.data.experimental.assert_cardinality(steps)).prefetch(4)
