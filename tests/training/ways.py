"""Ways to train the same network on the same images: from memory, streamed, killed, and as plain Keras does.

On whatever backend; the order of the images is the same where it says so.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from tests.fixtures.defaults import DEFAULTS, changed
from tests.fixtures.packs import MODEL, NO_AUGMENTATION

from darkroom.networks import architectures
from darkroom.packed_data import Split
from darkroom.training import batching, device, draws, fit, optimizers
from darkroom.training.session import Session, TrainingData
from darkroom.training.training_model import TrainingModel

SIZE, EPOCHS, IMAGES = 16, 4, 400  # 25 batches an epoch, 100 in all
WINDOW = 5  # batches of a stream
STEPS = 7  # in a call: the last one of an epoch has 4
HPARAMS = changed(
    MODEL, architecture="tunable", batch_norm=True, dropout=0.2, dense=8, schedule="one_cycle", optimizer="adamw",
    weight_decay=0.01, label_smoothing=0.1, class_weights="balanced", ema=0.9, learning_rate=0.003,
)  # fmt: skip
AUGMENT = changed(NO_AUGMENTATION, shift=0.1, rotation=10.0, flip_horizontal=True, brightness=0.1, mixup=0.2)
CONFIG = changed(DEFAULTS.train, epochs=EPOCHS, batch_size=SIZE, patience=9, keep="last")


def split(n: int, seed: int) -> Split:
    """`n` images whose class is a bright corner."""
    rng = np.random.default_rng(seed)
    labels, images = rng.integers(0, 2, n), rng.integers(0, 60, (n, 8, 8, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        corner = slice(0, 4) if label else slice(4, 8)
        image[corner, corner] += 180
    return Split(images, labels, tuple(map(str, range(n))), np.arange(n), ("dark", "light"), {})


def network() -> keras.Model:
    device.make_repeatable(3)
    return architectures.build(HPARAMS, shape=(8, 8, 1), classes=2, spec={})


def train(n: int, kill_after: tuple[int, ...] = ()) -> list[dict]:
    """The rows of a training that was killed after these epochs."""
    data = TrainingData(split(n, 1), split(40, 2))
    with TemporaryDirectory() as state:
        for last in kill_after:

            def kill(epoch: int, row: dict, last: int = last) -> None:
                if epoch == last:
                    raise KeyboardInterrupt

            try:
                fit.fit(network(), data, CONFIG, HPARAMS, Session(3, Path(state), kill, quiet=True), AUGMENT)
            except KeyboardInterrupt:
                pass
        return fit.fit(network(), data, CONFIG, HPARAMS, Session(3, Path(state), quiet=True), AUGMENT)


def in_calls_of(steps: int, n: int, **how: object) -> list[dict]:
    original = device.steps_per_execution
    device.steps_per_execution = lambda work: steps
    try:
        return train(n, **how)
    finally:
        device.steps_per_execution = original


def streamed(n: int, order: list[np.ndarray], **how: object) -> list[dict]:
    """Trained and validated from windows; `order` gets the rows of each window, in the order of training."""
    holds, window, original = device.holds, batching.WINDOW, batching._Stream.read
    numbers = {image.tobytes(): i for i, image in enumerate(split(n, 1).images)}

    def read(self, i):
        images, labels = original(self, i)
        if len(self.split.labels) == n:  # not those of validation
            order.append(np.array([numbers[image.tobytes()] for image in images]))
        return images, labels

    device.holds, batching.WINDOW, batching._Stream.read = (lambda size, share: False), WINDOW, read
    try:
        return in_calls_of(STEPS, n, **how)
    finally:
        device.holds, batching.WINDOW, batching._Stream.read = holds, window, original


def epochs_of(windows: list[np.ndarray]) -> list[np.ndarray]:
    """The rows of each epoch from those of its windows."""
    count = -(-IMAGES // (WINDOW * SIZE))
    return [np.concatenate(windows[i : i + count]) for i in range(0, len(windows), count)]


def permutations(n: int) -> list[np.ndarray]:
    """The rows of each epoch as images in memory are trained on."""
    return [np.random.default_rng([3, epoch]).permutation(n) for epoch in range(EPOCHS)]


def in_order(rows: list[np.ndarray], n: int, **how: object) -> list[dict]:
    """Resident, in the order of these rows for each epoch."""
    generator = batching._generator
    batching._generator = lambda seed, epoch: type("Order", (), {"permutation": lambda self, n: rows[epoch]})()
    try:
        return in_calls_of(STEPS, n, **how)
    finally:
        batching._generator = generator


class Batches(keras.utils.PyDataset):
    """What Keras was handed before there were chunks: images and labels, batch by batch."""

    def __init__(self, data: Split):
        super().__init__()
        self.data = data

    def __len__(self) -> int:
        return -(-len(self.data.labels) // SIZE)

    def __getitem__(self, i: int) -> tuple:
        rows = self.order[i * SIZE : (i + 1) * SIZE]
        images, labels = self.data.images[rows], self.data.labels[rows]
        return (images, labels), labels


def plain(n: int, rows: list[np.ndarray]) -> list[float]:
    """The loss of each epoch as Keras trains batch by batch, in the order of these rows for each epoch."""
    batches, net = Batches(split(n, 1)), network()
    training = TrainingModel(net, AUGMENT, smoothing=HPARAMS.label_smoothing, seed=3)
    training.build([(None, 8, 8, 1), (None,)])
    optimizer = optimizers.build(HPARAMS, len(batches) * EPOCHS, training.trainable_variables)
    training.compile(optimizer=optimizer, jit_compile=device.xla())

    def begin(epoch: int, logs: dict) -> None:
        batches.order = rows[epoch]
        draws.reseed(training.variables, 3, epoch)

    begin(0, {})
    weights = optimizers.class_weights(HPARAMS, batches.data.labels, 2)
    ordered = [keras.callbacks.LambdaCallback(on_epoch_begin=begin)]
    how = {"shuffle": False, "class_weight": weights, "callbacks": ordered, "verbose": 0}
    return training.fit(batches, epochs=EPOCHS, **how).history["loss"]
