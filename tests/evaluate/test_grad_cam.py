"""evaluate.grad_cam: the heatmap is that of the gradient, and computing it changes nothing."""

import keras
import numpy as np
import pytest
from keras import layers

from darkroom.evaluate import grad_cam
from darkroom.training import io_layers

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 1), "uint8")


def network(*middle, seed=1) -> keras.Model:
    keras.utils.set_random_seed(seed)
    x = pixels = keras.Input((12, 12, 1), dtype="uint8", name="pixels")
    for layer in (layers.Rescaling(1 / 255), *middle):
        x = layer(x)
    return keras.Model(pixels, layers.Dense(3, activation="softmax")(x))


def averaged() -> keras.Model:
    return network(layers.Conv2D(4, 3), layers.Activation("relu"), layers.GlobalAveragePooling2D())


def flattened() -> keras.Model:
    return network(
        layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Activation("relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(8, activation="relu"), layers.Dropout(0.5),
    )  # fmt: skip


def nested() -> keras.Model:
    x = keras.Input((12, 12, 1))
    inner = keras.Model(x, layers.ReLU()(layers.Conv2D(6, 3, strides=2)(x)), name="inner")
    return network(inner, layers.GlobalAveragePooling2D())


def test_after_an_average_the_weights_are_those_of_the_class():
    """There the gradient of a logit is the same in each cell: Grad-CAM is CAM (Selvaraju et al. 2017, appendix A)."""
    model, classes = averaged(), np.array([0, 1, 2, 0, 1])
    maps = np.asarray(keras.Model(model.input, model.layers[3].output)(IMAGES))
    raw = np.maximum((maps * model.layers[-1].get_weights()[0].T[classes][:, np.newaxis, np.newaxis]).sum(-1), 0)
    wanted = raw / np.maximum(raw.max((1, 2), keepdims=True), 1e-12)
    assert grad_cam.heatmaps(model, IMAGES, classes) == pytest.approx(wanted, abs=1e-4)


def test_a_gradient_is_what_a_small_change_of_the_maps_does_to_the_logit():
    model = flattened()
    layer = model.layers[4]
    maps = np.random.default_rng(1).random((1, *layer.output.shape[1:]), "float32")
    gradients = grad_cam._gradients(model, layer.output, maps, np.eye(3, dtype="float32")[[2]])
    to_last, (kernel, bias) = keras.Model(layer.output, model.layers[-1].input), model.layers[-1].get_weights()

    def logit(maps):
        return float((np.asarray(to_last(maps, training=False)) @ kernel + bias)[0, 2])

    for cell in [(0, 1, 2, 0), (0, 5, 5, 3), (0, 8, 0, 1)]:
        step = np.zeros_like(maps)
        step[cell] = 0.001
        assert gradients[cell] == pytest.approx((logit(maps + step) - logit(maps - step)) / 0.002, abs=2e-3)
    assert np.count_nonzero(gradients) > 20


@pytest.mark.parametrize("make", [averaged, flattened, nested])
def test_explaining_leaves_the_network_as_it_was(make):
    model = make()
    before, flags = [w.copy() for w in model.get_weights()], [layer.trainable for layer in grad_cam._all_layers(model)]
    heatmaps = grad_cam.heatmaps(model, IMAGES, np.zeros(5, int))
    assert heatmaps.shape[0] == 5 and heatmaps.min() >= 0 and heatmaps.max() <= 1
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert flags == [layer.trainable for layer in grad_cam._all_layers(model)]


def test_a_network_without_feature_maps_has_no_heatmap_and_no_filters():
    model = network(layers.Flatten())
    assert grad_cam.heatmaps(model, IMAGES, np.zeros(5, int)) is None
    assert grad_cam.filters(model) is None and grad_cam.feature_maps(model, IMAGES[0]) == []


def test_a_convolution_with_its_activation_inside_has_feature_maps():
    model = network(layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D())
    assert [maps.layer for maps in grad_cam.feature_maps(model, IMAGES[0])] == [model.layers[2].name]


def test_a_network_with_a_residual_connection_has_a_heatmap():
    x = pixels = keras.Input((12, 12, 1), dtype="uint8")
    x = layers.Conv2D(4, 3, padding="same")(layers.Rescaling(1 / 255)(x))
    x = layers.Add()([x, layers.Conv2D(4, 3, padding="same")(x)])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    model = keras.Model(pixels, layers.Dense(3, activation="softmax")(x))
    assert grad_cam.heatmaps(model, IMAGES, np.zeros(5, int)).shape == (5, 12, 12)


@pytest.mark.parametrize("make", [averaged, flattened])
def test_a_model_that_averages_over_the_mirror_image_is_explained_by_the_image_itself(make):
    model, classes = make(), np.array([0, 1, 2, 0, 1])
    both = io_layers.with_test_time_flip(model)
    assert (grad_cam.heatmaps(both, IMAGES, classes) == grad_cam.heatmaps(model, IMAGES, classes)).all()
    assert (grad_cam.filters(both) == grad_cam.filters(model)).all()
    pairs = zip(grad_cam.feature_maps(both, IMAGES[0]), grad_cam.feature_maps(model, IMAGES[0]), strict=True)
    assert all((a.values == b.values).all() for a, b in pairs)


def test_a_network_without_a_softmax_has_no_heatmap():
    x = pixels = keras.Input((12, 12, 1), dtype="uint8")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(x)))
    second = layers.Dense(1, activation="sigmoid")(x)
    both = layers.Concatenate()([layers.Rescaling(-1.0, 1.0)(second), second])
    assert grad_cam.heatmaps(keras.Model(pixels, both), IMAGES, np.zeros(5, int)) is None


def test_a_last_map_of_one_cell_has_no_heatmap():
    model = network(layers.Conv2D(4, 12), layers.Flatten())
    assert grad_cam.heatmaps(model, IMAGES, np.zeros(5, int)) is None


@pytest.mark.parametrize(("make", "count"), [(averaged, 4), (nested, 6)])
def test_the_first_filters_of_a_nested_network_are_found_too(make, count):
    filters = grad_cam.filters(make())
    assert filters.shape == (count, 3, 3, 1)
    assert filters.min((1, 2, 3)) == pytest.approx(0) and filters.max((1, 2, 3)) == pytest.approx(1)


@pytest.mark.parametrize("make", [averaged, nested])
def test_feature_maps_are_the_outputs_of_the_layers(make):
    model = make()
    (maps,) = grad_cam.feature_maps(model, IMAGES[0])
    layer = next(layer for layer in grad_cam._all_layers(model) if layer.name == maps.layer)
    scaled = IMAGES[:1] / np.float32(255)
    if make is averaged:
        values = np.asarray(keras.Model(model.input, layer.output)(IMAGES[:1]))[0]
    else:
        values = np.asarray(model.get_layer("inner")(scaled))[0]
    order = np.argsort(-values.mean((0, 1)), kind="stable")
    assert maps.values == pytest.approx(values[..., order], abs=1e-5)
