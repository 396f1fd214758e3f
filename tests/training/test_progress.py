"""progress: a bar on a terminal, a line now and then in a log, nothing where the caller watches by itself."""

import io
import re
import sys

import pytest

from darkroom.networks import architectures
from darkroom.runtime import progress
from darkroom.training import fit
from darkroom.training.session import Session, TrainingData

EPOCHS = 3


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def train(painted, model, brief, tmp_path):
    """A function that trains 80 images in batches of 16, of which the device takes up to 16 at once."""

    def run(**settings):
        network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
        data = TrainingData(painted(80, 1), painted(16, 2))
        fit.fit(network, data, brief(epochs=EPOCHS), model(), Session(1, tmp_path, **settings))

    return run


def test_a_log_gets_a_line_with_the_scores_where_the_last_one_is_old_enough(train, monkeypatch, capfd):
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    train()
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("  training")]
    number = r"\d+\.\d{4}"
    for epoch, line in enumerate(lines, 1):
        expected = rf"  training, epochs: {epoch} of {EPOCHS}, loss {number}, val_loss {number}, val_accuracy {number}"
        assert re.fullmatch(expected, line)
    assert len(lines) == EPOCHS


def test_a_training_that_takes_seconds_leaves_nothing_in_a_log(train, capfd):
    train()
    output = capfd.readouterr()  # TensorFlow may write to stderr too
    assert output.out == "" and "training" not in output.err


def test_a_quiet_training_prints_nothing_even_on_a_terminal(train, monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", Terminal())
    train(quiet=True)
    assert sys.stderr.getvalue() == "" == capfd.readouterr().out


def test_a_terminal_gets_a_bar_that_never_counts_beyond_its_total(train, monkeypatch):
    from rich.progress import Progress

    counted = []
    update = Progress.update

    def counting(bar, task, **values):
        update(bar, task, **values)
        counted.append((bar.tasks[task].completed, bar.tasks[task].total))

    monkeypatch.setattr(Progress, "update", counting)
    monkeypatch.setattr(sys, "stderr", Terminal())
    train()
    done, totals = zip(*counted, strict=True)
    assert set(totals) == {5 * EPOCHS} and max(done) == 5 * EPOCHS and list(done) == sorted(done)
    assert f"epoch {EPOCHS}/{EPOCHS}" in sys.stderr.getvalue()
