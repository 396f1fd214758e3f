"""The recipe of docs/cluster.md: one training in two processes has the losses of one process.

Keras on JAX divides each batch among the processes, whose gradients JAX adds up.
"""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
import keras, numpy as np

STEPS, BATCH = 20, 64
processes, this, coordinator = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if processes > 1:
    keras.distribution.initialize(coordinator, processes, this)
    devices = keras.distribution.list_devices()  # of all processes
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
keras.utils.set_random_seed(1)
random = np.random.default_rng(1)
labels = random.integers(0, 4, (STEPS, BATCH))
images = random.integers(0, 200, (STEPS, BATCH, 16, 16, 3), np.uint8)
for step, image in np.ndindex(STEPS, BATCH):
    images[step, image, :4, 4 * labels[step, image]] = 255
own = slice(this * BATCH // processes, (this + 1) * BATCH // processes)  # its part of each batch
layers = keras.layers
network = keras.Sequential([
    keras.Input((16, 16, 3)), layers.Rescaling(1 / 255), layers.Conv2D(8, 3), layers.BatchNormalization(),
    layers.ReLU(), layers.Flatten(), layers.Dense(4),
])
network.compile(keras.optimizers.Adam(0.003), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
batches = ((images[step, own], labels[step, own]) for step in range(STEPS))
history = network.fit(batches, steps_per_epoch=1, epochs=STEPS, verbose=0)
print(json.dumps(history.history["loss"]))
"""


def losses(processes: int) -> list[list[float]]:
    """The loss of each step, as each process says."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment["JAX_CPU_COLLECTIVES_IMPLEMENTATION"] = "gloo"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(processes), str(number), coordinator],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(processes)
    ]  # fmt: skip
    said = [process.communicate(timeout=300) for process in started]
    assert not any(process.returncode for process in started), said
    return [json.loads(out.splitlines()[-1]) for out, _ in said]


@pytest.mark.skipif(not find_spec("jax"), reason="JAX is not installed: pip install 'darkroom[jax]'")
def test_two_processes_have_the_losses_of_one():
    (alone,), together = losses(1), losses(2)
    assert len(alone) == 20 and alone[-1] < 0.9 * alone[0]
    for own in together:
        np.testing.assert_allclose(own, alone, atol=1e-3)
