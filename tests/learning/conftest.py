"""Painted pictures: a bright square whose corner is the class, easy to learn within seconds."""

import multiprocessing.forkserver
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from darkroom import files, params
from darkroom.data.pack import Pack

PLAIN = {
    "architecture": "tunable", "blocks": 1, "convolutions": 1, "filters": 4, "kernel": 3, "convolution": "standard",
    "padding": "same", "pooling": "max", "batch_norm": False, "residual": False, "head": "flatten", "dense": 0,
    "dropout": 0.0, "output": "softmax", "test_time_flip": False,
    "optimizer": "adam", "learning_rate": 0.01, "weight_decay": 0.0, "schedule": "constant", "label_smoothing": 0.0,
    "class_weights": "none", "ema": 0.0,
}  # fmt: skip
STILL = {
    "shift": 0.0, "rotation": 0.0, "zoom": 0.0, "shear": 0.0, "flip_horizontal": False, "flip_vertical": False,
    "brightness": 0.0, "contrast": 0.0, "cutout": 0.0, "mixup": 0.0,
}  # fmt: skip
BRIEF = {"epochs": 4, "batch_size": 16, "patience": 9, "keep": "best", "precision": "float32"}


@pytest.fixture(scope="session", autouse=True)
def warm():
    """Workers fork from a server that has TensorFlow; one that earlier tests started has not, 7 s for each worker."""
    multiprocessing.forkserver._forkserver._stop()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["darkroom.learning.search"])


@pytest.fixture(scope="session")
def painted():
    """A function that paints `n` pictures uint8 `(n, 8, 8, 1)` of two classes, as a Pack looks to `fit`."""

    def paint(n: int, seed: int = 0) -> SimpleNamespace:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, n)
        images = rng.integers(0, 60, (n, 8, 8, 1), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            corner = slice(0, 4) if label else slice(4, 8)
            image[corner, corner] += 180
        spec = {"classes": ["dark", "light"]}
        return SimpleNamespace(images=images, labels=labels.astype("int64"), classes=("dark", "light"), spec=spec)

    return paint


@pytest.fixture(scope="session")
def packed(painted, tmp_path_factory):
    """A folder of packed pictures: 48 to train on, 32 to validate."""
    folder = tmp_path_factory.mktemp("packed")
    for side, pack in (("train", painted(48, 1)), ("val", painted(32, 2))):
        (folder / side).mkdir()
        np.save(folder / side / "images.npy", pack.images)
        np.save(folder / side / "labels.npy", pack.labels)
        files.write_rows(folder / side / "paths.csv", ["path"], ({"path": f"{i}.png"} for i in range(len(pack.labels))))
    files.write_json(folder / "spec.json", pack.spec)
    files.seal(folder)
    return folder


@pytest.fixture(scope="session")
def model():
    """A function that makes the knobs of a small network."""
    return lambda **knobs: params.Model(**{**PLAIN, **knobs})


@pytest.fixture(scope="session")
def changes():
    """A function that makes an augmentation of the knobs alone."""
    return lambda **knobs: params.Augment(**{**STILL, **knobs})


@pytest.fixture(scope="session")
def brief():
    """A function that says how long to train."""
    return lambda **how: params.Fit(**{**BRIEF, **how})


@pytest.fixture(scope="session")
def packs(painted):
    """A function that paints a Pack of each of these sizes."""

    def pack(n: int, seed: int) -> Pack:
        p = painted(n, seed)
        return Pack(p.images, p.labels, tuple(f"{i}.png" for i in range(n)), p.classes, p.spec)

    return lambda *sizes: [pack(n, seed) for seed, n in enumerate(sizes, 1)]


@pytest.fixture(scope="session")
def small():
    """A backbone as keras.applications makes them, but small: float `(b, 12, 12, 3)` to `(b, 2, 2, 16)`."""
    import keras
    from keras import layers

    from darkroom.learning import backbones

    def builder(input_shape, **_):
        x = inputs = keras.Input(input_shape)
        for filters in (8, 16):
            x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, strides=2)(x)))
        return keras.Model(inputs, x)

    return backbones.Choice("small", backbones.Backbone(builder, layers.Rescaling(1 / 255), "small*"), None, 12)


@pytest.fixture(scope="session")
def how_to_transfer(brief):
    """A function that says how to train a head, on one changed copy, and the top of a backbone."""
    from darkroom.learning import transfer

    head = params.Head(dropout=[0.0], units=[0], weight_decay=[0.0])
    down = {name: PLAIN[name] for name in params.Descent.model_fields}

    def say(epochs: int, layers: int = 0) -> transfer.How:
        fine = params.FineTune(layers=layers, learning_rate=0.002, epochs=2, patience=3)
        return transfer.How(1, head, params.Descent(**{**down, "learning_rate": 0.02}), brief(epochs=epochs), fine)

    return say


@pytest.fixture(autouse=True)
def float32_again():
    """The precision is a setting of the whole process; the next test starts without it."""
    yield
    if (keras := sys.modules.get("keras")) is not None:
        keras.config.set_dtype_policy("float32")
