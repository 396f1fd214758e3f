"""params: every mistake in params.yaml is one sentence and exit code 2, before anything is read."""

from pathlib import Path

import pytest

from darkroom import params
from darkroom.errors import ParamsError

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
    ("old", "new", "said"),
    [
        ("train:\n  epochs:", "train:\n  epoch:", "unknown key train.epoch, did you mean train.epochs?"),
        ("train:\n  epochs: 40", "train:\n  epochs: -1", "train.epochs: expected greater than or equal to 1, got -1"),
        ("train:\n  epochs: 40", "train:\n  epochs: '40'", "train.epochs: expected a valid integer, got '40'"),
        ("train:\n  epochs: 40", "train:\n  epochs: true", "train.epochs: expected a valid integer, got True"),
        ("register:\n", "registre:\n", "missing key register"),
        ("seed: 1 ", "seed: 0 ", "seed: expected greater than or equal to 1, got 0"),
        ("seed: 1 ", "seed: 1\nseed: 2", "line"),
        ("seed: 1 ", "seed: !!python/object:os.system 1", "line"),
        ("weights: auto", "weights: imagnet", "transfer.weights: expected 'auto', 'imagenet' or 'none', got 'imagnet'"),
        ("  learning_rate: 0.002\n\ntune", "  learning_rate: .nan\n\ntune", "model.learning_rate: expected a finite"),
        ("filters: [16, 32]", "filters: [16, -3]", "tune.space.filters: expected greater than or equal to 1"),
        ("filters: [16, 32]", "filter: [16]", "unknown knob tune.space.filter, did you mean filters?"),
        ("blocks: 2", "blocks: 5", "preprocess.image_size 16 leaves nothing after 5 poolings"),
        ("archive: data/raw/digits.zip", "archive: ../digits.zip", "expected a path inside the project"),
        ("  val: 0.15", "  val: 0.9", "val + test must stay below 1, got 1.1"),
        ("model: digits-classifier", "model: a/b", "register.model: "),
    ],
)
def test_a_mistake_is_named_in_one_line(changed, old, new, said):
    with pytest.raises(ParamsError) as caught:
        changed(old, new)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


def test_bom_and_windows_lines_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert params.load(path) == params.load(Path("params.yaml"))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ParamsError, match="no such file"):
        params.load(tmp_path / "params.yaml")


def test_flat_names_every_leaf_once():
    leaves = params.flat(params.load(Path("params.yaml")))
    assert leaves["train.epochs"] == 40 and leaves["tune.space.filters"] == [16, 32] and leaves["seed"] == 1


def test_a_turned_knob_is_checked_again():
    model = params.load(Path("params.yaml")).model
    assert params.with_value(model, "filters", 7).filters == 7
    with pytest.raises(ValueError, match="tune.space.filters"):
        params.with_value(model, "filters", 0)
