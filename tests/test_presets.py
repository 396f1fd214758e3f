"""presets: each is a whole params.yaml, and the courses' are the courses'."""

from pathlib import Path

import pytest

from darkroom import params

PRESETS = {path.stem: params.load(path) for path in sorted(Path("presets").glob("*.yaml"))}
OWN = ("tune.space.",)  # what may differ in keys: each search has its own space
COURSES = {  # architecture, side, optimizer, rate, batch, epochs, output: the courses' own words
    "cats_dogs_course": ("cats_dogs_cnn", 64, "rgb", "adam", 0.001, 32, 25, "sigmoid"),
    "cifar10_course": ("cifar10_convnet", 32, "rgb", "adam", 0.001, 32, 4, "softmax"),
    "mnist_course": ("mnist_cnn", 28, "grayscale", "sgd", 0.01, 32, 10, "softmax"),
}


def keys(p: params.Params) -> set[str]:
    return {leaf for leaf in params.flat(p) if not leaf.startswith(OWN)}


def test_there_is_a_preset_and_a_course_for_each_data_set():
    names = {"digits", "cats_dogs", "mnist", "cifar10"}
    assert PRESETS.keys() == names | {f"{name}_course" for name in names}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_lists_exactly_the_keys_of_params(name):
    assert keys(PRESETS[name]) == keys(params.load())


def test_no_two_data_sets_share_a_registered_model():
    pairs = {(params.registered_name(p), p.dataset.name) for p in PRESETS.values()}
    assert len({model for model, _ in pairs}) == len(pairs)


def test_the_default_is_the_digits():
    assert Path("presets/digits.yaml").read_text() == Path("params.yaml").read_text()


@pytest.mark.parametrize("name", COURSES)
def test_a_course_is_trained_as_the_course_says(name):
    p = PRESETS[name]
    m, look = p.model, p.preprocess
    said = (m.architecture, look.image_size, look.color, m.optimizer, m.learning_rate, p.train.batch_size)
    assert (*said, p.train.epochs, m.output) == COURSES[name]
    assert p.tune.algorithm == "none" and p.train.keep == "last" and m.schedule == "constant"
    changed = {"shear": 0.2, "zoom": 0.2, "flip_horizontal": True} if name == "cats_dogs_course" else {}
    assert {hparam: value for hparam, value in p.augment.model_dump().items() if value} == changed
    assert look.normalise == "unit" and not m.weight_decay and not m.ema
