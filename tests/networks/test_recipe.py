"""Every network that is trained from random weights is trained in the same way."""

import keras
import numpy as np
import pytest

from darkroom.networks import architectures, recipe, tuned
from darkroom.training import checkpoint, device, fit, start_weights
from darkroom.training.device import Computation
from darkroom.training.session import Session, TrainingData
from darkroom.training.start_weights import About, StartWeights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def train_in(painted, model, changes, brief):
    """A function that trains with the recipe, with its state in a folder."""

    def run(folder, hparams=None, augment=None, start=None, until=None, **config):
        data = TrainingData(painted(80, 1), painted(40, 2))
        session = Session(3, folder, until=until, quiet=True)
        return recipe.train_network(
            model(**(hparams or {})), data, brief(**config), changes(**(augment or {})), session, start
        )

    return run


@pytest.fixture
def train(train_in, tmp_path):
    """The same with the name of a state of this test."""
    return lambda state="state", **config: train_in(tmp_path / state, **config)


@pytest.fixture(scope="module")
def plain(train_in, tmp_path_factory):
    """A training of four epochs, as it comes; tests share it, so none may change it."""
    return train_in(tmp_path_factory.mktemp("plain"))


def test_the_recipe_is_seed_then_network_then_fit(plain, painted, model, changes, brief, tmp_path):
    device.make_repeatable(3)
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec=painted(1).spec)
    data = TrainingData(painted(80, 1), painted(40, 2))
    rows = fit.fit(network, data, brief(), model(), Session(3, tmp_path / "other", quiet=True), changes())
    assert plain.rows == rows
    for one, other in zip(plain.network.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_weights_are_those_of_the_best_row(train, painted):
    trained = train(hparams={"learning_rate": 0.1})
    val = painted(40, 2)
    probabilities = trained.network.predict(val.images, verbose=0)[np.arange(40), val.labels]
    assert trained.best == checkpoint.best(trained.rows)
    assert -np.log(probabilities).mean() == pytest.approx(trained.best["val_loss"], rel=1e-5)
    last = train("last", keep="last")
    assert last.best["epoch"] == 4 == last.best_epoch


def start_of(trained):
    about = About(reason="", champion="any", classes=["dark", "light"], epochs=len(trained.rows))
    return StartWeights(about, start_weights.of_network(trained.network))


def test_a_warm_start_takes_half_the_epochs_and_begins_where_the_champion_ended(train, plain):
    """Within its first epoch it is better than the champion was after its own."""
    warm = train(epochs=5, start=start_of(plain))
    assert (len(plain.rows), len(warm.rows)) == (4, 3)
    assert warm.rows[0]["val_loss"] < plain.rows[0]["val_loss"]
    assert warm.taken_over["layers"] == warm.taken_over["of"] and plain.taken_over is None


def test_a_warm_start_whose_network_is_another_takes_all_epochs(train):
    champion = train(epochs=2, hparams={"filters": 8})
    warm = train("warm", epochs=4, start=start_of(champion))
    assert len(warm.rows) == 4 and warm.taken_over["layers"] < warm.taken_over["of"]


def test_a_warm_start_that_was_killed_ends_as_if_it_had_not_been(train, plain):
    start = start_of(plain)
    whole = train("whole", epochs=6, start=start)
    train("cut", epochs=6, start=start, until=1)
    resumed = train("cut", epochs=6, start=start)
    assert resumed.rows == whole.rows and len(whole.rows) == 3
    for one, other in zip(resumed.network.get_weights(), whole.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_computation_that_is_shown_is_the_one_that_was_used(train, brief, changes, monkeypatch):
    compiled, compile_model = [], keras.Model.compile

    def spy(model, *arguments, jit_compile, **config):
        compiled.append(jit_compile)
        return compile_model(model, *arguments, jit_compile=jit_compile, **config)

    monkeypatch.setattr(keras.Model, "compile", spy)
    shown = recipe.computation(brief(precision="mixed_bfloat16"))
    trained = train(precision="mixed_bfloat16", epochs=1)
    assert trained.computation == shown == Computation("mixed_bfloat16", compiled[0])
    assert shown.params("train") == {"train.precision": "mixed_bfloat16", "train.xla": compiled[0]}
    assert "mixed_bfloat16 with" in str(shown)


def test_the_network_is_finished(train, plain):
    """In float32, and with the flip at test time, whose work counts twice."""
    flipped = train("flipped", hparams={"test_time_flip": True}, precision="mixed_bfloat16", epochs=1)
    assert flipped.multiply_adds == 2 * plain.multiply_adds > 0
    assert "mixed_" not in str(flipped.network.get_config())


def test_the_tuned_hyperparameters_are_those_that_were_written(model, tmp_path):
    hparams = model(filters=7)
    best = tuned.Tuned(algorithm="random", trial=2, val_loss=0.1, val_accuracy=0.9, values=hparams.model_dump())
    tuned.write(tmp_path / "best.json", best)
    assert tuned.hyperparameters(tmp_path / "best.json") == hparams
