"""Transfer gives one model from pixels to probabilities, the same whatever was killed on the way."""

import keras
import numpy as np
import pytest

from darkroom.saving import model_folder
from darkroom.training import device
from darkroom.training.session import Session, TrainingData, ignore
from darkroom.transfer_learning import transfer, weights
from darkroom.transfer_learning.weights import Base

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(packs):
    return TrainingData(*packs(200, 80))


@pytest.fixture(scope="module")
def train_in(data, small, transfer_config, changes):
    """A function that trains in a folder; with `source` None from random weights."""

    def run(folder, source="file.h5", fine=0, on_epoch=ignore, epochs=4):
        device.make_repeatable(3)
        base, config = Base(small, small.build(), source), transfer_config(epochs, fine)
        session = Session(3, folder / "state", on_epoch)
        return transfer.train(base, data, config, session, changes(rotation=5.0), folder / "features")

    return run


@pytest.fixture
def train(train_in, tmp_path):
    """The same with the name of a folder of this test."""
    return lambda name="here", **config: train_in(tmp_path / name, **config)


@pytest.fixture(scope="module")
def fine_tuned(train_in, tmp_path_factory):
    """A model whose last two layers were fine-tuned, and the epochs that were reported; tests share it."""
    seen = []
    folder = tmp_path_factory.mktemp("fine_tuned")
    return train_in(folder, fine=2, on_epoch=lambda epoch, row: seen.append(epoch)), seen


def predicted(trained, split) -> np.ndarray:
    return trained.network.predict(split.images, verbose=0)


def base_weights(trained) -> list[np.ndarray]:
    return next(layer for layer in trained.network.layers if isinstance(layer, keras.Model)).get_weights()


def test_a_saved_model_needs_no_code_of_darkroom(fine_tuned, tmp_path, data):
    trained, _ = fine_tuned
    model_folder.write(tmp_path / "small", trained.network, trained.rows, spec={}, facts={})
    again = keras.models.load_model(tmp_path / "small/model.keras")
    np.testing.assert_allclose(again.predict(data.val.images, verbose=0), predicted(trained, data.val), atol=1e-6)
    assert (predicted(trained, data.val).argmax(1) == data.val.labels).mean() > 0.9


@pytest.mark.parametrize("fine", [0, 2])
def test_the_best_loss_is_that_of_the_whole_model(train, fine_tuned, data, fine):
    """Without fine-tuning the loss came from cached features, here it comes from pixels."""
    trained = fine_tuned[0] if fine else train()
    loss = -np.log(predicted(trained, data.val)[np.arange(80), data.val.labels]).mean()
    assert loss == pytest.approx(trained.best["val_loss"], rel=1e-5, abs=1e-6)


def test_a_model_knows_how_it_was_made(train, small):
    device.make_repeatable(3)
    origin = {"source": "file.h5", "sha256": weights.digest(small.build())}
    trained = train(epochs=1)
    assert trained.pretrained is True and trained.weights == origin and trained.fine_tuned is False
    assert trained.head == {"dropout": 0.0, "units": 0, "weight_decay": 0.0}
    assert trained.best_epoch == 1 and trained.multiply_adds > 0
    assert train(source=None, epochs=1).pretrained is False


def test_fine_tuning_counts_its_epochs_on(fine_tuned):
    trained, seen = fine_tuned
    assert trained.fine_tuned
    assert seen == [row["epoch"] for row in trained.rows] == [1, 2, 3, 4, 5, 6]
    assert trained.best in trained.rows[4:]


def test_a_frozen_base_is_what_it_was_and_a_random_one_learns(train, small):
    device.make_repeatable(3)
    first = small.build().get_weights()
    frozen, random = (base_weights(train(source=source, epochs=1)) for source in ("file.h5", None))
    assert all(np.array_equal(a, b) for a, b in zip(first, frozen, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, random, strict=True))


def test_copies_have_the_labels_of_their_images(data, small, changes, tmp_path):
    cache = transfer.feature_cache(Base(small, small.build(), "file.h5"), (8, 8, 1), tmp_path)
    split = transfer.with_copies(cache, data.train, changes(), seed=1, copies=2)
    assert split.images.shape == (600, 16)
    np.testing.assert_array_equal(split.labels.reshape(3, 200), np.tile(data.train.labels, (3, 1)))
    for copy in split.images.reshape(3, 200, 16):  # nothing is changed, so each copy is the image
        np.testing.assert_allclose(copy, split.images[:200], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("moment", [1, 5])  # as the head is done, and in the middle of the fine-tuning
def test_a_training_that_was_killed_ends_where_an_undisturbed_one_ends(train, fine_tuned, data, moment):
    def kill(epoch, row):
        if epoch == moment:
            raise KeyboardInterrupt

    undisturbed, _ = fine_tuned
    with pytest.raises(KeyboardInterrupt):
        train("killed", fine=2, on_epoch=kill)
    again = train("killed", fine=2)
    assert again.rows == undisturbed.rows
    np.testing.assert_array_equal(predicted(again, data.val), predicted(undisturbed, data.val))


def test_the_settings_of_a_run_are_those_that_were_used(small, transfer_config, changes):
    device.compute_in("mixed_bfloat16")
    values = transfer.settings(Base(small, small.build(), None), transfer_config(4), changes(shift=0.1))
    assert values["transfer.fit.precision"] == "mixed_bfloat16" and values["transfer.fit.epochs"] == 4
    assert (values["transfer.width"], values["transfer.input_size"]) == (None, 12)  # of the backbone, not of the params
    assert values["augment.shift"] == 0.1 and "transfer.weights" not in values
