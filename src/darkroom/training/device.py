"""What this machine trains on, and how it is made repeatable.

The only module that asks which backend it is; `on_jax` and `tf_batches` have what one of them needs.
"""

import importlib
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import keras
import psutil

from darkroom.training import on_jax

BATCH_PIXELS = 1 << 22  # of a batch on a GPU: 1,024 images of 64 x 64 pixels fill it
CPU_BATCH = 64  # images; larger ones are no faster on a processor
MAX_STEPS = 16  # batches per execution; more gain nothing where Python only starts them
LOOP_STEPS = 1024  # the same of a loop on a GPU, which needs nothing of Python: up to an epoch
CPU_WORK = 10**10  # multiply-adds per execution, forwards: 0.3 s on 4 processors, so that Ctrl-C is noticed in time
GPU_WORK = 10**13  # the same on an H200, which trains a ResNet-9 in bfloat16 with 3 * 10**13 a second
IN_MEMORY = 2 << 30  # bytes of images; more are read from disk as they are used
GPU_SHARE = 0.4  # of the free memory of a GPU; the rest is for the network
CPUINFO = Path("/proc/cpuinfo")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # instructions that multiply it, by Linux's names


class Computation(NamedTuple):
    """How this machine computes a training: what `auto` stands for here."""

    precision: str  # a dtype policy of Keras
    xla: bool

    def __str__(self) -> str:
        xla = "with XLA" if self.xla else "without XLA"
        return f"{self.precision} {xla} on {', '.join(names())}"

    def params(self, section: str) -> dict[str, object]:
        """As a run shows it: `{section}.precision` and `{section}.xla`."""
        return {f"{section}.{name}": value for name, value in self._asdict().items()}


def names() -> list[str]:
    """The devices that the backend has, accelerators first, for instance `['gpu:0', 'cpu:0']`."""
    return [*gpus(), "cpu:0"]


def identity() -> dict[str, str]:
    """The version of each library that computes, by its name on PyPI: the backend, Keras and NumPy.

    Whatever is cached is named by those that computed it.
    """
    used = ["keras", "numpy", *(["jax", "jaxlib"] if keras.backend.backend() == "jax" else [keras.backend.backend()])]
    return {name: importlib.import_module(name).__version__ for name in used}


