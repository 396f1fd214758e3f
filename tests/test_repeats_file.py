"""What `repeat` writes is what `compare` reads."""

import numpy as np

from darkroom import repeats_file
from darkroom.repeats_file import Training


def test_predictions_come_back_by_model(tmp_path):
    path, rng = tmp_path / "repeats.csv", np.random.default_rng(0)
    trainings = [Training("cnn", 2), Training("cnn", 3), Training("mobilenet_v2-35", 4)]
    predicted = {training: rng.integers(0, 10, 20) for training in trainings}
    repeats_file.write(path, predicted)
    again = repeats_file.read(path)
    assert list(again) == ["cnn", "mobilenet_v2-35"]
    np.testing.assert_array_equal(again["cnn"], [predicted[training] for training in trainings[:2]])
    np.testing.assert_array_equal(again["mobilenet_v2-35"], [predicted[trainings[2]]])


def test_where_nothing_was_trained_again_there_is_a_file_without_models(tmp_path):
    repeats_file.write(tmp_path / "repeats.csv", {})
    assert repeats_file.read(tmp_path / "repeats.csv") == {}
