"""What the backends of Keras read from the environment when they are imported. A variable that the user set stays."""

import os
from pathlib import Path

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
JAX_CACHE = "JAX_COMPILATION_CACHE_DIR"
JAX_CACHE_FROM = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
JAX_GROWS, JAX_SHARE = "XLA_PYTHON_CLIENT_PREALLOCATE", "XLA_PYTHON_CLIENT_MEM_FRACTION"
TF_GROWS = "TF_FORCE_GPU_ALLOW_GROWTH"
GPU_SHARE = 0.9  # of the memory of a GPU that all processes on it may take together; the rest is for CUDA itself
JAX_KEPT = "0.3"  # seconds; the hundreds of tiny programs of Keras take less and would be as many files


def use_onednn() -> None:
    """Let TensorFlow compute with oneDNN on every processor.

    By itself TensorFlow 2.21 does so only where there are instructions for neural networks (AVX-512 VNNI and later),
    so a processor with AVX2 alone took a third more time.
    """
    os.environ.setdefault(ONEDNN, "1")


def keep_compiled(folder: Path) -> None:
    """Let JAX keep the programs that it compiles in `folder`, for the next process that would compile the same."""
    os.environ.setdefault(JAX_CACHE, str(folder.absolute()))
    os.environ.setdefault(JAX_CACHE_FROM, JAX_KEPT)


def take_gpu_memory_as_needed() -> None:
    """Let this process take memory of a GPU as it needs it, as others train there.

    By itself JAX takes three quarters of a GPU when it first asks for it, if only to count, and TensorFlow all.
    """
    os.environ.setdefault(JAX_GROWS, "false")
    os.environ.setdefault(TF_GROWS, "true")


def share_gpu(processes: int) -> None:
    """Let this process take its part of a GPU on which so many train; TensorFlow knows no limit from outside."""
    take_gpu_memory_as_needed()
    if JAX_SHARE.replace("PYTHON_", "") not in os.environ:  # the newer name, beside which JAX refuses this one
        os.environ.setdefault(JAX_SHARE, f"{GPU_SHARE / processes:.3f}")