def gpus() -> list[str]:
    """The GPUs of this machine, `gpu:0` and so on. None of them is initialised: a supervisor only counts them."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        return [f"gpu:{i}" for i in range(len(tensorflow.config.list_physical_devices("GPU")))]
    if keras.backend.backend() == "torch":
        import torch

        return [f"gpu:{i}" for i in range(torch.cuda.device_count())]
    return [name for name in keras.distribution.list_devices() if name.startswith("gpu")]


def make_repeatable(seed: int) -> None:
    """Seed Python, NumPy and the backend, so that the same call gives the same weights on the same CPU.

    What was built before is forgotten (`keras.backend.clear_session`), the precision is not.
    """
    policy = keras.config.dtype_policy()
    keras.backend.clear_session()
    keras.config.set_dtype_policy(policy)  # clearing forgets what `compute_in` chose
    keras.utils.set_random_seed(seed)


def compute_in(precision: str, *, depthwise: bool = False) -> str:
    """Set the precision of what is built from now on, and return it; `auto` is bfloat16 if faster, else float32.

    It is faster on a GPU (native since NVIDIA's Ampere, 2020) and on a processor with instructions for it, which
    oneDNN uses, but there not for networks of `depthwise` convolutions: docs/training.md has the figures.
    Weights stay float32, and unlike float16 its losses need no scaling.
    """
    fast = gpus() or (not depthwise and _processor_multiplies_bfloat16())
    policy = precision if precision != "auto" else "mixed_bfloat16" if fast else "float32"
    keras.config.set_dtype_policy(policy)
    return policy


def in_float32(model: keras.Model) -> keras.Model:
    """The same network computing in float32, whatever it was trained in, so that it predicts the same everywhere."""
    config = json.dumps(model.get_config())
    if "mixed_" not in config:
        return model
    for mixed in ("mixed_bfloat16", "mixed_float16"):
        config = config.replace(f'"{mixed}"', '"float32"')
    converted = keras.Model.from_config(json.loads(config))
    converted.set_weights(model.get_weights())
    return converted


def _processor_multiplies_bfloat16() -> bool:
    if keras.backend.backend() != "tensorflow" or not CPUINFO.exists():
        return False
    return not BFLOAT16.isdisjoint(CPUINFO.read_text().split())


def xla() -> bool:
    """Whether steps are compiled with XLA: by JAX always, by TensorFlow on one GPU.

    Processors and several GPUs go without, as Keras's own `auto` decides too.
    """
    if keras.backend.backend() == "tensorflow":
        return len(gpus()) == 1
    return keras.backend.backend() == "jax"


def loops() -> bool:
    """Whether steps loop over images that are on the device (`chunks`): on JAX; TensorFlow loops over a `Dataset`."""
    return keras.backend.backend() == "jax"


def compiles_each_shape() -> bool:
    """Whether a batch of another size costs seconds, in which it is compiled anew: on JAX."""
    return keras.backend.backend() == "jax"


def steps_per_execution(multiply_adds: int) -> int:
    """How many batches of so many multiply-adds each run in one call: small ones take Python longer than the device.

    Always 1 for several devices on TensorFlow 2.21, which cannot divide batches inside a loop of its own, and for JAX
    on a processor, where XLA takes minutes to compile a loop of convolutions.
    """
    if (len(gpus()) > 1 and not loops()) or (loops() and not gpus()):
        return 1
    most, work = (LOOP_STEPS if loops() else MAX_STEPS), (GPU_WORK if gpus() else CPU_WORK)
    return max(1, min(most, work // max(1, multiply_adds)))


def holds(size: int, share: float | str) -> bool:
    """Whether images of so many bytes may stay in memory: that of a GPU if steps loop over it, else the machine's.

    `share` is the fraction of what is free there; `auto` is GPU_SHARE of a GPU, and IN_MEMORY bytes of the machine.
    """
    free = on_jax.free_memory() if loops() else None
    if share == "auto":
        return size <= (IN_MEMORY if free is None else GPU_SHARE * free)
    return size <= float(share) * (psutil.virtual_memory().available if free is None else free)


def batch_size(configured: int | str, *, n_images: int, size: int) -> int:
    """The batch size `configured`, or for `auto` one that the device is fast with, for images of `size` pixels.

    On a GPU it is a power of two that leaves at least 20 batches per epoch.
    """
    if configured != "auto":
        return int(configured)
    if not gpus():
        return CPU_BATCH
    largest = max(1, min(BATCH_PIXELS // size**2, n_images // 20, 1024))
    return 1 << (largest.bit_length() - 1)


def spread() -> AbstractContextManager:
    """Build and train inside this context: each batch is divided among all GPUs, where there are two or more."""
    if len(gpus()) < 2:
        return nullcontext()
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        return tensorflow.distribute.MirroredStrategy().scope()
    keras.distribution.set_distribution(on_jax.images_everywhere())
    return nullcontext()


def replicas() -> int:
    """How many devices each compute the loss of their own part of a batch: those of TensorFlow's strategy."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def fused(kind: type[keras.optimizers.Adam]) -> type[keras.optimizers.Adam]:
    """Adam or AdamW with the same formula, in one pass over the memory of a weight where the backend has a kernel.

    Keras's own takes about twelve passes, a quarter of the work of a step of the course's network on a processor.
    """
    if keras.backend.backend() != "tensorflow" or len(gpus()) > 1:
        return kind
    import tensorflow as tf

    class Fused(kind):  # the base is an argument
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            i, step = self._get_variable_index(variable), tf.cast(self.iterations + 1, variable.dtype)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[i].value.handle,
                v=self._velocities[i].value.handle,
                beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
                beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
                lr=tf.cast(learning_rate, variable.dtype),
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=tf.cast(gradient, variable.dtype),
            )

    return Fused


def limit_threads(count: int) -> None:
    """Let the backend use `count` threads; it must not have computed anything yet."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(count)
        tensorflow.config.threading.set_inter_op_parallelism_threads(count)
