"""kill -9 at any moment of a training or a search: no finished epoch is run again, and the result is the same."""

import multiprocessing
import os
import random
import signal
import time
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.networks import architectures
from darkroom.training import device, fit
from darkroom.training.session import Session, TrainingData
from darkroom.tune import search
from darkroom.tune.trial import Setup

pytestmark = pytest.mark.slow

TIMEOUT = 900  # seconds a process may take to get somewhere, on a machine however busy
AUGMENT = {"shift": 0.1, "rotation": 10.0, "flip_horizontal": True, "mixup": 0.2}
SMALL = {"batch_norm": True, "dropout": 0.2, "schedule": "cosine", "ema": 0.9}


def note(log, name, epoch, row):
    """One line per epoch, on disk at once."""
    with log.open("a") as file:
        file.write(f"{name} {epoch}\n")


def train(packed, optimization, config, augment, home):
    device.make_repeatable(3)
    network = architectures.build(optimization, shape=(8, 8, 1), classes=2, spec={})
    data, session = TrainingData.read(packed), Session(3, home, partial(note, home / "log", "train"), quiet=True)
    rows = fit.fit(network, data, config, optimization, session, augment)
    probabilities = network.predict(data.val.images, verbose=0)
    np.savez(home / "end.npz", losses=[row["val_loss"] for row in rows], probabilities=probabilities)


def tune(packed, optimization, config, augment, home):
    @contextmanager
    def open_run(name, params):
        yield SimpleNamespace(epoch=partial(note, home / "log", name))

    result = search.search(config, optimization, Setup(packed, augment, 3), state=home, open_run=open_run)
    np.savez(home / "end.npz", best=str(result.best), trials=str(result.trials))


def read(path):
    with np.load(path) as arrays:
        return dict(arrays)


def lines(home):
    log = home / "log"
    return log.read_text().splitlines() if log.exists() else []


def run(target, home, *arguments, kill_after=None):
    """Run it in a process; with `kill_after` lines in the log, and a moment more, kill it. Whether it ended well."""
    home.mkdir(exist_ok=True)
    process = multiprocessing.get_context("forkserver").Process(target=target, args=(*arguments, home))
    process.start()
    end = time.monotonic() + TIMEOUT
    while process.is_alive() and (kill_after is None or len(lines(home)) < kill_after):
        assert time.monotonic() < end
        time.sleep(0.002)
    if process.is_alive():
        time.sleep(random.random() * 0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(children, timeout=10)
    process.join()
    return process.exitcode == 0


def killed_and_undisturbed(target, tmp_path, *arguments, kills):
    """Run it undisturbed, and killed after each number of epochs in `kills`."""
    random.seed(1)
    run(target, tmp_path / "undisturbed", *arguments)
    for epochs in kills:
        if run(target, tmp_path / "killed", *arguments, kill_after=epochs):
            break
    assert run(target, tmp_path / "killed", *arguments)
    return read(tmp_path / "killed/end.npz"), read(tmp_path / "undisturbed/end.npz")


def test_a_killed_training_runs_no_epoch_twice_and_ends_the_same(packed, model, changes, brief, tmp_path):
    arguments = packed, model(**SMALL), brief(epochs=12, patience=12), changes(**AUGMENT)
    ended, undisturbed = killed_and_undisturbed(train, tmp_path, *arguments, kills=(1, 7))
    np.testing.assert_array_equal(ended["losses"], undisturbed["losses"])
    np.testing.assert_array_equal(ended["probabilities"], undisturbed["probabilities"])
    assert len(set(lines(tmp_path / "killed"))) == len(lines(tmp_path / "killed")) <= 12


def test_a_killed_search_runs_no_epoch_twice_and_ends_the_same(packed, model, changes, brief, tmp_path):
    budget = {"trials": 3, "total_epochs": 0, "minutes": 0.0, "workers": 2}
    space = {"filters": [2, 3, 4], "learning_rate": [0.001, 0.01]}
    config = changed(DEFAULTS.tune, algorithm="random", fit=brief(), space=space, **budget)
    ended, undisturbed = killed_and_undisturbed(tune, tmp_path, packed, model(), config, changes(), kills=(6,))
    assert str(ended["best"]) == str(undisturbed["best"]) and str(ended["trials"]) == str(undisturbed["trials"])
    assert len(set(lines(tmp_path / "killed"))) == len(lines(tmp_path / "killed")) <= 12
