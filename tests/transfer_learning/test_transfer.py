"""transfer: one model from pixels to probabilities, the same whatever was killed on the way."""

import keras
import numpy as np
import pytest

from darkroom.saving import model_folder
from darkroom.training import device
from darkroom.transfer_learning import transfer, weights

pytestmark = pytest.mark.slow


@pytest.fixture
def sides(packs):
    return packs(200, 80)


@pytest.fixture
def train(sides, small, how_to_transfer, changes, tmp_path):
    """A function that trains; with `source` None from random weights."""

    def run(place="here", source="file.h5", fine=0, on_epoch=lambda *_: None, epochs=4):
        device.repeatable(3)
        places = {"cache": tmp_path / place / "features", "state": tmp_path / place / "state"}
        common = {
            "config": how_to_transfer(epochs, fine),
            "augmented": changes(rotation=5.0),
            "seed": 3,
            "on_epoch": on_epoch,
        }
        return transfer.train(small, small.base(), source, *sides, **places, **common)

    return run


def predicted(made, side) -> np.ndarray:
    return made.network.predict(side.images, verbose=0)


def base_of(made) -> list[np.ndarray]:
    return next(layer for layer in made.network.layers if isinstance(layer, keras.Model)).get_weights()


def test_a_model_is_whole_and_needs_no_code_of_ours(train, tmp_path, sides):
    made, val = train(fine=2), sides[1]
    model_folder.write(tmp_path / "small", device.in_float32(made.network), made.rows, spec={}, facts={})
    again = keras.models.load_model(tmp_path / "small" / model_folder.MODEL)
    np.testing.assert_allclose(again.predict(val.images, verbose=0), predicted(made, val), atol=1e-6)
    assert (predicted(made, val).argmax(1) == val.labels).mean() > 0.9


@pytest.mark.parametrize("fine", [0, 2])
def test_the_loss_it_was_kept_for_is_that_of_the_whole_model(train, sides, fine):
    """Without fine-tuning the loss came from cached features, here it comes from pixels."""
    made, val = train(fine=fine), sides[1]
    loss = -np.log(predicted(made, val)[np.arange(80), val.labels]).mean()
    assert loss == pytest.approx(made.kept["val_loss"], rel=1e-5, abs=1e-6)


def test_facts_say_how_it_was_made(train, small):
    device.repeatable(3)
    origin = {"source": "file.h5", "sha256": weights.digest(small.base())}
    kept = train(epochs=1).facts
    assert kept["pretrained"] is True and kept["weights"] == origin and kept["fine_tuned"] is False
    assert kept["head"] == {"dropout": 0.0, "units": 0, "weight_decay": 0.0}
    assert train(source=None, epochs=1).facts["pretrained"] is False


def test_fine_tuning_counts_its_epochs_on(train):
    seen = []
    made = train(fine=2, on_epoch=lambda epoch, row: seen.append(epoch))
    assert made.facts["fine_tuned"]
    assert seen == [row["epoch"] for row in made.rows] == [1, 2, 3, 4, 5, 6]
    assert made.kept in made.rows[4:]


def test_a_frozen_base_is_what_it_was_and_a_random_one_learns(train, small):
    device.repeatable(3)
    first = small.base().get_weights()
    frozen, random = (base_of(train(source=source, epochs=1)) for source in ("file.h5", None))
    assert all(np.array_equal(a, b) for a, b in zip(first, frozen, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, random, strict=True))


def test_copies_teach_with_the_labels_of_their_images(sides, small, changes, tmp_path):
    known = transfer.looking(small, small.base(), (8, 8, 1), tmp_path)
    seen = transfer.with_copies(known, sides[0], changes(), seed=1, copies=2)
    assert seen.images.shape == (600, 16)
    np.testing.assert_array_equal(seen.labels.reshape(3, 200), np.tile(sides[0].labels, (3, 1)))
    for copy in seen.images.reshape(3, 200, 16):  # nothing is to be changed, so each copy is the image
        np.testing.assert_allclose(copy, seen.images[:200], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("moment", [1, 5])  # as the head is done, and in the midst of the fine-tuning
def test_a_training_that_was_killed_ends_where_an_undisturbed_one_ends(train, sides, moment):
    def kill(epoch, row):
        if epoch == moment:
            raise KeyboardInterrupt

    whole = train("whole", fine=2)
    with pytest.raises(KeyboardInterrupt):
        train("killed", fine=2, on_epoch=kill)
    again = train("killed", fine=2)
    assert again.rows == whole.rows
    np.testing.assert_array_equal(predicted(again, sides[1]), predicted(whole, sides[1]))
