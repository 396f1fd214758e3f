"""A model folder is whole, repeatable and typed, and its model computes in float32."""

import time

import keras
import numpy as np
import pytest

from darkroom.networks import architectures
from darkroom.runtime import files, sealing
from darkroom.saving import model_folder
from darkroom.saving.model_folder import MODEL, TrainingFacts
from darkroom.training import device, io_layers

pytestmark = pytest.mark.slow

ROWS = [
    {"epoch": 1, "loss": 0.5, "accuracy": 0.6, "val_loss": 0.7, "val_accuracy": 0.5},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.7, "val_loss": 0.8, "val_accuracy": 0.6},
]
SPEC = {"classes": ["a", "b"], "image_size": 8, "color": "grayscale", "fit": "stretch", "max_pixels": 1000}
FACTS: TrainingFacts = {
    "name": "cnn",
    "architecture": "tunable",
    "pretrained": None,
    "params": {"train.epochs": 2},
    "run": "key",
    "versions": {"python": "3.11"},
    "multiply_adds": 128,
    "best_epoch": 1,
}


@pytest.fixture
def mixed(model):
    """A network built to compute in bfloat16."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    return architectures.build(model(batch_norm=True), shape=(8, 8, 1), classes=2, spec={})


def test_a_written_folder_is_whole_and_reads_back(tmp_path, model):
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(tmp_path / "cnn", network, ROWS, spec=SPEC, facts=FACTS)
    sealing.verify(tmp_path / "cnn")
    facts = model_folder.read_facts(tmp_path / "cnn")
    assert facts == {**FACTS, "parameters": network.count_params(), "epochs": 2}
    assert model_folder.read_history(tmp_path / "cnn") == ROWS
    assert model_folder.read_spec(tmp_path / "cnn") == SPEC


def test_equal_networks_are_written_as_equal_bytes_at_any_time(tmp_path, model, monkeypatch):
    for name, now in (("one", 1.7e9), ("other", 1.8e9)):
        device.make_repeatable(1)
        network = architectures.build(model(batch_norm=True), shape=(8, 8, 1), classes=2, spec={})
        monkeypatch.setattr(time, "time", lambda now=now: now)  # what a zip asks
        model_folder.write(tmp_path / name, network, ROWS, spec=SPEC, facts=FACTS)
    assert files.read_files(tmp_path / "one") == files.read_files(tmp_path / "other")
    assert keras.models.load_model(tmp_path / "one" / MODEL).count_params() == network.count_params()


def test_extra_files_are_in_the_inventory(tmp_path, model):
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(tmp_path / "cnn", network, ROWS, spec=SPEC, facts=FACTS, extra_files={"augmented.png": b"a PNG"})
    assert files.read_json(tmp_path / "cnn" / sealing.INVENTORY)["augmented.png"]["bytes"] == 5
    sealing.verify(tmp_path / "cnn")


def test_a_model_trained_in_bfloat16_is_saved_in_float32(tmp_path, mixed):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    model_folder.write(tmp_path / "cnn", device.in_float32(mixed), ROWS, spec=SPEC, facts=FACTS)
    again = keras.models.load_model(tmp_path / "cnn" / MODEL)
    assert {layer.compute_dtype for layer in again.layers[1:]} == {"float32"}
    np.testing.assert_allclose(again.predict(images, verbose=0), mixed.predict(images, verbose=0), atol=0.01)


def test_a_model_in_mixed_precision_is_not_saved(tmp_path, mixed):
    with pytest.raises(ValueError, match="mixed precision"):
        model_folder.write(tmp_path / "cnn", mixed, ROWS, spec=SPEC, facts=FACTS)
    assert not (tmp_path / "cnn").exists()


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_model_with_test_time_flip_is_saved_as_the_mean_of_both_with_one_set_of_weights(tmp_path, model, output):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    hparams = model(output=output, test_time_flip=True)
    network = architectures.build(hparams, shape=(8, 8, 1), classes=2, spec={})
    model_folder.write(tmp_path / "cnn", architectures.finished(network, hparams), ROWS, spec=SPEC, facts=FACTS)
    again = keras.models.load_model(tmp_path / "cnn" / MODEL)
    assert again.count_params() == network.count_params()
    predictions = [network.predict(x, verbose=0) for x in (images, np.ascontiguousarray(images[:, :, ::-1]))]
    assert np.abs(predictions[0] - predictions[1]).max() > 1e-3
    np.testing.assert_allclose(again.predict(images, verbose=0), np.mean(predictions, axis=0), atol=1e-6)


def test_a_model_with_test_time_flip_trained_in_bfloat16_is_saved_in_float32(tmp_path, model, mixed):
    both = architectures.finished(mixed, model(test_time_flip=True))
    model_folder.write(tmp_path / "cnn", both, ROWS, spec=SPEC, facts=FACTS)
    again = keras.models.load_model(tmp_path / "cnn" / MODEL)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype=np.uint8)
    computing = [layer for layer in again.layers[1:] if not hasattr(layer, "layers")]
    assert {layer.compute_dtype for layer in computing} == {"float32"}
    expected = io_layers.with_test_time_flip(mixed).predict(images, verbose=0)
    np.testing.assert_allclose(again.predict(images, verbose=0), expected, atol=0.01)
