"""The images that an export is compared on: the packed ones where the model can take them, else noise."""

import numpy as np
import pytest

from darkroom.export import evidence
from darkroom.runtime import files, sealing

SPEC = {"classes": ["a", "b"], "image_size": 9, "color": "rgb", "fit": "stretch", "max_pixels": 10_000}


@pytest.fixture
def packed(tmp_path):
    """A folder of packed images, 12 of each split."""
    rng = np.random.default_rng(1)
    for split in ("train", "test"):
        folder = tmp_path / "packed" / split
        folder.mkdir(parents=True)
        np.save(folder / "images.npy", rng.integers(0, 256, (12, 9, 9, 3), np.uint8))
        np.save(folder / "labels.npy", np.arange(12) % 2)
        rows = ({"path": f"{i}.png", "cluster": i // 2} for i in range(12))
        files.write_rows(folder / "paths.csv", ["path", "cluster"], rows)
    files.write_json(tmp_path / "packed/spec.json", SPEC | {"given_splits": []})
    sealing.seal(tmp_path / "packed")
    return tmp_path / "packed"


def test_the_packed_test_images_come_with_labels_and_clusters(packed):
    seen = evidence.read(packed, SPEC)
    np.testing.assert_array_equal(seen.images, np.load(packed / "test/images.npy"))
    assert seen.labels.numbers.tolist() == [0, 1] * 6 and seen.labels.design.n_clusters == 6


def test_a_limit_on_pixels_does_not_change_an_image(packed):
    assert evidence.read(packed, SPEC | {"max_pixels": 99}).labels is not None


@pytest.mark.parametrize("change", [{"image_size": 8}, {"color": "grayscale"}, {"fit": "pad"}])
def test_a_model_that_takes_other_images_gets_noise_in_its_size_and_colour(packed, change):
    spec = SPEC | change
    seen = evidence.read(packed, spec)
    channels = 1 if spec["color"] == "grayscale" else 3
    assert seen.images.shape[1:] == (spec["image_size"],) * 2 + (channels,) and seen.labels is None
    assert len(np.unique(seen.images.reshape(len(seen.images), -1), axis=0)) == len(seen.images)
    assert evidence.calibration_images(packed, spec) is None


def test_images_of_other_classes_are_compared_without_labels(packed):
    seen = evidence.read(packed, SPEC | {"classes": ["b", "a"]})
    assert seen.images.shape == (12, 9, 9, 3) and seen.labels is None


def test_calibration_takes_training_images_and_never_test_images(packed, monkeypatch):
    monkeypatch.setattr(evidence, "CALIBRATION", 5)
    images = evidence.calibration_images(packed, SPEC)
    train = {image.tobytes() for image in np.load(packed / "train/images.npy")}
    assert len(images) == 5 and {image.tobytes() for image in images} < train


def test_without_packed_images_there_is_noise(tmp_path):
    assert evidence.read(tmp_path, SPEC).labels is None and evidence.calibration_images(tmp_path, SPEC) is None
