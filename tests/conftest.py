"""What holds for all tests, and a small model folder, made in the test."""

import signal
from pathlib import Path

import numpy as np
import pytest

from darkroom.saving import model_folder as folders
from darkroom.saving.model_folder import TrainingFacts

CLASSES = ("cat", "dog")
SPEC = {"image_size": 8, "color": "grayscale", "fit": "stretch", "max_pixels": 10_000}


def pytest_configure() -> None:
    """Handle signals that the parent process ignores, as `nohup` and a shell's `&` do: tests send them to children."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_modifyitems(items: list) -> None:
    """Start with the slow files, so that workers, which take whole files, end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name != "test_pipeline.py", item.path not in slow))


HISTORY = [
    {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7},
]


@pytest.fixture
def model_folder(tmp_path):
    """A function that writes a model folder whose network predicts the class number `label` for every image.

    `spec` overrides keys of the input spec, `key` is that of the run, `tilt` the logit of the class.
    """
    import keras

    def write(name: str, label: int = 0, key: str | None = None, tilt: float = 4.0, **spec) -> Path:
        spec = {"classes": CLASSES, **SPEC, **spec}
        size, channels = spec["image_size"], 3 if spec["color"] == "rgb" else 1
        keras.backend.clear_session()  # layers are numbered from the start, so equal networks have equal names
        inputs = keras.Input((size, size, channels), dtype="uint8")
        flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
        outputs = keras.layers.Dense(len(spec["classes"]), activation="softmax", kernel_initializer="zeros")(flat)
        network = keras.Model(inputs, outputs)
        network.layers[-1].bias.assign(tilt * np.eye(len(spec["classes"]), dtype="float32")[label])
        facts: TrainingFacts = {
            "name": name,
            "architecture": "tunable",
            "pretrained": None,
            "params": {"train.epochs": 2},
            "run": key or f"key-of-{name}",
            "versions": {"python": "3.11"},
            "multiply_adds": 128,
            "best_epoch": 1,
        }
        folder = tmp_path / "models" / name
        folders.write(folder, network, HISTORY, spec=spec, facts=facts)
        return folder

    return write
