"""novelty.reference: how unlike the training images an image is."""

import io
import zipfile

import numpy as np
import pytest

from darkroom.novelty import array_file, reference
from darkroom.runtime.errors import ArtifactError


def around(centres: np.ndarray, n: int, seed: int, spread: float = 0.1) -> np.ndarray:
    """float32 (n, d): points near the centres, in turn."""
    noise = np.random.default_rng(seed).normal(0, spread, (n, centres.shape[1]))
    return (centres[np.arange(n) % len(centres)] + noise).astype(np.float32)


@pytest.fixture(params=[8, 300], ids=["features as they are", "features projected"])
def centres(request) -> np.ndarray:
    """Three classes, in as many directions."""
    return np.abs(np.random.default_rng(7).normal(0, 1, (3, request.param)))


def test_new_images_like_the_training_images_score_evenly_and_others_score_at_the_top(centres):
    fitted = reference.fit(around(centres, 600, 1), around(centres, 400, 2))
    like, unlike = around(centres, 2000, 3), around(-centres, 200, 4)
    scores = reference.score(fitted, like)
    # four standard deviations of a share of 2,000, and of the share that 400 validation images call 0.95
    assert (scores > 0.95).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 * (1 / 2000 + 1 / 400)))
    assert scores.mean() == pytest.approx(0.5, abs=4 * np.sqrt((1 / 2000 + 1 / 400) / 12))
    assert (reference.score(fitted, unlike) == 400 / 401).all()


def test_the_score_of_an_image_is_the_fraction_of_validation_images_that_lie_nearer():
    train = np.eye(2, dtype=np.float32)[[0] * 5]
    angles = np.radians([0, 10, 20, 30])
    fitted = reference.fit(train, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    asked = np.radians([0, 5, 25, 90])
    scores = reference.score(fitted, np.stack([np.cos(asked), np.sin(asked)], axis=1))
    assert scores.tolist() == [0, 1 / 5, 3 / 5, 4 / 5]


def test_the_length_of_the_features_plays_no_part():
    fitted = reference.fit(around(np.eye(4), 50, 1), around(np.eye(4), 50, 2))
    asked = around(np.eye(4), 20, 3)
    assert (reference.score(fitted, asked) == reference.score(fitted, 8 * asked)).all()


def test_fewer_training_images_than_neighbours_and_features_of_zeros_are_scored():
    fitted = reference.fit(np.ones((2, 3), np.float32), np.ones((1, 3), np.float32))
    assert reference.score(fitted, np.zeros((1, 3), np.float32)).tolist() == [0.5]
    assert reference.score(fitted, np.zeros((0, 3), np.float32)).shape == (0,)


def test_equal_features_give_equal_bytes_that_read_back_and_stay_below_the_limit(tmp_path):
    train, val = (np.random.default_rng(seed).random((2000, 1280), np.float32) for seed in (1, 2))
    fitted = reference.fit(train, val)
    data = reference.to_bytes(fitted)
    assert data == reference.to_bytes(reference.fit(train.copy(), val.copy())) and len(data) < array_file.LARGEST
    (tmp_path / reference.FILE).write_bytes(data)
    read = reference.read(tmp_path)
    assert all((one == other).all() for one, other in zip(read, fitted, strict=True))
    assert reference.read(tmp_path / "a model of an earlier release") is None


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("features.npy", bytes(100 << 20))
    return buffer.getvalue()


def objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, features=np.array([{}], object), distances=np.zeros(1, np.float32))
    return buffer.getvalue()


def other_arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, features=np.zeros((3, 3)), distances=np.zeros(1, np.float32))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"text", bomb(), objects(), other_arrays()])
def test_a_file_that_darkroom_did_not_write_is_refused(tmp_path, content):
    (tmp_path / reference.FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match="not what darkroom writes"):
        reference.read(tmp_path)
