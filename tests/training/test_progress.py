"""progress: a bar on a terminal, a line now and then in a log, nothing where the caller watches by itself."""

import io
import re
import sys

import pytest

from darkroom.networks import architectures
from darkroom.runtime import progress
from darkroom.training import fit
from darkroom.training import progress as training_progress
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


def test_a_log_says_at_the_start_how_long_a_long_training_will_take(train, monkeypatch, capfd):
    monkeypatch.setattr(training_progress, "WATCHED", 0.0)
    monkeypatch.setattr(training_progress, "WORTH", 0.0)
    train()
    told = [line for line in capfd.readouterr().err.splitlines() if "  training: " in line]
    assert told == [f"  training: {EPOCHS} epochs end in about 0 minutes, or sooner if they no longer improve"]


def test_a_forecast_is_the_time_of_the_batches_so_far_for_those_that_are_left(monkeypatch, capfd):
    """2 s a batch: when 10 s have passed 6 of 80 are done, and the other 74 take 148 s."""
    now = [0.0]
    monkeypatch.setattr(training_progress.time, "monotonic", lambda: now[0])
    with training_progress.shown(epochs=4, batches=20) as watcher:
        watcher.on_epoch_begin(0)
        for batch in range(20):
            watcher.on_train_batch_end(batch, {"loss": 1.0})
            now[0] += 2
    assert re.findall("in about (.+) minutes", capfd.readouterr().err) == ["2"]


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
