"""`import darkroom`: predictions in Python are those of `darkroom predict`."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import darkroom
from darkroom import api, cli
from darkroom.decoding import decode
from darkroom.runtime.errors import ArtifactError, DataError

SCRIPT = """
import darkroom
print(darkroom.predict("photo.png", project={project!r}).label)
"""


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 20, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def project(tmp_path, model_folder):
    """A project whose champion always says dog and whose network always says cat."""
    model_folder("cnn", label=0)
    model_folder("best", label=1).rename(tmp_path / "champion")
    return tmp_path


def test_import_darkroom_imports_nothing_else_and_offers_what_it_lists():
    code = "import sys; before = set(sys.modules); import darkroom; print(*set(sys.modules) - before - {'typing'})"
    environ = {"PYTHONPATH": str(Path(darkroom.__file__).parents[1])}  # without `site` nothing else says where it is
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("darkroom")] == ["darkroom"]
    assert not {"numpy", "pydantic", "keras"} & set(done.stdout.split())
    assert dir(darkroom) == sorted(darkroom.__all__) and all(getattr(darkroom, name) for name in darkroom.__all__)
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        darkroom.train  # noqa: B018


def test_the_champion_answers_as_on_the_command_line(project, photo, monkeypatch, capsys):
    monkeypatch.chdir(project)
    cli.run("predict", "photo.png", "--json")
    shown = json.loads(capsys.readouterr().out)
    answer = darkroom.predict("photo.png")
    assert (answer.label, answer.probabilities) == (shown["label"], shown["probabilities"])
    assert answer.label == darkroom.load_champion().predict(photo).label == "dog"


def test_without_a_champion_the_network_answers_and_load_champion_says_why_not(project, photo):
    (project / "champion").rename(project / "old")
    assert darkroom.predict(photo, project=project).label == "cat"
    with pytest.raises(ArtifactError, match="no champion yet"):
        darkroom.load_champion(project)


def test_a_new_champion_takes_the_place_of_the_loaded_one(project, photo):
    assert darkroom.predict(photo, project=project).label == "dog"
    (project / "champion").rename(project / "old")
    (project / "models/cnn").rename(project / "champion")
    assert darkroom.predict(photo, project=project).label == "cat"


def test_a_list_of_files_and_arrays_is_answered_in_order(model_folder, photo):
    model = darkroom.Model(model_folder("any", label=1))
    pixels = np.asarray(Image.open(photo))
    answers = model.predict([pixels, photo, str(photo), pixels[..., 0]])
    assert answers[0] == answers[1] == answers[2] and len(answers) == 4
    assert all(isinstance(answer, darkroom.Prediction) for answer in answers) and model.predict([]) == []


@pytest.mark.parametrize("color", ["rgb", "grayscale", "binary"])
@pytest.mark.parametrize("shape", [(30, 20), (30, 20, 1), (30, 20, 3), (30, 20, 4)])
def test_pixels_become_the_input_that_a_file_with_them_becomes(tmp_path, color, shape):
    pixels = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels[..., 0] if shape[2:] == (1,) else pixels).save(tmp_path / "a.png")
    settings = decode.PackSettings(8, color, "crop", 10_000)
    np.testing.assert_array_equal(
        decode.from_pixels(pixels, settings), decode.to_array((tmp_path / "a.png").read_bytes(), settings)
    )


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (np.zeros((5, 5), np.float32), "expected uint8"),
        (np.zeros((2, 5, 5, 3), np.uint8), "expected uint8"),
        (np.zeros((5, 5, 2), np.uint8), "expected uint8"),
        (np.zeros((0, 5), np.uint8), "expected uint8"),
        (np.zeros(9, np.uint8), "expected uint8"),
        (np.zeros((200, 200), np.uint8), "more than 10000 pixels"),
        ("absent.png", "No such file"),
    ],
)
def test_an_image_that_cannot_be_used_is_a_data_error(model_folder, image, what):
    with pytest.raises(DataError, match=what) as caught:
        darkroom.Model(model_folder("any")).predict([image])
    assert isinstance(caught.value, darkroom.DarkroomError) and "\n" not in str(caught.value)


def test_a_model_knows_its_classes_and_equal_models_have_equal_digests(model_folder):
    one, same, other = (
        darkroom.Model(model_folder(name, label=label)) for name, label in (("a", 0), ("b", 0), ("c", 1))
    )
    assert one.classes == ("cat", "dog") and one.digest == same.digest != other.digest
    assert one.digest in repr(one)


def test_a_script_needs_no_guard_of_its_main_module(project, photo):
    (project / "script.py").write_text(SCRIPT.format(project=str(project)))
    done = subprocess.run([sys.executable, "script.py"], cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "dog\n"), done.stderr


def test_the_examples_of_the_docstrings_are_true(project, photo, monkeypatch):
    monkeypatch.chdir(project)
    assert doctest.testmod(api, extraglobs={"darkroom": darkroom}).attempted >= 4
