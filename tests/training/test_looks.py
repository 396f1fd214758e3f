"""Prediction never changes a model, and every way to predict gives the same probabilities.

Every network here has batch norm whose statistics a call in training mode would move, and probabilities that such a
call would change: a test says so, because otherwise the others could not fail.
"""

import importlib.util
import inspect
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from darkroom.evaluate import grad_cam
from darkroom.networks import architectures
from darkroom.training import describe
from darkroom.transfer_learning import backbones, finetune, head_training, resizing, transfer, weights
from darkroom.transfer_learning.weights import Base

pytestmark = pytest.mark.slow

HYPERPARAMETERS = {"batch_norm": True, "blocks": 2, "filters": 8, "dense": 16, "dropout": 0.3}
INPUT = 64  # pixels, input_size
TRANSFER = {  # the backbone, and an image_size below or above INPUT
    "mobilenet, enlarged": ("mobilenet-25", 40),
    "mobilenet, shrunk": ("mobilenet-25", 80),
    "efficientnet_lite0, enlarged": ("efficientnet_lite0", 40),
}
NAMES = ["tunable", *TRANSFER]
# A probability is a sum of float32 products, taken in another order by each backend and by each way of compiling.
CLOSE = 1e-5


def noise(n: int, size: int) -> np.ndarray:
    """Noise, more of it in some images than in others, on as many colours."""
    rng = np.random.default_rng(size)
    noise = rng.integers(-128, 128, (n, size, size, 3)) * rng.random((n, 1, 1, 1))
    return (rng.integers(0, 256, (n, 1, 1, 3)) + noise).clip(0, 255).astype("uint8")


