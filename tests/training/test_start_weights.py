"""start_weights: what a network takes over from another, layer by layer and class by class."""

import keras
import numpy as np
import pytest

from darkroom.runtime.errors import ArtifactError
from darkroom.training import start_weights
from darkroom.training.start_weights import About, StartWeights


def network(classes, width=4, seed=0, output="softmax"):
    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((6,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(width)(x))
    x = keras.layers.Dense(5)(keras.layers.Dropout(0.5)(x))
    units = 1 if output == "sigmoid" else len(classes)
    return keras.Model(inputs, keras.layers.Dense(units, activation=output, bias_initializer="uniform")(x))


def start_of(model, classes):
    about = About(reason="", champion="0123456789abcdef", classes=list(classes), epochs=20)
    return StartWeights(about, start_weights.of_network(model))


def same(one, other):
    return [np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True)]


def test_an_equal_network_becomes_the_champion():
    champion, own = network("ab", seed=1), network("ab", seed=2)
    taken = start_weights.take_over(own, "ab", start_of(champion, "ab"))
    assert all(same(own, champion))
    assert taken == {"champion": "0123456789abcdef", "epochs": 20, "layers": 4, "of": 4, "new_classes": []}
    assert start_weights.is_whole(taken)


def test_outputs_follow_the_names_of_the_classes():
    """One class is gone, one is new, and the others stand elsewhere."""
    champion, own, fresh = network("abc", seed=1), network("bxca", seed=2), network("bxca", seed=2)
    taken = start_weights.take_over(own, ["b", "x", "c", "a"], start_of(champion, "abc"))
    kernel, bias = own.layers[-1].get_weights()
    old_kernel, old_bias = champion.layers[-1].get_weights()
    assert np.array_equal(kernel[:, [3, 0, 2]], old_kernel) and np.array_equal(bias[[3, 0, 2]], old_bias)
    assert np.array_equal(kernel[:, 1], fresh.layers[-1].get_weights()[0][:, 1])
    assert taken["new_classes"] == ["x"] and start_weights.is_whole(taken)


def test_a_layer_of_another_shape_keeps_its_random_weights():
    champion, own, fresh = network("ab", width=3, seed=1), network("ab", seed=2), network("ab", seed=2)
    taken = start_weights.take_over(own, "ab", start_of(champion, "ab"))
    assert all(same(own.layers[1], fresh.layers[1])) and all(same(own.layers[-1], champion.layers[-1]))
    assert (taken["layers"], taken["of"]) == (1, 4) and not start_weights.is_whole(taken)


def test_classes_that_are_all_new_take_nothing_over_from_the_output():
    taken = start_weights.take_over(network("xy", seed=2), "xy", start_of(network("ab", seed=1), "ab"))
    assert (taken["layers"], taken["new_classes"]) == (3, ["x", "y"])


@pytest.mark.parametrize(("before", "now", "is_taken"), [("ab", "ab", True), ("ab", "ba", False), ("ab", "ac", False)])
def test_a_sigmoid_unit_means_the_second_class(before, now, is_taken):
    champion, own = (network(classes, seed=n, output="sigmoid") for n, classes in enumerate((before, now)))
    start_weights.take_over(own, now, start_of(champion, before))
    assert all(same(own.layers[-1], champion.layers[-1])) == is_taken


def test_weights_are_read_as_they_were_written(tmp_path):
    start = start_of(network("ab"), "ab")
    start_weights.write(tmp_path / "start", start.about, start.layers)
    again = start_weights.read(tmp_path / "start")
    assert again.about == start.about
    for layer, other in zip(again.layers, start.layers, strict=True):
        assert all(map(np.array_equal, layer, other)) and len(layer) == len(other)


def test_a_folder_without_weights_starts_nothing_and_a_damaged_one_is_refused(tmp_path):
    start_weights.write(tmp_path / "start", About(reason="none"))
    assert start_weights.read(tmp_path / "start") is None
    (tmp_path / "start" / "start.json").write_text("{}")
    with pytest.raises(ArtifactError):
        start_weights.read(tmp_path / "start")
