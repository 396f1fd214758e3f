"""The device decides batch size, precision and compilation, and several devices share a batch."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from darkroom.training import device, on_jax

pytestmark = pytest.mark.slow

LEAN = """
from darkroom.runtime import lean_keras
lean_keras.install()
"""
TENSORFLOW = """
import tensorflow as tf
from tensorflow import config, distribute
config.set_logical_device_configuration(
    config.list_physical_devices("CPU")[0], [config.LogicalDeviceConfiguration()] * 2
)
mirrored = distribute.MirroredStrategy
distribute.MirroredStrategy = lambda: mirrored(["CPU:0", "CPU:1"])  # where there are no GPUs to find
"""
TWO_DEVICES = """
import sys, tempfile
from pathlib import Path
from darkroom import params
from darkroom.networks import architectures
from darkroom.training import device, fit
from darkroom.training.session import Session, TrainingData

assert device.gpus() == []
p = params.load()
data = TrainingData.read(Path(sys.argv[1]))
config = p.train.model_copy(update={"epochs": 2, "batch_size": 16})
SHIFT = p.augment.model_copy(update={"rotation": 0.0, "zoom": 0.0})  # a shift draws as they do, and is traced sooner

SMALL = {"blocks": 1, "convolutions": 1, "filters": 4, "dense": 0, "ema": 0.9, "batch_norm": False}
HPARAMS = p.model.model_copy(update=SMALL)
PLAIN = HPARAMS.model_copy(update={"dropout": 0.0})  # of the same shapes, which collective ops remember

def run(state, until, hparams=HPARAMS, augment=SHIFT):
    device.make_repeatable(1)
    with device.spread():
        network = architectures.build(hparams, shape=(8, 8, 1), classes=2, spec={})
        session = Session(1, Path(state), until=until, quiet=True)
        return fit.fit(network, data, config, hparams, session, augment)

def within(*names):
    return [str(Path(folder, name)) for name in names]

with tempfile.TemporaryDirectory() as folder:
    one_device, two_devices, one, two = within("one device", "two devices", "one", "two")
    expected = run(one_device, 1, PLAIN, None)[0]  # without draws and statistics, which each device has of its own
    device.gpus = lambda: ["gpu:0", "gpu:1"]
    divided = run(two_devices, 1, PLAIN, None)[0]
    assert all(abs(divided[name] - expected[name]) < 1e-3 for name in ("loss", "val_loss")), (divided, expected)
    run(two, 1)
    assert run(one, 2) == run(two, 2)
