"""augment: training images change, alone and inside a compiled model; others never do."""

import keras
import numpy as np
import pytest

from darkroom.training import augment

pytestmark = pytest.mark.slow

CHANGES = [
    ("shift", 0.3), ("rotation", 45.0), ("zoom", 0.4), ("shear", 30.0), ("flip_horizontal", True),
    ("flip_vertical", True), ("brightness", 0.4), ("contrast", 0.5), ("cutout", 0.5),
]  # fmt: skip


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def turned(changes):
    return lambda **hparams: augment.network((8, 8, 3), changes(**hparams), seed=1)


def compiled(network):
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
        spy.compile("sgd", jit_compile=False)
        seen.append(spy.train_on_batch(images, np.zeros(len(images)), return_dict=True))
        return seen[-1]

    return train


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_training_images_change_and_others_do_not(turned, images, hparam, value):
    network = turned(**{hparam: value})
    np.testing.assert_array_equal(network(images, training=False), images)
    np.testing.assert_array_equal(network.predict(images, verbose=0), images)
    assert np.abs(np.asarray(network(images, training=True)) - images).max() > 1


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_a_compiled_model_changes_images_as_well_and_keeps_them_in_range(turned, images, hparam, value):
    seen = compiled(turned(**{hparam: value}))(images)
    assert -1e-3 <= seen["low"] and seen["high"] <= 255 + 1e-3
    if not hparam.startswith("flip"):  # which moves pixels and leaves their mean
        assert abs(float(seen["mean"]) - images.mean()) > 1e-3


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_pixels_stay_in_range(turned, images, hparam, value):
    changed = np.asarray(turned(**{hparam: value})(images, training=True))
    assert changed.min() >= -1e-3 and changed.max() <= 255 + 1e-3  # interpolation rounds in float32


def test_without_a_hyperparameter_nothing_changes(turned, images):
    np.testing.assert_array_equal(turned()(images, training=True), images)


@pytest.mark.parametrize(("hparam", "mirror"), [("flip_horizontal", np.s_[:, ::-1]), ("flip_vertical", np.s_[::-1])])
def test_a_flip_mirrors_about_half_of_the_images(turned, images, hparam, mirror):
    changed = np.rint(np.asarray(turned(**{hparam: True})(images, training=True))).astype("uint8")
    same = [np.array_equal(before, after) for before, after in zip(images, changed, strict=True)]
    turned_over = [np.array_equal(before[mirror], after) for before, after in zip(images, changed, strict=True)]
    assert all(a != b for a, b in zip(same, turned_over, strict=True))
    assert 0 < sum(same) < 16  # both, but for one draw in 2 ** 15


def test_a_cut_out_square_is_grey_and_has_the_size_that_was_asked_for(turned, images):
    changed = np.asarray(turned(cutout=0.5)(images, training=True))
    grey = (changed == augment.GREY).all(-1)
    assert set(grey.sum((1, 2))) <= {16}  # half the side of 8, squared


def test_mixing_shares_images_and_labels_alike(changes):
    images = np.repeat([0.0, 100.0], 8)[:, None, None, None] * np.ones((16, 2, 2, 1))
    labels = np.repeat(np.eye(2), 8, axis=0)
    mixed = augment.mixing(changes(mixup=1.0), seed=1)({"images": images, "labels": labels}, training=True)
    second = np.asarray(mixed["labels"])[:, 1]
    np.testing.assert_allclose(np.asarray(mixed["images"])[:, 0, 0, 0], 100 * second, atol=1e-3)
    np.testing.assert_allclose(np.asarray(mixed["labels"]).sum(1), 1, atol=1e-6)
    assert ((second > 0.01) & (second < 0.99)).any()
    assert augment.mixing(changes(), seed=1) is None


def test_a_contact_sheet_shows_each_image_and_its_changes(changes, images):
    sheet = augment.sheet(images[:3], changes(rotation=20.0), seed=1, times=4)
    assert sheet.shape == (3 * 10, 5 * 10, 3) and sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[1:9, 1:9], images[0])
    np.testing.assert_array_equal(sheet[11:19, 1:9], images[1])
    assert not np.array_equal(sheet[1:9, 11:19], images[0])
    assert (sheet[:, ::10] == 128).all() and (sheet[::10] == 128).all()


def test_a_contact_sheet_of_large_images_stays_small(changes):
    large = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    sheet = augment.sheet(large, changes(rotation=20.0), seed=1, times=2)
    assert sheet.shape == (2 * 56, 3 * 56, 3)
    np.testing.assert_array_equal(sheet[1:55, 1:55], large[0, ::3, ::3])


@pytest.mark.parametrize(("hparam", "value"), CHANGES)
def test_every_hyperparameter_but_mixing_changes_a_image_alone(changes, hparam, value):
    assert augment.changes(changes(**{hparam: value}))
    assert not augment.changes(changes(mixup=0.4))
