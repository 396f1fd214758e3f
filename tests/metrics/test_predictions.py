"""metrics.predictions: what is written is what is read, and it leads back to the file."""

import numpy as np
import pytest

from darkroom.metrics import predictions
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError

CLASSES = ("cat", "dog, big")
LABELS = np.array([0, 1, 1])
PROBABILITIES = {
    "cnn": np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], "float32"),
    "other": np.eye(2, dtype="float32")[LABELS],
}
IMAGES = ("cat/1.png", "dog, big/ü 2.png", "dog, big/3.png")


def written(folder):
    files.write_tables(
        folder, {name: predictions.rows(CLASSES, IMAGES, LABELS, p) for name, p in PROBABILITIES.items()}
    )
    return folder


def test_what_is_written_is_read(tmp_path):
    classes, labels, predicted = predictions.read(written(tmp_path / "p"))
    assert (classes, labels.tolist()) == (CLASSES, [0, 1, 1])
    assert {name: classes.tolist() for name, classes in predicted.items()} == {"cnn": [0, 1, 0], "other": [0, 1, 1]}


def test_a_row_leads_back_to_its_file(tmp_path):
    row = files.read_rows(written(tmp_path / "p") / "cnn.csv")[1]
    assert (row["row"], row["path"], row["label"], row["p_dog, big"]) == ("1", IMAGES[1], "dog, big", "0.8")


@pytest.mark.parametrize("rows", [0, 2])
def test_models_that_saw_different_images_are_not_compared(tmp_path, rows):
    path = written(tmp_path / "p") / "cnn.csv"
    path.write_text("\n".join(path.read_text().splitlines()[: rows + 1]) + "\n")
    with pytest.raises(ArtifactError, match="different images"):
        predictions.read(tmp_path / "p")
