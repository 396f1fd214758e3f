"""A small model folder, made in the test."""

from pathlib import Path

import numpy as np
import pytest

from darkroom import files

SPEC = {"classes": ("cat", "dog"), "image_size": 8, "color": "grayscale", "fit": "stretch", "max_pixels": 10_000}


@pytest.fixture
def model_folder(tmp_path):
    """A function that writes a model folder whose network says `label` (0 or 1) of any 8 x 8 grey picture."""
    import keras

    def write(name: str, label: int = 0, key: str | None = None, tilt: float = 4.0) -> Path:
        inputs = keras.Input((8, 8, 1), dtype="uint8")
        flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
        outputs = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")(flat)
        network = keras.Model(inputs, outputs)
        network.layers[-1].bias.assign(np.array([tilt, 0] if label == 0 else [0, tilt], "float32"))
        folder = tmp_path / "models" / name
        with files.replacing(folder) as partial:
            partial.mkdir(parents=True)
            network.save(partial / "model.keras")
            files.write_json(partial / "classes.json", SPEC)
            row = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}
            files.write_rows(partial / "history.csv", row, [row, {**row, "epoch": 2, "loss": 0.4}])
            made = {"name": name, "architecture": "tunable", "pretrained": None, "params": {"train.epochs": 2}}
            known = {"run": key or f"key-of-{name}", "run_id": None, "model_uri": None}
            files.write_json(partial / "run.json", {**made, **known, "parameters": 130, "epochs": 2, "best_epoch": 1})
            files.seal(partial)
        return folder

    return write
