"""No kill costs more than the epoch it fell into."""

import shutil
import threading

import keras
import numpy as np
import pytest

from darkroom.networks import architectures
from darkroom.runtime.errors import TrainingError
from darkroom.training import checkpoint, checksummed, device, fit
from darkroom.training.session import Session, TrainingData, ignore

pytestmark = pytest.mark.slow

SMALL = {"batch_norm": True, "dense": 8, "dropout": 0.2, "schedule": "cosine"}
AUGMENT = {"shift": 0.1, "rotation": 10.0, "brightness": 0.1, "flip_horizontal": True}
EVERYTHING = {
    **SMALL,
    "whitening": True,
    "optimizer": "adamw",
    "weight_decay": 0.01,
    "schedule": "one_cycle",
    "label_smoothing": 0.1,
    "class_weights": "balanced",
    "ema": 0.9,
}
AUGMENT_ALL = {
    **AUGMENT,
    "zoom": 0.1,
    "shear": 5.0,
    "flip_horizontal": "alternate",
    "flip_vertical": True,
    "contrast": 0.1,
    "cutout": 0.3,
    "mixup": 0.2,
}


@pytest.fixture(scope="module")
def train_in(painted, model, changes, brief):
    """A function that trains with its state in a folder and returns `(rows, probabilities of 40 other images)`."""

    def run(state, hparams=SMALL, augment=AUGMENT, on_epoch=ignore, **config):
        device.make_repeatable(3)
        optimization = model(**hparams)
        network = architectures.build(optimization, shape=(8, 8, 1), classes=2, spec={})
        data = TrainingData(painted(80, 1), painted(40, 2))
        session = Session(3, state, on_epoch, quiet=True)
        rows = fit.fit(network, data, brief(**config), optimization, session, changes(**augment))
        return rows, network.predict(painted(40, 3).images, verbose=0)

    return run


@pytest.fixture
def train(train_in, tmp_path):
    """The same with the name of a state of this test."""
    return lambda state="state", **config: train_in(tmp_path / state, **config)


@pytest.fixture(scope="module")
def undisturbed(train_in, tmp_path_factory):
    """A function that returns what `train` does, and the folder of the state; tests share it, so none may write."""
    trained = {}

    def run(hparams=SMALL, augment=AUGMENT, **config):
        key = str((hparams, augment, config))
        if key not in trained:
            state = tmp_path_factory.mktemp("undisturbed")
            trained[key] = *train_in(state, hparams, augment, **config), state
        return trained[key]

    return run


@pytest.fixture
def finished(undisturbed, tmp_path):
    """What an undisturbed training returns; `train` finds its state."""
    rows, probabilities, state = undisturbed()
    shutil.copytree(state, tmp_path / "state")
    return rows, probabilities


@pytest.fixture
def killed(train):
    """A function that trains, is killed after epoch 2, and goes on; it returns what `train` does, and the epochs."""

    def run(**config):
        seen = []

        def kill(epoch, row):
            seen.append(epoch)
            if epoch == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train("killed", on_epoch=kill, **config)
        return *train("killed", on_epoch=lambda epoch, row: seen.append(epoch), **config), seen

    return run


def test_a_network_learns_to_classify(train, painted):
    _, probabilities = train(epochs=8, augment={})
    assert (probabilities.argmax(1) == painted(40, 3).labels).mean() > 0.95


def test_the_accuracy_of_mixed_images_is_that_of_the_heavier_label(train):
    rows, _ = train(epochs=8, augment={"mixup": 0.2}, hparams={"learning_rate": 0.02})
    # against the label before mixing it would be 0.75: half are mostly the other one, and half of those its class
    assert np.mean([row["accuracy"] for row in rows[2:]]) > 0.9


