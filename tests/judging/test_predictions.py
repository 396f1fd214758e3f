"""judging.predictions: what is written is what is read, and it leads back to the file."""

import numpy as np
import pytest

from darkroom import files
from darkroom.errors import ArtifactError
from darkroom.judging import predictions

CLASSES = ("cat", "dog, big")
LABELS = np.array([0, 1, 1])
FOUND = {"cnn": np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], "float32"), "other": np.eye(2, dtype="float32")[LABELS]}
PICTURES = ("cat/1.png", "dog, big/ü 2.png", "dog, big/3.png")


def test_what_is_written_is_read(tmp_path):
    predictions.write(tmp_path / "p.csv", CLASSES, PICTURES, LABELS, FOUND)
    classes, labels, predicted = predictions.read(tmp_path / "p.csv")
    assert (classes, labels.tolist()) == (CLASSES, [0, 1, 1])
    assert {name: found.tolist() for name, found in predicted.items()} == {"cnn": [0, 1, 0], "other": [0, 1, 1]}


def test_a_row_leads_back_to_its_file(tmp_path):
    predictions.write(tmp_path / "p.csv", CLASSES, PICTURES, LABELS, FOUND)
    row = files.read_rows(tmp_path / "p.csv")[1]
    assert (row["row"], row["path"], row["label"], row["p_dog, big"]) == ("1", PICTURES[1], "dog, big", "0.8")


def test_models_that_saw_different_pictures_are_not_compared(tmp_path):
    predictions.write(tmp_path / "p.csv", CLASSES, PICTURES, LABELS, FOUND)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    (tmp_path / "p.csv").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(ArtifactError, match="different pictures"):
        predictions.read(tmp_path / "p.csv")
