"""saved: a model folder says what it is, and computes in float32 whatever it was trained in."""

import time

import keras
import numpy as np
import pytest

from darkroom.networks import architectures
from darkroom.runtime import files, sealing
from darkroom.saving import model_folder
from darkroom.training import device, io_layers

pytestmark = pytest.mark.slow

ROWS = [
    {"epoch": 1, "loss": 0.5, "accuracy": 0.6, "val_loss": 0.7, "val_accuracy": 0.5},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.7, "val_loss": 0.8, "val_accuracy": 0.6},
]


@pytest.fixture
def mixed(model):
    """A network built to compute in bfloat16."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    return architectures.build(model(batch_norm=True), shape=(8, 8, 1), classes=2, spec={})


def test_a_folder_is_whole_and_names_the_epoch_of_its_weights(tmp_path, model):
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(
        tmp_path / "cnn", network, ROWS, kept=ROWS[0], spec={"classes": ["a", "b"]}, facts={"name": "cnn"}
    )
    sealing.verify(tmp_path / "cnn")
    facts = files.read_json(tmp_path / "cnn/run.json")
    assert facts == {"name": "cnn", "parameters": network.count_params(), "epochs": 2, "best_epoch": 1}
    assert [row["epoch"] for row in files.read_rows(tmp_path / "cnn/history.csv")] == ["1", "2"]


def test_equal_networks_are_equal_bytes_whenever_they_are_written(tmp_path, model, monkeypatch):
    for name, now in (("one", 1.7e9), ("other", 1.8e9)):
        device.repeatable(1)
        network = architectures.build(model(batch_norm=True), shape=(8, 8, 1), classes=2, spec={})
        monkeypatch.setattr(time, "time", lambda now=now: now)  # what a zip asks
        model_folder.write(
            tmp_path / name, network, ROWS, kept=ROWS[0], spec={"classes": ["a", "b"]}, facts={"name": "cnn"}
        )
    assert files.read_files(tmp_path / "one") == files.read_files(tmp_path / "other")
    assert keras.models.load_model(tmp_path / "one/model.keras").count_params() == network.count_params()


def test_what_lies_beside_a_model_is_in_its_inventory(tmp_path, model):
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(
        tmp_path / "cnn", network, ROWS, kept=ROWS[0], spec={}, facts={}, beside={"augmented.png": b"a PNG"}
    )
    assert files.read_json(tmp_path / "cnn" / sealing.INVENTORY)["augmented.png"]["bytes"] == 5
    sealing.verify(tmp_path / "cnn")


def test_a_model_trained_in_bfloat16_is_saved_in_float32(tmp_path, mixed):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    model_folder.write(tmp_path / "cnn", mixed, ROWS, kept=ROWS[0], spec={}, facts={})
    again = keras.models.load_model(tmp_path / "cnn/model.keras")
    assert {layer.compute_dtype for layer in again.layers[1:]} == {"float32"}
    np.testing.assert_allclose(again.predict(images, verbose=0), mixed.predict(images, verbose=0), atol=0.01)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_model_that_flips_too_is_saved_as_the_mean_of_both_with_one_set_of_weights(tmp_path, model, output):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    hparams = model(output=output, test_time_flip=True)
    network = architectures.build(hparams, shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(
        tmp_path / "cnn", architectures.finished(network, hparams), ROWS, kept=ROWS[0], spec={}, facts={}
    )
    again = keras.models.load_model(tmp_path / "cnn/model.keras")
    assert again.count_params() == network.count_params()
    looks = [network.predict(each, verbose=0) for each in (images, np.ascontiguousarray(images[:, :, ::-1]))]
    assert np.abs(looks[0] - looks[1]).max() > 1e-3
    np.testing.assert_allclose(again.predict(images, verbose=0), np.mean(looks, axis=0), atol=1e-6)


def test_a_model_that_flips_too_and_was_trained_in_bfloat16_is_saved_in_float32(tmp_path, model, mixed):
    both = architectures.finished(mixed, model(test_time_flip=True))
    model_folder.write(tmp_path / "cnn", both, ROWS, kept=ROWS[0], spec={}, facts={})
    again = keras.models.load_model(tmp_path / "cnn/model.keras")
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    computing = [layer for layer in again.layers[1:] if not hasattr(layer, "layers")]
    assert {layer.compute_dtype for layer in computing} == {"float32"}
    expected = io_layers.flipped_too(mixed).predict(images, verbose=0)
    np.testing.assert_allclose(again.predict(images, verbose=0), expected, atol=0.01)
