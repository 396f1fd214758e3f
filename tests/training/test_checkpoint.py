"""The folder to resume from follows from everything that an outcome follows from, and changes with any of it."""

import keras
import numpy as np
import pytest

from darkroom.runtime import files, sealing
from darkroom.training import checkpoint, device
from darkroom.transfer_learning import features


@pytest.fixture
def packed(tmp_path):
    """A function that seals packed data of these bytes."""

    def write(contents=b"images"):
        files.write_files(tmp_path / "packed", {"images.npy": contents})
        sealing.seal(tmp_path / "packed")
        return tmp_path / "packed"

    return write


def test_the_same_training_finds_its_folder_again(packed, tmp_path, model):
    assert checkpoint.resume_dir(tmp_path, packed(), model(), 1, code=["training"]) == checkpoint.resume_dir(
        tmp_path, packed(), model(), 1, code=["training"]
    )


def test_other_images_params_or_seed_have_another_folder(packed, tmp_path, model):
    first = checkpoint.resume_dir(tmp_path, packed(), model(), 1, code=["training"])
    others = [
        checkpoint.resume_dir(tmp_path, packed(b"another image"), model(), 1, code=["training"]),
        checkpoint.resume_dir(tmp_path, packed(), model(filters=5), 1, code=["training"]),
        checkpoint.resume_dir(tmp_path, packed(), model(), 2, code=["training"]),
    ]
    assert len({first, *others}) == 4


def test_other_code_has_another_folder_and_code_that_is_not_listed_does_not_count(packed, tmp_path, monkeypatch):
    for name in ("training", "plots"):
        files.write_text(tmp_path / name / "code.py", "")
    monkeypatch.setattr(checkpoint, "LIBRARY", tmp_path)

    def changed(folder):
        before = checkpoint.resume_dir(tmp_path, packed(), 1, code=["training"])
        files.write_text(tmp_path / folder / "code.py", "changed")
        return checkpoint.resume_dir(tmp_path, packed(), 1, code=["training"]) != before

    assert changed("training")
    assert not changed("plots")


@pytest.mark.parametrize(
    "other", [{"tensorflow": "0.1"}, {"tensorflow": None, "jax": "0.1"}, {"keras": "0.1"}, {"numpy": "0.1"}]
)
def test_another_backend_or_version_has_another_folder_and_other_features(packed, tmp_path, monkeypatch, other):
    extractor = keras.Sequential([keras.Input((2,))])

    def names():
        return checkpoint.resume_dir(tmp_path, packed(), 1, code=["training"]), features.FeatureCache(
            extractor, tmp_path, "a"
        ).identity

    first, identity = names(), device.identity()
    monkeypatch.setattr(device, "identity", lambda: {k: v for k, v in {**identity, **other}.items() if v})
    assert not set(first) & set(names())


def test_the_identity_names_the_backend_that_computes():
    assert device.identity() == {
        "keras": keras.__version__,
        "numpy": np.__version__,
        keras.backend.backend(): __import__(keras.backend.backend()).__version__,
    }
