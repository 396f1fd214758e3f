"""inference.answers and inference.scaling: from the outputs of a model to a label."""

import json

import numpy as np
import pytest

from darkroom.inference import answers, scaling
from darkroom.inference.answers import Choice, Outputs
from darkroom.runtime.errors import ArtifactError

CLASSES = ("cat", "dog", "eel")
PROBABILITIES = np.array([[0.2, 0.7, 0.1], [0.4, 0.3, 0.3]], np.float32)


def labels(choice: Choice, unknown: list[float] | None = None) -> list[str]:
    outputs = Outputs(PROBABILITIES, None if unknown is None else np.array(unknown))
    return [answer.label for answer in answers.predictions(outputs, CLASSES, choice)]


def test_the_likeliest_class_is_the_label_and_comes_first():
    first, second = answers.predictions(Outputs(PROBABILITIES), CLASSES)
    assert (first.label, list(first.probabilities), first.unknown) == ("dog", ["dog", "cat", "eel"], None)
    assert second.label == "cat" and sum(second.probabilities.values()) == pytest.approx(1)


def test_an_image_without_a_class_of_that_probability_is_rejected():
    assert labels(Choice(reject_below=0.5)) == ["dog", "rejected"]
    assert labels(Choice(reject_below=0.4 - 1e-6)) == ["dog", "cat"]


def test_an_image_unlike_the_training_images_is_unknown_even_where_it_would_be_rejected():
    assert labels(Choice(unknown_above=0.95), [0.96, 0.95]) == ["unknown", "cat"]
    assert labels(Choice(reject_below=0.5, unknown_above=0.95), [0.1, 0.99]) == ["dog", "unknown"]


def test_a_rejection_is_judged_by_calibrated_probabilities_where_they_are_asked_for():
    assert labels(Choice(temperature=4.0, reject_below=0.5)) == ["rejected", "rejected"]
    (calibrated, _) = answers.predictions(Outputs(PROBABILITIES), CLASSES, Choice(temperature=2.0))
    expected = np.sqrt(PROBABILITIES[0]) / np.sqrt(PROBABILITIES[0]).sum()  # softmax(log p / 2)
    assert [calibrated.probabilities[name] for name in CLASSES] == pytest.approx(expected, abs=1e-6)


def test_a_temperature_changes_no_predicted_class():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(5), 200)
    scaled = scaling.scale(probabilities, 7.0)
    assert (scaled.argmax(1) == probabilities.argmax(1)).all()
    assert scaled.sum(1) == pytest.approx(np.ones(200))
    assert scaling.scale(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-12)


def test_the_temperature_of_a_folder_reads_back(tmp_path):
    assert scaling.read_temperature(tmp_path) is None
    scaling.write_temperature(tmp_path, 1.25)
    assert scaling.read_temperature(tmp_path) == 1.25


@pytest.mark.parametrize("content", [{}, {"temperature": 0}, {"temperature": "hot"}, {"temperature": None}])
def test_a_file_without_a_temperature_is_refused(tmp_path, content):
    (tmp_path / scaling.FILE).write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match="no temperature"):
        scaling.read_temperature(tmp_path)
