"""Loading a model folder, and probabilities of arrays."""

import numpy as np
import pytest

from darkroom.inference import inference
from darkroom.runtime.errors import ArtifactError
from darkroom.saving.model_folder import MODEL


def test_probabilities_come_in_batches_and_sum_to_one(model_folder):
    model, _ = inference.load(model_folder("cnn"))
    values = inference.probabilities(model, np.zeros((inference.BATCH + 3, 8, 8, 1), "uint8"))
    assert (values.shape, values.dtype) == ((inference.BATCH + 3, 2), np.float32)
    assert values.sum(1) == pytest.approx(1, abs=1e-6)


def test_a_missing_or_damaged_model_is_an_error_before_keras_opens_it(model_folder, tmp_path):
    with pytest.raises(ArtifactError, match="no such model folder"):
        inference.load(tmp_path / "none")
    folder = model_folder("cnn")
    (folder / MODEL).write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="damaged"):
        inference.load(folder)


def test_a_model_that_returns_nan_is_an_error(model_folder):
    model, _ = inference.load(model_folder("cnn"))
    model.layers[-1].bias.assign(np.full(2, np.nan, "float32"))
    with pytest.raises(ArtifactError, match="NaN"):
        inference.probabilities(model, np.zeros((1, 8, 8, 1), "uint8"))
