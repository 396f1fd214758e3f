"""On JAX, images that stay on the device train as those that Keras is handed batch by batch."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from darkroom.runtime import backends

pytestmark = pytest.mark.slow

CLOSE = 1e-3  # of a loss, after 100 steps: XLA adds in another order in a loop


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The folder in which JAX keeps what it compiles."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def results(cache):
    """What `jax_training` prints; all of it from one process, as the imports cost most of the time."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed: pip install jax")
    kept = {backends.JAX_CACHE: str(cache), backends.JAX_CACHE_FROM: "0"}
    env = {**os.environ, **kept, "KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", "tests.training.jax_training"]
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def column(rows, name):
    return [row[name] for row in rows]


@pytest.mark.parametrize("name", ["looped", "one"])
def test_chunks_train_as_keras_does_batch_by_batch(results, name):
    np.testing.assert_allclose(column(results[name], "loss"), results["plain"], atol=CLOSE)


def test_a_loop_over_several_batches_is_validated_as_a_call_for_each(results):
    np.testing.assert_allclose(column(results["looped"], "val_loss"), column(results["one"], "val_loss"), atol=CLOSE)


@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_a_stream_trains_as_resident_images_in_its_order_do(results, name):
    resident = results["in the order of the stream"]
    np.testing.assert_allclose(column(results["streamed"], name), column(resident, name), atol=CLOSE)


def test_a_training_that_is_killed_after_each_epoch_ends_as_an_undisturbed_one(results):
    assert results["killed"] == results["looped"]


def test_a_short_last_call_and_a_short_validation_batch_compile_nothing_again(results):
    assert len(results["compiled"]) == 2, results["compiled"]  # one to train and one to validate


def test_a_training_of_the_same_kind_compiles_nothing_but_finds_it_in_the_folder(results, cache):
    """Four trainings, of two steps each: three that are killed and one that ends."""
    assert results["events"].count("/jax/compilation_cache/cache_hits") >= 8 and list(cache.iterdir())
    assert results["events"].count("/jax/compilation_cache/cache_misses") == 0
