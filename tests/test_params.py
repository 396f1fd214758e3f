"""params: every mistake in params.yaml is reported in one line, with exit code 2."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom import params, params_errors
from darkroom.runtime.errors import ParamsError

TEXT = Path("params.yaml").read_text()


@pytest.fixture
def changed(tmp_path):
    """A function that loads params.yaml with `old` replaced by `new`, once."""

    def load(old, new):
        assert old in TEXT
        path = tmp_path / "params.yaml"
        path.write_text(TEXT.replace(old, new, 1))
        return params.load(path)

    return load


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("train:\n  epochs:", "train:\n  epoch:", "unknown key train.epoch, did you mean train.epochs?"),
        ("train:\n  epochs: 20", "train:\n  epochs: -1", "train.epochs: expected greater than or equal to 1, got -1"),
        ("train:\n  epochs: 20", "train:\n  epochs: '40'", "train.epochs: expected a valid integer, got '40'"),
        ("train:\n  epochs: 20", "train:\n  epochs: true", "train.epochs: expected a valid integer, got True"),
        ("register:\n", "registre:\n", "missing key register"),
        ("seed: 1 ", "seed: 0 ", "seed: expected greater than or equal to 1, got 0"),
        ("seed: 1 ", "seed: 1\nseed: 2", "line"),
        ("seed: 1 ", "seed: !!python/object:os.system 1", "line"),
        ("weights: auto", "weights: imagnet", "transfer.weights: expected auto, imagenet, none or a path in"),
        ("learning_rate: 0.002", "learning_rate: .nan", "model.learning_rate: expected a finite"),
        ("learning_rate: 0.002", "learning_rate: 0.0", "model.learning_rate: expected greater than 0, got 0.0"),
        ("learning_rate: 0.002", "learning_rate: 1e3", "model.learning_rate: expected less than or equal to 10"),
        ("weights: auto", "weights: /etc/a.h5", "expected a path inside the project"),
        ("backbones: [efficientnet_lite0]", "backbones: [mobilenet@2]", "transfer.backbones.0: "),
        ("units: [128]", "units: []", "transfer.head.units: "),
        ("filters: [8, 16]", "filters: [16, -3]", "tune.space.filters: expected greater than or equal to 1"),
        ("filters: [8, 16]", "filter: [16]", "unknown hyperparameter tune.space.filter, did you mean filters?"),
        ("blocks: 2", "blocks: 5", "preprocess.image_size 16 leaves nothing after 5 poolings"),
        ("archive: data/raw/digits.zip", "archive: ../digits.zip", "expected a path inside the project"),
        ("  val: 0.15", "  val: 0.9", "val + test must stay below 1, got 1.1"),
        ("model: auto ", "model: a/b ", "register.model: "),
        ("image_size: 16 ", "image_size: 7 ", "preprocess.image_size: expected greater than or equal to 8, got 7"),
        ("image_size: 16 ", "image_size: 1025 ", "preprocess.image_size: expected less than or equal to 1024"),
        ("  test: 0.2", "  test: 0.0", "validate.test: expected greater than 0, got 0.0"),
        ("  val: 0.15", "  val: '0.15'", "validate.val: expected a valid number, got '0.15'"),
        ("max_ratio: 100", "max_ratio: 1", "ingest.max_ratio: expected greater than 1, got 1"),
        ("max_entries: 200000", "max_entries: 1.5", "ingest.max_entries: expected a valid integer, got"),
        ("min_contrast: 2.0", "min_contrast: -1", "validate.min_contrast: expected greater than or equal to 0"),
        ("window: [0, 65535]", "window: [9, 9]", "window: expected [low, high] with low below high"),
        ("max_pixels: 50000000", "max_pixels: 99999999999", "validate.max_pixels: expected less than or equal to"),
        ("color: grayscale", "color: grey", "preprocess.color: expected 'rgb', 'grayscale' or 'binary', got 'grey'"),
        ("normalise: unit", "normalise: no", "preprocess.normalise: expected 'unit', 'center' or 'standardise'"),
        ("fit: stretch", "fit: [stretch]", "preprocess.fit: expected 'stretch', 'crop', 'pad' or 'nearest'"),
        ("archive: data/raw/digits.zip", "archive: /etc/x.zip", "expected a path inside the project"),
        ("archive: data/raw/digits.zip", "archive: ~/x.zip", "expected a path inside the project"),
        ("archive: data/raw/digits.zip", "archive: ''", "expected a path inside the project"),
        ("archive: data/raw/digits.zip", "archive: null", "dataset.archive: expected a valid string, got None"),
        ("seed: 1 ", "seed: 99999999999999 ", "seed: expected less than 2147483648"),
        ("seed: 1 ", "seed: [1] ", "seed: expected a valid integer, got [1]"),
        ("ingest: ", "ingest: null\nigest: ", "ingest: expected a valid dictionary"),
        ("  fit: stretch", "\tfit: stretch", "line"),
    ],
)
def test_a_mistake_is_named_in_one_line(changed, old, new, message):
    with pytest.raises(ParamsError) as caught:
        changed(old, new)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


@pytest.mark.parametrize(("old", "new"), params_errors.RENAMED.items())
def test_for_a_key_of_an_earlier_release_the_error_suggests_its_new_name(old, new, tmp_path):
    section, _, key = old.partition(".")
    lines = TEXT.splitlines(keepends=True)
    start = lines.index(f"{section}:\n")
    line = next(i for i in range(start, len(lines)) if lines[i].startswith(f"  {new}:"))
    path = tmp_path / "params.yaml"
    path.write_text("".join([*lines[:line], lines[line].replace(new, key, 1), *lines[line + 1 :]]))
    with pytest.raises(ParamsError, match=f"unknown key {old}, did you mean {section}.{new}[?]"):
        params.load(path)


def test_bom_and_windows_lines_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert params.load(path) == params.load(Path("params.yaml"))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ParamsError, match="no such file"):
        params.load(tmp_path / "params.yaml")


def test_flat_names_every_leaf_once():
    leaves = params.flat(params.load(Path("params.yaml")))
    assert leaves["train.epochs"] == 20 and leaves["tune.space.filters"] == [8, 16] and leaves["seed"] == 1


def test_the_registered_model_follows_the_data_set_unless_it_has_a_name_of_its_own(changed):
    assert params.registered_name(changed("name: digits ", "name: birds ")) == "birds-classifier"
    assert params.registered_name(changed("model: auto ", "model: birds ")) == "birds"


def test_a_changed_hyperparameter_is_checked_again():
    model = params.load(Path("params.yaml")).model
    assert params.with_value(model, "filters", 7).filters == 7
    with pytest.raises(ValueError, match="tune.space.filters"):
        params.with_value(model, "filters", 0)


@pytest.mark.parametrize("wrong", [0, -1])
@pytest.mark.parametrize(
    "name",
    [
        *(
            f"{where}.{key}"
            for where in ("train", "tune.fit", "transfer.fit")
            for key in ("epochs", "batch_size", "patience")
        ),
        *("transfer.fine_tune.epochs", "transfer.fine_tune.patience", "tune.trials", "preprocess.image_size"),
        *("validate.min_size", "validate.max_pixels", "validate.min_per_class", "evaluate.resamples"),
    ],
)
def test_a_count_of_zero_or_less_is_an_error_with_its_range(tmp_path, name, wrong):
    document = YAML(typ="safe").load(TEXT)
    *sections, key = name.split(".")
    section = document
    for name_of_section in sections:
        section = section[name_of_section]
    section[key] = wrong
    path = tmp_path / "params.yaml"
    YAML().dump(document, path)
    with pytest.raises(
        ParamsError, match=rf"{name}.*: expected .*greater than or equal to \d+.*, got {wrong}"
    ) as fault:
        params.load(path)
    assert fault.value.exit_code == 2


@pytest.mark.parametrize(
    ("key", "wrong", "choices"),
    [("leaks", "drop", "'stop', 'drop_from_train' or 'split_again'"), ("conflicts", "no", "'stop' or 'drop'")],
)
def test_an_unknown_treatment_of_copies_is_an_error_with_the_choices(changed, key, wrong, choices):
    with pytest.raises(ParamsError, match=f"validate.{key}: expected {choices}, got '{wrong}'"):
        changed(f"{key}: stop", f"{key}: {wrong}")


def test_a_file_of_an_older_release_is_told_where_every_key_is(changed):
    with pytest.raises(ParamsError, match="missing key labels.folds") as caught:
        changed("  folds: 5", "  # folds: 5")
    (path,) = (word for word in caught.value.fix.split() if word.endswith(".yaml"))
    assert "  folds: " in Path(path).read_text()
