"""labels.pretrained: the features of each pretrained backbone, and of no other."""

from types import SimpleNamespace

import numpy as np
import pytest

from darkroom.labels import pretrained
from darkroom.refit.config import RefitPaths
from darkroom.saving import model_folder
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.weights import Base

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("source", "names"), [("small.h5", ["old", "new"]), (None, [])])
def test_features_are_those_of_backbones_whose_weights_are_there(monkeypatch, small, tmp_path, source, names):
    def facts(folder):
        return {"pretrained": folder.name != "random"}

    monkeypatch.setattr(model_folder, "read_facts", facts)
    monkeypatch.setattr(transfer, "load_base", lambda *_, **__: Base(small, small.build(), source))
    images = {"train": np.zeros((9, 8, 8, 1), np.uint8), "test": np.zeros((4, 8, 8, 1), np.uint8)}
    paths = RefitPaths(tmp_path, tmp_path, tmp_path, tmp_path / "cache")
    config = SimpleNamespace(transfer=None, seed=1)
    found = dict(pretrained.features(["old", "random", "new"], images, tmp_path, config, paths))
    assert list(found) == names
    for features in found.values():
        assert [len(features[split]) for split in images] == [9, 4] and features["train"].ndim == 2
