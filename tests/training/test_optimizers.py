"""Learning rates follow the schedule, weight decay spares biases, and balanced classes weigh the same."""

import keras
import numpy as np
import pytest

from darkroom.training import optimizers

pytestmark = pytest.mark.slow


def rates(config, steps):
    schedule = optimizers.learning_rate(config, steps)
    return np.array([float(schedule(step)) for step in range(steps + 1)])


@pytest.mark.parametrize(("schedule", "peak", "first"), [("cosine", 5, 0.1), ("one_cycle", 30, 0.04)])
def test_a_learning_rate_rises_to_that_of_the_params_and_falls_to_zero(model, schedule, peak, first):
    lr = rates(model(schedule=schedule, learning_rate=0.5), 100)
    assert lr.argmax() == peak and lr[peak] == pytest.approx(0.5)
    assert lr[0] == pytest.approx(0.5 * first) and lr[-1] == pytest.approx(0, abs=1e-6)
    assert (np.diff(lr[: peak + 1]) > 0).all() and (np.diff(lr[peak:]) < 0).all()


def test_a_constant_learning_rate_stays(model):
    assert optimizers.learning_rate(model(schedule="constant", learning_rate=0.5), 100) == 0.5


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "nesterov"])
def test_weight_decay_shrinks_kernels_and_spares_biases(model, optimizer):
    layer = keras.layers.Dense(2, bias_initializer="ones", kernel_initializer="ones")
    layer.build((1, 3))
    config = model(optimizer=optimizer, learning_rate=0.1, weight_decay=0.5)
    built = optimizers.build(config, 10, layer.trainable_variables)
    built.apply([keras.ops.zeros(v.shape) for v in layer.trainable_variables])
    np.testing.assert_allclose(np.asarray(layer.kernel), 1 - 0.1 * 0.5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(layer.bias), 1)


def test_nesterov_steps_along_the_gradient_and_the_momentum_that_follows_it(model):
    """At rest, a first step is 1 + 0.9 times the gradient (Sutskever et al., 2013); that of SGD is the gradient."""

    def step(optimizer):
        weight = keras.Variable(np.zeros((1, 1), "float32"))
        built = optimizers.build(model(optimizer=optimizer, learning_rate=0.1), 10, [weight])
        built.apply([keras.ops.ones((1, 1))])
        return float(np.asarray(weight)[0, 0])

    assert step("sgd") == pytest.approx(-0.1) and step("nesterov") == pytest.approx(-0.19)


def test_balanced_classes_weigh_the_same_and_an_empty_one_nothing(model):
    labels = np.array([0, 0, 0, 1, 3, 3])
    weights = optimizers.class_weights(model(class_weights="balanced"), labels, 4)
    assert [weights[i] * count for i, count in enumerate([3, 1, 0, 2])] == pytest.approx([1.5, 1.5, 0, 1.5])
    assert optimizers.class_weights(model(), labels, 4) is None