"""


@pytest.mark.parametrize(("backend", "before"), [("tensorflow", TENSORFLOW), ("jax", "")])
def test_devices_that_divide_a_batch_learn_as_one_does_and_a_training_goes_on_exactly(packed, backend, before):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    env = {**os.environ, "KERAS_BACKEND": backend, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    words = [sys.executable, "-c", LEAN + before + TWO_DEVICES, str(packed)]
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("gpus", "expected"), [([], ["cpu:0"]), (["gpu:0", "gpu:1"], ["gpu:0", "gpu:1", "cpu:0"])])
def test_without_a_gpu_the_processor_computes_and_is_named(monkeypatch, gpus, expected):
    monkeypatch.setattr(device, "gpus", lambda: gpus)
    assert device.names() == expected


@pytest.mark.parametrize(
    ("gpus", "flags", "depthwise", "expected"),
    [
        ([], "fpu avx2 avx512f", False, "float32"),
        ([], "fpu avx2 avx512_bf16", False, "mixed_bfloat16"),
        ([], "fpu avx2 avx512_bf16", True, "float32"),
        (["gpu:0"], "fpu avx2", True, "mixed_bfloat16"),
    ],
)
def test_auto_is_bfloat16_where_the_device_multiplies_it_fast(monkeypatch, tmp_path, gpus, flags, depthwise, expected):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags} fma\n")
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")  # the one that has oneDNN on a processor
    monkeypatch.setattr(device, "gpus", lambda: gpus)
    monkeypatch.setattr(device, "CPUINFO", cpuinfo)
    assert device.compute_in("auto", depthwise=depthwise) == expected
    assert keras.config.dtype_policy().name == expected
    assert device.compute_in("float32") == "float32"


@pytest.mark.parametrize(
    ("backend", "gpus", "expected"),
    [
        ("tensorflow", [], False),
        ("tensorflow", ["gpu:0"], True),
        ("tensorflow", ["gpu:0", "gpu:1"], False),
        ("jax", [], True),
        ("torch", ["gpu:0"], False),
    ],
)
def test_xla_compiles_where_it_helps_and_works(monkeypatch, backend, gpus, expected):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(device, "gpus", lambda: gpus)
    assert device.xla() is expected


def test_the_precision_outlives_a_new_seed():
    device.compute_in("mixed_bfloat16")
    device.make_repeatable(1)
    assert keras.layers.Dense(1).compute_dtype == "bfloat16"


def test_auto_is_float32_where_the_processor_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "absent")
    assert device.compute_in("auto") == "float32"


@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.AdamW])
def test_the_fused_optimizer_takes_the_steps_of_keras(kind):
    weights = [np.random.default_rng(seed).normal(size=(40, 30)).astype("float32") for seed in range(6)]

    def optimized(kind):
        weight, steps = keras.Variable(weights[0]), kind(0.01, weight_decay=0.1)
        for gradient in weights[1:]:
            steps.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        return np.asarray(weight)

    # weights below 4 are rounded to 2**-22 twice a step, decay and update, by each formula in an order of its own
    np.testing.assert_allclose(optimized(device.fused(kind)), optimized(kind), atol=5 * 2 * 2**-22)


@pytest.mark.parametrize(
    ("backend", "gpus", "multiply_adds", "expected"),
    [
        ("tensorflow", 0, 0, device.MAX_STEPS),
        ("tensorflow", 0, device.CPU_WORK // 4, 4),
        ("tensorflow", 0, device.CPU_WORK * 3, 1),
        ("tensorflow", 1, device.GPU_WORK // 4, 4),
        ("tensorflow", 2, 0, 1),  # it cannot divide batches inside a loop
        ("jax", 0, 0, 1),  # XLA takes minutes to compile a loop of convolutions for a processor
        ("jax", 1, device.GPU_WORK // 400, 400),
        ("jax", 2, 0, device.LOOP_STEPS),
    ],
)
def test_small_batches_go_to_a_device_together_and_large_ones_alone(
    monkeypatch, backend, gpus, multiply_adds, expected
):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(device, "gpus", lambda: [f"gpu:{i}" for i in range(gpus)])
    assert device.steps_per_execution(multiply_adds) == expected


@pytest.mark.parametrize(
    ("backend", "free", "largest"),
    [
        ("tensorflow", 80 << 30, 2 << 30),
        ("jax", None, 2 << 30),
        ("jax", 80 << 30, 32 << 30),
        ("jax", 1 << 30, 0.4 * 2**30),
    ],
)
def test_images_stay_in_the_memory_of_the_machine_or_in_a_share_of_that_of_a_gpu(monkeypatch, backend, free, largest):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(on_jax, "free_memory", lambda: free)
    assert device.holds(int(largest), "auto") and not device.holds(int(largest) + 1, "auto")


@pytest.mark.parametrize(("free", "available"), [(8 << 30, 0), (None, 8 << 30)])
def test_a_share_is_one_of_the_free_memory_of_a_gpu_or_of_the_machine(monkeypatch, free, available):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(on_jax, "free_memory", lambda: free)
    monkeypatch.setattr(device.psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
    assert device.holds(2 << 30, 0.25) and not device.holds((2 << 30) + 1, 0.25)


@pytest.mark.parametrize(
    ("gpus", "n_images", "size", "expected"),
    [
        ([], 50_000, 32, device.CPU_BATCH),
        (["gpu:0"], 50_000, 32, 1024),
        (["gpu:0"], 50_000, 224, 64),  # 4 Mi pixels hold 83
        (["gpu:0"], 1_000, 32, 32),  # 20 batches of 50
        (["gpu:0"], 5, 32, 1),
    ],
)
def test_an_automatic_batch_fits_the_device_and_the_data(monkeypatch, gpus, n_images, size, expected):
    monkeypatch.setattr(device, "gpus", lambda: gpus)
    assert device.batch_size("auto", n_images=n_images, size=size) == expected
    assert device.batch_size(48, n_images=n_images, size=size) == 48
