"""fit: no kill costs more than the epoch it fell into."""

import numpy as np
import pytest

from darkroom import params
from darkroom.errors import TrainingError
from darkroom.learning import architectures, device, fit

pytestmark = pytest.mark.slow

KNOBS = params.Model(
    blocks=1, convolutions=1, filters=4, kernel=3, batch_norm=True, head="flatten", dense=8,
    dropout=0.2, optimizer="adam", learning_rate=0.01,
)  # fmt: skip
STILL = params.Augment(shift=0.0, rotation=0.0, zoom=0.0, brightness=0.0, flip_horizontal=False, flip_vertical=False)
SHAKY = STILL.model_copy(update={"shift": 0.1, "rotation": 10.0, "brightness": 0.1, "flip_horizontal": True})


@pytest.fixture
def train(painted, tmp_path):
    """A function that trains for `epochs` and returns `(rows, test probabilities)`."""

    def run(state="state", epochs=4, schedule="cosine", patience=9, augmented=SHAKY, rate=0.01, watch=lambda *_: None):
        device.repeatable(3)
        model = architectures.tunable(KNOBS, shape=(8, 8, 1), classes=2)
        how = params.Fit(epochs=epochs, batch_size=16, patience=patience, schedule=schedule)
        rows = fit.fit(
            model, painted(80, 1), painted(40, 2), how=how, optimizer="adam", learning_rate=rate,
            augmented=augmented, seed=3, state=tmp_path / state, watch=watch,
        )  # fmt: skip
        return rows, model.predict(painted(40, 3).images, verbose=0)

    return run


def test_a_network_learns_what_can_be_learnt(train, painted):
    _, probabilities = train(epochs=8, augmented=STILL)
    assert (probabilities.argmax(1) == painted(40, 3).labels).mean() > 0.95


def test_a_killed_training_ends_where_an_undisturbed_one_ends(train):
    seen = []

    def kill(epoch, row):
        seen.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("killed", watch=kill)
    rows, probabilities = train("killed", watch=lambda epoch, row: seen.append(epoch))
    whole, undisturbed = train("undisturbed")
    assert seen == [1, 2, 3, 4]
    assert [list(r.values()) for r in rows] == [pytest.approx(list(r.values()), abs=1e-6) for r in whole]
    np.testing.assert_allclose(probabilities, undisturbed, atol=1e-6)


def test_a_spoilt_state_counts_as_none(train, tmp_path):
    whole, _ = train("whole")
    (tmp_path / "spoilt").mkdir()
    for name in ("last.npz", "best.npz"):
        (tmp_path / "spoilt" / name).write_bytes((tmp_path / "whole" / name).read_bytes()[:100])
    rows, _ = train("spoilt")
    assert [list(r.values()) for r in rows] == [pytest.approx(list(r.values()), abs=1e-6) for r in whole]


def test_a_finished_training_trains_no_more(train):
    train()
    seen = []
    train(watch=lambda epoch, row: seen.append(epoch))
    assert seen == []


def test_training_stops_when_it_no_longer_improves(train):
    rows, _ = train(epochs=30, patience=2, rate=1e-9, schedule="constant", augmented=STILL)
    assert len(rows) - fit.best(rows)["epoch"] <= 2
    assert len(rows) < 30


def test_a_loss_that_is_not_finite_is_a_training_error(train):
    with pytest.raises(TrainingError, match="no longer finite"):
        train(rate=float("nan"), schedule="constant")