@pytest.mark.parametrize(
    ("hparams", "augment", "config"),
    [
        (SMALL, AUGMENT, {}),
        (EVERYTHING, AUGMENT_ALL, {}),
        ({**SMALL, "optimizer": "sgd"}, {}, {"keep": "last", "batch_size": "auto"}),
    ],
    ids=["plain", "with everything", "last epoch"],
)
def test_a_killed_training_ends_exactly_where_an_undisturbed_one_ends(undisturbed, killed, hparams, augment, config):
    """It repeats no epoch."""
    rows, probabilities, seen = killed(hparams=hparams, augment=augment, **config)
    expected, expected_probabilities, _ = undisturbed(hparams=hparams, augment=augment, **config)
    assert rows == expected and [row["epoch"] for row in rows] == seen == [1, 2, 3, 4]
    np.testing.assert_array_equal(probabilities, expected_probabilities)


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: data[:5000] + b"?" + data[5001:]])
def test_a_damaged_state_costs_a_new_start_and_a_warning(train, undisturbed, tmp_path, capsys, damage):
    expected, probabilities, state = undisturbed()
    (tmp_path / "spoilt").mkdir()
    (tmp_path / "spoilt" / checkpoint.LAST).write_bytes(damage((state / checkpoint.LAST).read_bytes()))
    seen = []
    rows, again = train("spoilt", on_epoch=lambda epoch, row: seen.append(epoch))
    assert rows == expected and seen == [1, 2, 3, 4]
    np.testing.assert_array_equal(again, probabilities)
    assert "is damaged, so this training starts again" in capsys.readouterr().err


def test_a_kill_while_the_state_is_written_costs_that_epoch(train, undisturbed, monkeypatch):
    expected, probabilities, _ = undisturbed()
    write, calls = checksummed.write, []

    def half(path, fill):
        calls.append(path)
        write(path, fill)
        if len(calls) == 2:
            path.write_bytes(path.read_bytes()[:1000])
            raise KeyboardInterrupt

    monkeypatch.setattr(checksummed, "write", half)
    with pytest.raises(KeyboardInterrupt):
        train("killed")
    seen = []
    rows, again = train("killed", on_epoch=lambda epoch, row: seen.append(epoch))
    assert rows == expected and seen == [2, 3, 4]
    np.testing.assert_array_equal(again, probabilities)


def test_the_state_is_written_while_the_next_epoch_trains_and_is_there_at_the_end(train, tmp_path, monkeypatch):
    """The first epoch is not written before a batch of the second; if training waited for it, it would wait in vain."""
    write, trained = checksummed.write, threading.Event()
    batches = checkpoint.Checkpoint.on_train_batch_end
    waited = []

    def slow(path, fill):
        waited.append(trained.wait(60))
        write(path, fill)

    def batch_end(state, batch, logs=None):
        batches(state, batch, logs)
        if state.rows:
            trained.set()

    monkeypatch.setattr(checksummed, "write", slow)
    monkeypatch.setattr(checkpoint.Checkpoint, "on_train_batch_end", batch_end)
    rows, _ = train("state", epochs=2)
    assert waited == [True, True] and len(rows) == 2
    assert checksummed.intact(tmp_path / "state" / checkpoint.LAST)


def test_a_state_that_cannot_be_written_ends_the_training(train, monkeypatch):
    def full(path, fill):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checksummed, "write", full)
    with pytest.raises(OSError, match="No space left"):
        train("state", epochs=1)


def test_a_training_that_was_killed_before_its_model_was_saved_has_nothing_left_to_train(train, finished):
    rows, probabilities = finished
    seen = []
    again, loaded = train("state", on_epoch=lambda epoch, row: seen.append(epoch))
    assert (again, seen) == (rows, [])
    np.testing.assert_array_equal(loaded, probabilities)


@pytest.mark.usefixtures("finished")
def test_a_finished_training_trains_no_more(train):
    seen = []
    train(on_epoch=lambda epoch, row: seen.append(epoch))
    assert seen == []


