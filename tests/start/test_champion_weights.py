"""champion_weights: which weights a training starts from, and that they stay while the images do."""

import numpy as np
import pytest

from darkroom.register import identity
from darkroom.runtime import files, sealing
from darkroom.start import champion_weights
from darkroom.training import start_weights


@pytest.fixture
def packed(tmp_path):
    """A function that makes the packed images those of version `number`."""

    def pack(number):
        folder = tmp_path / "packed"
        folder.mkdir(exist_ok=True)
        files.write_json(folder / "spec.json", number)
        sealing.seal(folder)
        return folder

    return pack


@pytest.fixture
def prepared(tmp_path, packed):
    """A function that prepares for version `number` of the images, and returns what a training reads then."""

    def prepare(number, champion, *, wanted=True):
        words = champion_weights.prepare(tmp_path / "start", champion, packed(number), wanted=wanted)
        return start_weights.read(tmp_path / "start"), words

    return prepare


def digest(tmp_path):
    return sealing.digest_of(tmp_path / "start")


def test_the_weights_are_those_of_the_champion(prepared, model_folder):
    champion = model_folder("cnn", label=1, tilt=3.0)
    start, words = prepared(1, champion)
    assert start.about["champion"] == identity.digest(champion) and identity.digest(champion) in words
    assert start.about["classes"] == ["cat", "dog"] and start.about["epochs"] == 2
    (output,) = start.layers
    assert output[1].tolist() == [0.0, 3.0] and not np.any(output[0])


def test_a_new_champion_changes_nothing_until_the_images_do(prepared, model_folder, tmp_path):
    """Else the champion that a training made would train the next one, and so on."""
    prepared(1, model_folder("cnn"))
    before, champion = digest(tmp_path), model_folder("cnn", label=1)
    prepared(1, champion)
    assert digest(tmp_path) == before
    start, _ = prepared(2, champion)
    assert start.about["champion"] == identity.digest(champion)


def test_the_same_champion_gives_the_same_bytes(prepared, model_folder, tmp_path):
    champion = model_folder("cnn")
    prepared(1, champion)
    before = {path.name: path.read_bytes() for path in (tmp_path / "start").iterdir()}
    files.remove(tmp_path / "start")
    prepared(1, champion)
    assert {path.name: path.read_bytes() for path in (tmp_path / "start").iterdir()} == before


def test_without_a_warm_start_the_folder_never_changes(prepared, model_folder, tmp_path):
    assert prepared(1, model_folder("cnn"), wanted=False)[0] is None
    before = digest(tmp_path)
    prepared(2, tmp_path / "none", wanted=False)
    assert digest(tmp_path) == before


def test_a_start_that_has_no_weights_to_take_says_why(prepared, model_folder, tmp_path):
    assert prepared(1, tmp_path / "none") == (None, "random weights, as there is no champion here")
    champion = model_folder("mobilenet")
    facts = files.read_json(champion / "run.json") | {"pretrained": True}
    files.write_json(champion / "run.json", facts)
    sealing.seal(champion)
    assert prepared(1, champion) == (None, "random weights, as the champion is mobilenet")


def test_damaged_weights_are_taken_again(prepared, model_folder, tmp_path):
    champion = model_folder("cnn")
    prepared(1, champion)
    before = digest(tmp_path)
    (tmp_path / "start" / "weights.npz").write_bytes(b"")
    prepared(1, champion)
    assert digest(tmp_path) == before
