"""metrics.predictions: what is written is what is read, and it leads back to the file."""

import numpy as np
import pytest

from darkroom.metrics import design, predictions
from darkroom.metrics.design import Design
from darkroom.metrics.sample import from_probabilities
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError

CLASSES = ("cat", "dog, big")
LABELS = np.array([0, 1, 1])
DESIGN = Design(np.array([7, 3, 3]), given=True)
PROBABILITIES = {
    "cnn": np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], "float32"),
    "other": np.eye(2, dtype="float32")[LABELS],
}
IMAGES = ("cat/1.png", "dog, big/ü 2.png", "dog, big/3.png")


def written(folder):
    files.write_tables(
        folder / "p",
        {
            name: predictions.rows(CLASSES, IMAGES, from_probabilities(LABELS, p, DESIGN))
            for name, p in PROBABILITIES.items()
        },
    )
    files.write_json(folder / "t.json", design.test_set(DESIGN))
    return folder / "p", folder / "t.json"


def test_what_is_written_is_read(tmp_path):
    classes, labels, predicted, drawn = predictions.read(*written(tmp_path))
    assert (drawn.clusters.tolist(), drawn.given) == ([7, 3, 3], True)
    assert (classes, labels.tolist()) == (CLASSES, [0, 1, 1])
    assert {name: classes.tolist() for name, classes in predicted.items()} == {"cnn": [0, 1, 0], "other": [0, 1, 1]}


def test_a_row_leads_back_to_its_file(tmp_path):
    row = files.read_rows(written(tmp_path)[0] / "cnn.csv")[1]
    assert (row["row"], row["path"], row["label"], row["p_dog, big"]) == ("1", IMAGES[1], "dog, big", "0.8")


@pytest.mark.parametrize("rows", [0, 2])
def test_models_that_saw_different_images_are_not_compared(tmp_path, rows):
    folder, test_set = written(tmp_path)
    path = folder / "cnn.csv"
    path.write_text("\n".join(path.read_text().splitlines()[: rows + 1]) + "\n")
    with pytest.raises(ArtifactError, match="different images"):
        predictions.read(folder, test_set)