def test_training_stops_when_it_no_longer_improves(train):
    rows, _ = train(epochs=30, patience=2, hparams={**SMALL, "learning_rate": 1e-9, "schedule": "constant"}, augment={})
    assert len(rows) - checkpoint.best(rows)["epoch"] <= 2
    assert len(rows) < 30


def test_the_model_has_the_weights_of_the_epoch_to_keep(train, painted, tmp_path):
    """The weights of the best epoch are those of a training that ended with this epoch."""
    hparams = {**SMALL, "schedule": "constant", "learning_rate": 0.1}
    rows, best = train("best", hparams=hparams, epochs=6)
    top = int(checkpoint.best(rows)["epoch"])
    _, short = train("short", hparams=hparams, epochs=top, keep="last")
    np.testing.assert_array_equal(best, short)


def test_an_average_of_weights_is_what_is_validated_and_kept(train, undisturbed):
    """At momentum 0 the average is the weights themselves, so nothing may differ from training without one."""
    plain, _, _ = undisturbed()
    rows, probabilities = train("averaged", hparams={**SMALL, "ema": 0.99})
    assert [row["loss"] for row in rows] == [row["loss"] for row in plain]
    assert [row["val_loss"] for row in rows] != [row["val_loss"] for row in plain]


def test_validation_is_neither_smoothed_nor_mixed_nor_augmented(train, painted):
    rows, _ = train("hard", hparams={**EVERYTHING, "ema": 0.0}, augment=AUGMENT_ALL, epochs=1)
    network_rows, _ = train("hard", hparams={**EVERYTHING, "ema": 0.0}, augment=AUGMENT_ALL, epochs=1)
    assert rows == network_rows
    assert 0 < rows[0]["val_loss"] < 5


@pytest.mark.parametrize("rate", [1e30])
def test_a_loss_that_is_not_finite_is_a_training_error_that_names_a_rate_to_try(train, rate):
    hparams = {**SMALL, "schedule": "constant", "optimizer": "sgd", "batch_norm": False}
    with pytest.raises(TrainingError, match="no longer finite .* fix: set learning_rate to 1$"):
        train(hparams={**hparams, "learning_rate": 10.0, "weight_decay": 0.9}, epochs=40, patience=40)


@pytest.mark.parametrize("images", [17, 33])
def test_a_last_batch_of_one_image_and_a_class_without_one_train_as_others_do(
    painted, model, brief, changes, tmp_path, images
):
    """Its batch norm has one value a channel, of deviation 0, and the weight of the empty class none to divide by."""
    train, val = painted(images, 1), painted(16, 2)
    train.classes = val.classes = ("dark", "light", "never seen")
    hparams = model(batch_norm=True, head="average", class_weights="balanced")
    network = architectures.build(hparams, shape=(8, 8, 1), classes=3, spec={})
    session = Session(1, tmp_path, quiet=True)
    rows = fit.fit(network, TrainingData(train, val), brief(epochs=2), hparams, session, changes(mixup=0.2))
    assert np.isfinite([list(row.values()) for row in rows]).all()
    assert np.isfinite(network.predict_on_batch(val.images)).all()


def test_memory_that_runs_out_is_a_training_error_that_names_a_batch_to_try(train, monkeypatch):
    def exhausted(*_, **__):
        keras.ops.zeros((1 << 46,))  # 256 TiB, on whatever backend

    monkeypatch.setattr(keras.Model, "fit", exhausted)
    with pytest.raises(TrainingError, match="with 16 inputs of 8 x 8 x 1 at a time .* fix: set batch_size to 8;"):
        train(augment={})


@pytest.mark.parametrize(("accuracy", "warned"), [(0.5, False), (0.4, True), (np.float32(0.3), True)])
def test_a_model_that_is_no_better_than_a_constant_prediction_is_a_warning(accuracy, warned, capsys):
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    fit.warn_of_chance("cnn", {"val_accuracy": accuracy}, labels)
    warning = capsys.readouterr().err
    assert ("cnn learned nothing" in warning and "predicting the commonest class gives 0.400" in warning) is warned
