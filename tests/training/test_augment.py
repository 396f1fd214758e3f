"""Augmentation changes training images, on its own and inside a compiled model, and no others."""

import keras
import numpy as np
import pytest
import tensorflow
from scipy import stats

from darkroom.training import augment, device, mixing

pytestmark = pytest.mark.slow

CHANGES = [
    ("shift", 0.3), ("rotation", 45.0), ("zoom", 0.4), ("shear", 30.0), ("flip_horizontal", True),
    ("flip_vertical", True), ("brightness", 0.4), ("contrast", 0.5), ("cutout", 0.5),
]  # fmt: skip


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def augmenting(changes):
    """A function that makes the layers of an augmentation."""
    return lambda **hparams: augment.network((8, 8, 3), changes(**hparams), seed=1)


def compiled(network, *, xla):
    """The changed images as a training step of a compiled model sees them."""
    seen = []

    class Spy(keras.Model):
        def call(self, x, training=False):
            return network(x, training=training)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.sum(y_pred) * 0.0

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {"low": keras.ops.min(y_pred), "high": keras.ops.max(y_pred), "mean": keras.ops.mean(y_pred)}

    def train(images):
        spy = Spy()
        spy.compile("sgd", jit_compile=xla)
        seen.append(spy.train_on_batch(images, np.zeros(len(images)), return_dict=True))
        return seen[-1]

    return train


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_training_images_change_and_others_do_not(augmenting, images, hparam, value):
    network = augmenting(**{hparam: value})
    np.testing.assert_array_equal(network(images, training=False), images)
    np.testing.assert_array_equal(network.predict(images, verbose=0), images)
    assert np.abs(np.asarray(network(images, training=True)) - images).max() > 1


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_a_compiled_model_changes_images_as_well_and_keeps_them_in_range(
    monkeypatch, augmenting, images, hparam, value, xla
):
    monkeypatch.setattr(device, "xla", lambda: xla)
    seen = compiled(augmenting(**{hparam: value}), xla=xla)(images)
    assert -1e-3 <= seen["low"] and seen["high"] <= 255 + 1e-3
    if not hparam.startswith("flip"):  # which moves pixels and leaves their mean
        assert abs(float(seen["mean"]) - images.mean()) > 1e-3


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_pixels_stay_in_range(augmenting, images, hparam, value):
    changed = np.asarray(augmenting(**{hparam: value})(images, training=True))
    assert changed.min() >= -1e-3 and changed.max() <= 255 + 1e-3  # interpolation rounds in float32


def test_without_a_hyperparameter_nothing_changes(augmenting, images):
    np.testing.assert_array_equal(augmenting()(images, training=True), images)


@pytest.mark.parametrize(("hparam", "flip"), [("flip_horizontal", np.s_[:, ::-1]), ("flip_vertical", np.s_[::-1])])
def test_a_flip_mirrors_about_half_of_the_images(augmenting, images, hparam, flip):
    changed = np.rint(np.asarray(augmenting(**{hparam: True})(images, training=True))).astype("uint8")
    same = [np.array_equal(before, after) for before, after in zip(images, changed, strict=True)]
    flipped = [np.array_equal(before[flip], after) for before, after in zip(images, changed, strict=True)]
    assert all(a != b for a, b in zip(same, flipped, strict=True))
    assert 0 < sum(same) < 16  # both, but for one draw in 2 ** 15


def test_a_flip_that_alternates_mirrors_each_image_in_every_other_epoch(augmenting, images):
    """Whatever the place of an image in a batch; about half of them begin with it."""
    network = augmenting(flip_horizontal="alternate")
    epochs = []
    for epoch in range(4):
        augment.begin_epoch(network.variables, epoch)
        order = np.random.default_rng(epoch).permutation(len(images))
        changed = np.empty_like(images)
        changed[order] = np.rint(np.asarray(network(images[order], training=True)))
        epochs.append(changed)
    for one, next_one in zip(epochs, epochs[1:], strict=False):
        np.testing.assert_array_equal(one, next_one[:, :, ::-1])
    flipped = sum(np.array_equal(a, b[:, ::-1]) for a, b in zip(epochs[0], images, strict=True))
    assert 0 < flipped < len(images)  # both, but for one draw in 2 ** 15
    np.testing.assert_array_equal(network(images, training=False), images)


def test_the_largest_images_alternate_too(changes):
    """The sum of their pixels is beyond what float32 counts exactly."""
    white = np.full((1, 1024, 1024, 3), 255.0, "float32")
    odd = white.copy()
    odd[0, 0, 0, 0] = 254.0
    warp = augment.Warp(changes(flip_horizontal="alternate"), seed=1)
    assert np.asarray(warp._alternate(np.concatenate([white, odd]))).tolist() == [1.0, -1.0]


def test_cutout_is_a_grey_square_of_the_given_size(augmenting, images):
    changed = np.asarray(augmenting(cutout=0.5)(images, training=True))
    grey = (changed == augment.GREY).all(-1)
    assert set(grey.sum((1, 2))) <= {16}  # half of 8 pixels, squared


