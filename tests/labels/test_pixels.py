"""labels.pixels: features that need no network and no label."""

import numpy as np

from darkroom.labels import pixels


def images(n, size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), np.uint8)


def test_features_follow_from_the_image_alone(monkeypatch):
    monkeypatch.setattr(pixels, "LANDMARKS", 20)
    train = images(50, 16)
    features = pixels.features({"train": train, "val": train[:7]}, seed=1)
    assert features["train"].shape == (50, 20) and features["train"].dtype == np.float32
    np.testing.assert_allclose(features["val"], features["train"][:7], atol=1e-6)
    monkeypatch.setattr(pixels, "BATCH", 3)
    batched = pixels.features({"train": train, "val": train[:7]}, seed=1)
    np.testing.assert_allclose(batched["train"], features["train"], atol=1e-6)


def test_an_image_is_nearer_to_its_like_than_to_others(monkeypatch):
    """The features of Nystroem are those of the kernel: the inner product of two is how near the images are."""
    monkeypatch.setattr(pixels, "LANDMARKS", 30)
    train = images(30, 8)
    near = (train[:1].astype(int) + images(1, 8, seed=2) // 64).clip(0, 255).astype(np.uint8)
    features = pixels.features({"train": train, "val": near}, seed=1)
    nearness = features["train"] @ features["val"][0]
    assert nearness.argmax() == 0 and nearness[0] > 2 * np.sort(nearness)[-2]


def test_a_large_image_is_averaged_over_squares():
    """Of 70 pixels 3 x 3 squares: 23 of them per side, the last pixel is left out."""
    large = np.kron(images(3, 23), np.ones((1, 3, 3, 1), np.uint8))
    large = np.pad(large, ((0, 0), (0, 1), (0, 1), (0, 0)))
    np.testing.assert_allclose(pixels._flat(large), images(3, 23).reshape(3, -1) / 255)


def test_equal_images_have_equal_features():
    same = np.zeros((5, 8, 8, 1), np.uint8)
    features = pixels.features({"train": same}, seed=1)["train"]
    assert np.isfinite(features).all() and np.ptp(features, 0).max() < 1e-6
