"""Trains on JAX, in a process of its own: the backend is that of a whole process. Prints a JSON object of results."""

import json
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import keras
import numpy as np
from tests.fixtures.defaults import DEFAULTS, changed
from tests.fixtures.packs import MODEL, NO_AUGMENTATION

from darkroom.networks import architectures
from darkroom.packed_data import Split
from darkroom.training import batching, device, fit, optimizers
from darkroom.training.session import Session, TrainingData
from darkroom.training.training_model import TrainingModel

assert keras.backend.backend() == "jax"
SIZE, EPOCHS, IMAGES = 16, 4, 400  # 25 batches an epoch, 100 in all
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


def train(n: int, kill_after: tuple[int, ...] = (), epochs: int = EPOCHS) -> list[dict]:
    """The rows of a training that was killed after these epochs."""
    data, config = TrainingData(split(n, 1), split(40, 2)), changed(CONFIG, epochs=epochs)
    with TemporaryDirectory() as state:
        for last in kill_after:

            def kill(epoch: int, row: dict, last: int = last) -> None:
                if epoch == last:
                    raise KeyboardInterrupt

            try:
                fit.fit(network(), data, config, HPARAMS, Session(3, Path(state), kill, quiet=True), AUGMENT)
            except KeyboardInterrupt:
                pass
        return fit.fit(network(), data, config, HPARAMS, Session(3, Path(state), quiet=True), AUGMENT)


def in_calls_of(steps: int, n: int, **how: object) -> list[dict]:
    device.steps_per_execution = lambda work: steps
    return train(n, **how)


def streamed(n: int, window: int, order: list[np.ndarray], **how: object) -> list[dict]:
    """Trained from windows of so many batches; `order` gets the rows of each epoch, in the order of training."""
    holds, original = device.holds, batching._Stream.read
    numbers = {image.tobytes(): i for i, image in enumerate(split(n, 1).images)}

    def read(self, i):
        images, labels = original(self, i)
        order.append(np.array([numbers[image.tobytes()] for image in images]))
        return images, labels

    device.holds, batching.WINDOW, batching._Stream.read = (lambda size: size < 4000), window, read
    try:
        return in_calls_of(STEPS, n, **how)
    finally:
        device.holds, batching._Stream.read = holds, original


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


def plain(n: int, epochs: int) -> list[float]:
    """The loss of each epoch as Keras trains batch by batch."""
    batches, net = Batches(split(n, 1)), network()
    training = TrainingModel(net, AUGMENT, smoothing=HPARAMS.label_smoothing, seed=3)
    training.build([(None, 8, 8, 1), (None,)])
    optimizer = optimizers.build(HPARAMS, len(batches) * epochs, training.trainable_variables)
    training.compile(optimizer=optimizer, jit_compile=True)

    def begin(epoch: int, logs: dict) -> None:
        batches.order = np.random.default_rng([3, epoch]).permutation(n)
        for i, variable in enumerate(v for v in training.variables if v.path.endswith("seed_generator_state")):
            variable.assign(np.array([3 + i, epoch], dtype="uint32"))

    begin(0, {})
    weights = optimizers.class_weights(HPARAMS, batches.data.labels, 2)
    ordered = [keras.callbacks.LambdaCallback(on_epoch_begin=begin)]
    how = {"shuffle": False, "class_weight": weights, "callbacks": ordered, "verbose": 0}
    return training.fit(batches, epochs=epochs, **how).history["loss"]


class Compiled(logging.Handler):
    """The names of the programs that JAX compiles."""

    def __init__(self):
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage().split()
        if words[0] == "Compiling":
            self.names.append(words[1])


def watched() -> Compiled:
    """Collects from now on."""
    handler = Compiled()
    for name in ("jax._src.interpreters.pxla", "jax._src.dispatch"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False
    jax.config.update("jax_log_compiles", True)
    return handler


def main() -> None:
    order: list[np.ndarray] = []
    events: list[str] = []
    jax.monitoring.register_event_listener(lambda event, **details: events.append(event))
    handler = watched()
    result = {"looped": in_calls_of(STEPS, IMAGES), "compiled": [name for name in handler.names if "step" in name]}
    result |= {"one": in_calls_of(1, IMAGES), "plain": plain(IMAGES, EPOCHS)}
    events.clear()
    result |= {"killed": in_calls_of(STEPS, IMAGES, kill_after=(1, 3)), "events": list(events)}
    result |= {"streamed": streamed(IMAGES, 5, order)}
    epochs = [np.concatenate(order[i : i + 5]) for i in range(0, len(order), 5)]
    result |= {"in the order of the stream": in_order(epochs, IMAGES)}
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
