"""presets: each holds what differs from the defaults, says what it reaches, and the courses' are the courses'."""

import re
from functools import cache
from pathlib import Path

import pytest

from darkroom import params, paths, plain_yaml
from darkroom.commands import presets
from darkroom.runtime.errors import ParamsError

NAMES = presets.names(paths.PRESETS)
DEFAULTS = (paths.PRESETS / "defaults.yaml").read_text()
COURSES = {  # architecture, size, color, optimizer, rate, batch, epochs, output: what the courses themselves use
    "cats_dogs_course": ("cats_dogs_cnn", 64, "rgb", "adam", 0.001, 32, 25, "sigmoid"),
    "cifar10_course": ("cifar10_convnet", 32, "rgb", "adam", 0.001, 32, 4, "softmax"),
    "mnist_course": ("mnist_cnn", 28, "grayscale", "sgd", 0.01, 32, 10, "softmax"),
}
HEADER = (
    r"# yaml-language-server: .+\n# {name}: .+\n#\n# accuracy: .+\n# time: .+\n# machine: .+\n# command: .+{name}.+"
)


@cache  # to load one takes 50 ms, and every worker imports this file
def loaded(name: str) -> params.Params:
    return presets.load(name, paths.PRESETS)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with the defaults and no preset yet."""
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/defaults.yaml").write_text(DEFAULTS)
    return tmp_path / "presets"


def comments(text: str) -> list[str]:
    return re.findall(r"#.*", text)


def differing(values: object, defaults: object, name: str = "") -> list[tuple[str, object, object]]:
    """Return each leaf of a preset as its name, its value and the default; what is replaced as a whole is a leaf."""
    if isinstance(values, dict) and isinstance(defaults, dict) and name not in presets.WHOLE:
        return [leaf for key in values for leaf in differing(values[key], defaults[key], f"{name}.{key}".strip("."))]
    return [(name, values, defaults)]


def test_there_is_a_preset_and_a_course_for_each_data_set():
    data_sets = {"digits", "cats_dogs", "mnist", "cifar10"}
    courses = {f"{name}_course" for name in data_sets}
    assert set(NAMES) == data_sets | courses | {"cats_dogs_quick", "cifar10_fast"}


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_begins_with_what_it_is_what_it_reaches_and_how(name):
    text = (paths.PRESETS / f"{name}.yaml").read_text()
    (header,) = re.findall(r"\A(?:#.*\n)+", text)
    assert re.fullmatch(HEADER.format(name=name), header.rstrip(), re.DOTALL)
    assert comments(text) == header.splitlines()  # the units are in the comments of the defaults


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_holds_nothing_that_equals_the_default(name):
    values = plain_yaml.load(paths.PRESETS / f"{name}.yaml") or {}
    leaves = differing(values, plain_yaml.parse(DEFAULTS))
    assert [leaf for leaf, value, default in leaves if (value, type(value)) == (default, type(default))] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_merged_preset_keeps_every_comment_and_every_key_of_the_defaults(name):
    merged = presets.merge(name, paths.PRESETS)
    assert comments(merged) == comments(DEFAULTS)
    assert merged.count("\n\n") == DEFAULTS.count("\n\n")
    leaves = [leaf for leaf in params.flat(loaded(name)) if not leaf.startswith("tune.space.")]
    assert leaves == [leaf for leaf in params.flat(loaded("digits")) if not leaf.startswith("tune.space.")]


@pytest.mark.parametrize("name", NAMES)
def test_the_values_of_a_preset_take_effect_and_all_others_are_the_defaults(name):
    values = plain_yaml.load(paths.PRESETS / f"{name}.yaml") or {}
    defaults, changes = plain_yaml.parse(DEFAULTS), params.flat(values)
    expected = {leaf: changes.get(leaf, value) for leaf, value in params.flat(defaults).items()}
    if "space" in values.get("tune", {}):
        expected = {leaf: value for leaf, value in expected.items() if not leaf.startswith("tune.space.")}
    assert params.flat(loaded(name)) == expected | changes


def test_using_a_preset_twice_or_after_another_gives_the_same_file(tmp_path):
    target = tmp_path / "params.yaml"
    texts = []
    for name in ("cifar10", "cifar10", "cats_dogs_course", "cifar10"):
        presets.use(name, paths.PRESETS, target)
        texts.append(target.read_text())
    assert texts[0] == texts[1] == texts[3] != texts[2]


def test_the_committed_params_are_the_digits(tmp_path):
    presets.use("digits", paths.PRESETS, tmp_path / "params.yaml")
    first, rest = paths.PARAMS.read_text().split("\n", 1)
    assert rest == DEFAULTS.split("\n", 1)[1] == (tmp_path / "params.yaml").read_text().split("\n", 1)[1]
    assert first == "# yaml-language-server: $schema=presets/params.schema.json"  # as an editor reads it from there


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model:\n  bloks: 3\n", "unknown key model.bloks, did you mean model.blocks?"),
        ("modl:\n  blocks: 3\n", "unknown key modl, did you mean model?"),
        ("validate:\n  min_side: 9\n", "unknown key validate.min_side, did you mean validate.min_size?"),
        ("tune:\n  space:\n    bloks: [1, 2]\n", "unknown hyperparameter tune.space.bloks, did you mean blocks?"),
        ("model: 3\n", "model: expected a valid dictionary"),
        ("seed:\n  a: 3\n", "seed: expected a valid integer"),
        ("seed: 0\n", "seed: expected greater than or equal to 1, got 0"),
        ("- seed\n", "expected sections of params"),
        ("seed: [\n", "line "),
    ],
)
def test_a_mistake_in_a_preset_is_named_and_params_stay(folder, text, message):
    (folder / "mine.yaml").write_text(text)
    target = folder.parent / "params.yaml"
    target.write_text("old")
    with pytest.raises(ParamsError) as caught:
        presets.use("mine", folder, target)
    assert message in str(caught.value) and "mine.yaml" in caught.value.where and caught.value.exit_code == 2
    assert target.read_text() == "old"


def test_lists_and_the_search_space_are_replaced_as_a_whole(folder):
    (folder / "mine.yaml").write_text("curve:\n  fractions: [0.5, 1.0]\ntune:\n  space:\n    filters: [8]\n")
    merged = presets.load("mine", folder)
    assert merged.curve.fractions == [0.5, 1.0] and merged.tune.space == {"filters": [8]}
    assert "  fractions: [0.5, 1.0]          # " in presets.merge("mine", folder)


@pytest.mark.parametrize("name", ["defaults", "digit", "../presets/digits"])
def test_an_unknown_preset_is_an_error_that_lists_the_presets(name):
    with pytest.raises(ParamsError, match=f"there is no preset {re.escape(name)}") as caught:
        presets.load(name, paths.PRESETS)
    assert caught.value.code == "E_PRESET" and ", ".join(NAMES) in caught.value.fix


def test_no_two_data_sets_share_a_registered_model():
    pairs = {(params.registered_name(p), p.dataset.name) for p in map(loaded, NAMES)}
    assert len({model for model, _ in pairs}) == len(pairs)


@pytest.mark.parametrize("name", COURSES)
def test_a_course_is_trained_as_the_course_says(name):
    p = loaded(name)
    m, preprocess = p.model, p.preprocess
    network = (m.architecture, preprocess.image_size, preprocess.color)
    training = (m.optimizer, m.learning_rate, p.train.batch_size, p.train.epochs)
    assert (*network, *training, m.output) == COURSES[name]
    assert p.tune.algorithm == "none" and p.train.keep == "last" and m.schedule == "constant"
    augmentation = {"shear": 0.2, "zoom": 0.2, "flip_horizontal": True} if name == "cats_dogs_course" else {}
    assert {hparam: value for hparam, value in p.augment.model_dump().items() if value} == augmentation
    assert preprocess.normalise == "unit" and not m.weight_decay and not m.ema