def with_statistics(network: keras.Model) -> keras.Model:
    """Give batch norm the statistics of images, and scale the logits for these to mean 0 and deviation 1/4."""
    norms = [layer for layer in grad_cam._all_layers(network) if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in norms:
        layer.momentum = 0.2
    for _ in range(3):
        network(noise(16, network.input_shape[1]), training=True)
    for layer in norms:
        layer.momentum = 0.9
    last, images = network.layers[-1], noise(16, network.input_shape[1])
    logits = np.log(network.predict_on_batch(images))
    scale = 0.25 / logits.std(0).mean()
    last.set_weights([last.kernel * scale, -logits.mean(0) * scale])
    return network


@pytest.fixture(scope="module")
def base():
    """A function that builds a backbone with random weights."""

    def make(name):
        keras.utils.set_random_seed(1)
        choice = backbones.choose(name, width=1.0, size=INPUT)
        return Base(choice, choice.build(), "random weights")

    return make


@pytest.fixture(scope="module")
def made(base, model):
    """A function that gives one of the NAMES, each built once."""
    built = {}

    def make(name):
        if name == "tunable":
            keras.utils.set_random_seed(1)
            return with_statistics(architectures.build(model(**HYPERPARAMETERS), shape=(16, 16, 3), classes=3, spec={}))
        backbone, size = TRANSFER[name]
        built_base = base(backbone)
        extractor = backbones.extractor(built_base.choice, built_base.network, shape=(size, size, 3))
        head = head_training.build(extractor.output_shape[-1], 3, head_training.Hyperparameters(0.2, 0, 0.0))
        return with_statistics(head_training.joined(extractor, head))

    return lambda name: built.get(name) or built.setdefault(name, make(name))


@pytest.fixture(params=NAMES)
def network(request, made):
    return made(request.param)


@pytest.fixture
def images(network):
    return noise(6, network.input_shape[1])


def state(network: keras.Model) -> dict[str, bytes]:
    return {variable.path: np.asarray(variable.value).tobytes() for variable in network.variables}


@pytest.fixture
def unchanged(network):
    """Whatever the test does, weights and statistics are what they were, and so is their digest."""
    before, digest = state(network), weights.digest(network)
    yield
    assert state(network) == before and weights.digest(network) == digest


def test_a_call_in_training_mode_would_be_noticed(network, images):
    before, values = state(network), network.get_weights()
    trained = np.asarray(network(images, training=True))
    moved = {path for path, value in state(network).items() if value != before[path]}
    network.set_weights(values)
    assert moved and all("moving_" in path or "seed_generator" in path for path in moved)
    assert np.abs(trained - network.predict_on_batch(images)).max() > 1000 * CLOSE


def test_every_way_to_predict_gives_the_same_probabilities(network, images, unchanged, tmp_path):
    expected = network.predict_on_batch(images)
    assert np.ptp(expected, axis=0).max() > 1000 * CLOSE  # it tells the images apart
    network.save(tmp_path / "saved.keras")
    network.export(tmp_path / "exported", format="tf_saved_model", verbose=False)
    again = keras.models.load_model(tmp_path / "saved.keras", compile=False)
    predictions = {
        "eager": network(images),
        "eager, training=False": network(images, training=False),
        "reloaded": again.predict_on_batch(images),
        "reloaded, eager": again(images),
        "SavedModel": keras.layers.TFSMLayer(tmp_path / "exported", call_endpoint="serve")(images),
    }
    errors = {name: float(np.abs(np.asarray(values) - expected).max()) for name, values in predictions.items()}
    assert max(errors.values()) < CLOSE, errors
    assert weights.digest(again) == weights.digest(network)


def test_explaining_and_describing_change_nothing(network, images, tmp_path):
    network.save(tmp_path / "saved.keras")  # evaluate explains what it read from a file
    again = keras.models.load_model(tmp_path / "saved.keras", compile=False)
    before, digest = state(again), weights.digest(again)
    assert grad_cam.heatmaps(again, images, np.zeros(len(images), "int64")) is not None
    grad_cam.filters(again)
    assert grad_cam.feature_maps(again, images[0])
    describe.rows(again), describe.total(again)
    assert state(again) == before and weights.digest(again) == digest


def test_no_layer_is_in_training_mode_by_default(network):
    """Keras's own layers for images do (`call(training=True)`), and then the layers behind them do too."""
    parameters = {type(layer): inspect.signature(layer.call).parameters for layer in grad_cam._all_layers(network)}
    assert [kind for kind, p in parameters.items() if "training" in p and p["training"].default is True] == []


def test_a_nested_network_is_explained_with_the_images_that_it_gets(made):
    """The input of the base is resized by an operation, which is no layer that could be asked for its output."""
    network = made("efficientnet_lite0, enlarged")
    maps = grad_cam.feature_maps(network, noise(1, 40)[0])
    inner = next(layer for layer in network.layers if hasattr(layer, "layers"))
    assert maps[0].values.shape[0] == INPUT // 2 and inner.get_layer(maps[0].layer)


def test_features_leave_a_backbone_frozen_whatever_is_trained_behind_it(base, changes, tmp_path):
    backbone = base("mobilenet-25")
    before, digest = state(backbone.network), weights.digest(backbone.network)
    cache = transfer.feature_cache(backbone, (20, 20, 3), tmp_path)
    cache.read(noise(6, 20))
    cache.read(noise(6, 20), changes(brightness=0.2, contrast=0.2, cutout=0.3, rotation=5.0), seed=1, copy=1)
    joined = head_training.joined(
        cache.extractor, head_training.build(256, 3, head_training.Hyperparameters(0.0, 0, 0.0))
    )
    joined.save(tmp_path / "joined.keras")
    again = keras.models.load_model(tmp_path / "joined.keras", compile=False)
    for network in (joined, again):
        values = weights.digest(network)
        network(noise(6, 20), training=True)
        assert weights.digest(network) == values
    assert state(backbone.network) == before and weights.digest(backbone.network) == digest
    finetune.unfreeze(backbone.network, 2)
    joined(noise(6, 20), training=True)
    assert state(backbone.network) == before


ON_JAX = """
import sys
from pathlib import Path
import keras, numpy as np
assert keras.backend.backend() == "jax"
for path in Path(sys.argv[1]).glob("*.keras"):
    network, images = keras.models.load_model(path, compile=False), np.load(path.with_suffix(".images.npy"))
    before = [value.copy() for value in network.get_weights()]
    np.save(path.with_suffix(".predicted.npy"), network.predict_on_batch(images))
    assert all(np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))
"""


def test_jax_predicts_as_tensorflow_does(made, tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install jax")
    pixels = keras.Input((64, 64, 3), dtype="uint8")
    networks = {name: made(name) for name in ("tunable", "mobilenet, shrunk", "efficientnet_lite0, enlarged")}
    networks["resized"] = keras.Model(pixels, resizing.resized(pixels, 96))
    for name, network in networks.items():
        network.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.images.npy", noise(6, network.input_shape[1]))
    env = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", ON_JAX, tmp_path], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    predicted = {name: np.load(tmp_path / f"{name}.predicted.npy") for name in networks}
    expected = {name: net.predict_on_batch(noise(6, net.input_shape[1])) for name, net in networks.items()}
    errors = {name: float(np.abs(predicted[name] - expected[name]).max()) for name in networks}
    assert errors.pop("resized") < 1e-3  # grey levels
    assert max(errors.values()) < CLOSE, errors
