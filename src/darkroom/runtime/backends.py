"""What the backends of Keras read from the environment when they are imported. A variable that the user set stays."""

import os
from pathlib import Path

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
JAX_CACHE = "JAX_COMPILATION_CACHE_DIR"
JAX_CACHE_FROM = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
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