@pytest.mark.parametrize("xla", [False, True])
def test_mixup_blends_images_and_labels_in_the_same_proportion(changes, xla):
    images = np.repeat([0.0, 100.0], 8)[:, None, None, None] * np.ones((16, 2, 2, 1))
    labels = np.repeat(np.eye(2), 8, axis=0)
    mixup = tensorflow.function(augment.mixing(changes(mixup=1.0), seed=1), jit_compile=xla)
    mixed, targets = map(np.asarray, mixup(images.astype("float32"), labels.astype("float32")))
    second = targets[:, 1]
    np.testing.assert_allclose(mixed[:, 0, 0, 0], 100 * second, atol=1e-3)
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
    assert ((second > 0.01) & (second < 0.99)).any()
    assert augment.mixing(changes(), seed=1) is None


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 4.0])
def test_the_proportions_of_mixup_have_a_beta_distribution(changes, alpha):
    n = 4000
    weights = np.asarray(augment.mixing(changes(mixup=alpha), seed=1)._weights(n))
    assert weights.min() >= 0 and weights.max() <= 1
    values = np.linspace(0.02, 0.98, 49)  # nearer to 1 float32 cannot tell the weights of a small alpha apart
    below = (weights[:, None] <= values).mean(axis=0)
    distance = np.abs(below - stats.beta(alpha, alpha).cdf(values)).max()
    assert distance < 2.7 / np.sqrt(n) + 1 / mixing.STEPS  # Kolmogorov's bound of one sample in a million


def test_a_contact_sheet_shows_each_image_and_its_changes(changes, images):
    sheet = augment.contact_sheet(images[:3], changes(rotation=20.0), seed=1, copies=4)
    assert sheet.shape == (3 * 10, 5 * 10, 3) and sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[1:9, 1:9], images[0])
    np.testing.assert_array_equal(sheet[11:19, 1:9], images[1])
    assert not np.array_equal(sheet[1:9, 11:19], images[0])
    assert (sheet[:, ::10] == 128).all() and (sheet[::10] == 128).all()


def test_a_contact_sheet_of_large_images_stays_small(changes):
    large = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    sheet = augment.contact_sheet(large, changes(rotation=20.0), seed=1, copies=2)
    assert sheet.shape == (2 * 56, 3 * 56, 3)
    np.testing.assert_array_equal(sheet[1:55, 1:55], large[0, ::3, ::3])


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_every_hyperparameter_but_mixup_changes_a_single_image(changes, hparam, value):
    assert augment.changes_images(changes(**{hparam: value}))
    assert not augment.changes_images(changes(mixup=0.4))


def test_the_example_sheet_shows_a_few_images_and_exists_only_if_images_change(changes, images):
    example = augment.example_sheet(images, changes(rotation=20.0), seed=1, encode=lambda sheet: bytes(sheet.shape))
    assert example == {"augmented.png": bytes((4 * 10, 8 * 10, 3))}  # every fourth of 16 images
    assert augment.example_sheet(images, changes(mixup=0.4), seed=1, encode=bytes) == {}


RAMP = np.tile(np.arange(9.0), (9, 1))[None, :, :, None]  # brightness is the column number


def warped(config, images):
    return np.asarray(augment.Warp(config, seed=3)(np.asarray(images, "float32"), training=True))


@pytest.fixture
def many():
    return np.repeat(RAMP, 200, axis=0)


def test_a_shift_moves_whole_pixels_so_that_nothing_is_blurred(changes, many):
    moved = warped(changes(shift=0.2), many)[:, 4, 4, 0] - 4
    np.testing.assert_allclose(moved, np.rint(moved), atol=1e-4)
    assert set(np.rint(moved)) == {-2, -1, 0, 1, 2}  # a fraction of 0.2 of 9 pixels is 1.8


def test_a_rotation_keeps_the_centre_and_tilts_the_ramp_by_its_angle(changes, many):
    rotated = warped(changes(rotation=30.0), many)[:, :, :, 0]
    np.testing.assert_allclose(rotated[:, 4, 4], 4, atol=1e-3)
    angles = np.degrees(np.arctan2(rotated[:, 5, 4] - rotated[:, 3, 4], rotated[:, 4, 5] - rotated[:, 4, 3]))
    assert 27 < np.abs(angles).max() <= 30.01


def test_a_zoom_stretches_the_ramp_by_its_fraction(changes, many):
    scale = warped(changes(zoom=0.2), many)[:, 4, 5, 0] - 4
    assert 0.8 - 1e-4 <= scale.min() < 0.83 and 1.17 < scale.max() <= 1.2 + 1e-4


def test_a_shear_moves_rows_by_the_tangent_of_its_angle(changes, many):
    lean = warped(changes(shear=20.0), many)[:, 5, 4, 0] - 4
    assert 0.9 * np.tan(np.radians(20)) < np.abs(lean).max() <= np.tan(np.radians(20)) + 1e-4


def test_images_of_a_batch_are_warped_differently(changes, many):
    assert len(np.unique(warped(changes(rotation=30.0), many)[:, 3, 4, 0])) > 100
