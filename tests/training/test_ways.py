"""On the backend of the tests, images in memory and streamed ones train as Keras does batch by batch."""

import numpy as np
import pytest
from tests.training import ways
from tests.training.ways import IMAGES, STEPS

pytestmark = pytest.mark.slow

CLOSE = 1e-3  # of a loss, after 100 steps: fused operations round and add in another order


@pytest.fixture(scope="module")
def streamed():
    """The rows of a streamed training, and the order of its images in each epoch."""
    windows: list[np.ndarray] = []
    return ways.streamed(IMAGES, windows), ways.epochs_of(windows)


def test_streamed_images_and_images_in_memory_train_as_plain_keras_does_in_their_order(streamed):
    rows, order = streamed
    resident = ways.in_order(order, IMAGES)
    expected = ways.plain(IMAGES, order)
    np.testing.assert_allclose([row["loss"] for row in rows], expected, atol=CLOSE)
    np.testing.assert_allclose([row["loss"] for row in resident], expected, atol=CLOSE)
    np.testing.assert_allclose([row["val_loss"] for row in rows], [row["val_loss"] for row in resident], atol=CLOSE)


def test_a_streamed_training_that_is_killed_after_each_epoch_ends_exactly_where_an_undisturbed_one_ends(streamed):
    rows, _ = streamed
    assert ways.streamed(IMAGES, [], kill_after=(1, 2, 3)) == rows and STEPS > 1
