"""Fine-tuning changes the top only, never batch norm, and is undone when it does not help."""

import keras
import numpy as np
import pytest
from keras import layers
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.training.fit import TrainedModel
from darkroom.training.session import Session, TrainingData, ignore
from darkroom.transfer_learning import finetune

pytestmark = pytest.mark.slow

OPTIMIZATION = {
    "optimizer": "adam",
    "learning_rate": 0.5,
    "weight_decay": 0.0,
    "schedule": "constant",
    "label_smoothing": 0.0,
    "class_weights": "none",
    "ema": 0.0,
}


@pytest.fixture
def base():
    keras.utils.set_random_seed(1)
    steps = [keras.Input((8, 8, 1)), layers.Rescaling(1 / 255)]
    for name in "abc":
        steps += [layers.Conv2D(4, 3, name=name), layers.BatchNormalization(name=f"{name}_bn"), layers.ReLU()]
    built = keras.Sequential(steps)
    built.trainable = False
    return built


@pytest.fixture
def network(base):
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = layers.GlobalAveragePooling2D()(base(pixels))
    return keras.Model(pixels, layers.Dense(2, activation="softmax", name="probabilities")(x))


@pytest.fixture
def improve(base, network, painted, transfer_config, changes, tmp_path):
    """A function that fine-tunes a model of one epoch and returns the further rows and the names of what moved."""

    def run(loss=9.0, count=2, rate=0.003, on_epoch=ignore):
        before = {v.path: np.array(v.value) for v in network.variables}
        row = {"epoch": 1, "val_loss": loss}
        config = transfer_config(1)._replace(
            optimization=changed(DEFAULTS.transfer.optimization, **OPTIMIZATION),
            fine_tune=changed(DEFAULTS.transfer.fine_tune, layers=count, learning_rate=rate, epochs=3, patience=3),
        )
        data, session = TrainingData(painted(200, 1), painted(80, 2)), Session(1, tmp_path, on_epoch)
        model = finetune.improve(TrainedModel(network, [row], row), base, data, config, session, changes())
        moved = [v.path for v in network.variables if not np.array_equal(before[v.path], v.value)]
        return model.rows[1:], {"/".join(path.split("/")[-2:]) for path in moved}

    return run


def test_only_the_top_and_the_head_move_and_batch_norm_never_does(improve):
    rows, moved = improve()
    assert len(rows) == 3
    assert moved == {f"{layer}/{kind}" for layer in ("b", "c", "probabilities") for kind in ("kernel", "bias")}


def test_all_layers_can_be_fine_tuned(improve):
    assert {name.split("/")[0] for name in improve(count=99)[1]} == {"a", "b", "c", "probabilities"}


def test_what_does_not_help_is_undone(improve):
    assert improve(loss=0.0) == ([], set())


def test_without_layers_nothing_is_trained(improve):
    assert improve(count=0) == ([], set())


def test_what_helps_is_kept_at_its_best_epoch(improve, network, painted):
    rows, _ = improve()
    val = painted(80, 2)
    probabilities = network.predict(val.images, verbose=0)[np.arange(80), val.labels]
    assert -np.log(probabilities).mean() == pytest.approx(min(row["val_loss"] for row in rows), rel=1e-5)


def test_the_rate_is_the_low_one(improve):
    """At the rate of the head, 0.5, the loss of this network jumps; at a millionth of it nothing moves noticeably."""
    rows, _ = improve(rate=5e-7)
    assert abs(rows[0]["val_loss"] - rows[-1]["val_loss"]) < 1e-3


def test_a_fine_tuning_that_was_killed_ends_where_an_undisturbed_one_ends(improve, network):
    def kill(epoch, row):
        if epoch == 3:
            raise KeyboardInterrupt

    start = network.get_weights()
    with pytest.raises(KeyboardInterrupt):
        improve(on_epoch=kill)
    network.set_weights(start)
    seen = []
    rows, _ = improve(on_epoch=lambda epoch, row: seen.append(epoch))
    assert seen == [4] and [row["epoch"] for row in rows] == [2, 3, 4]
