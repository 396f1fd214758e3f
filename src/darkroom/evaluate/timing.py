"""What a prediction costs: latency and throughput on this machine, size and multiply-adds of the model.

Times are those of this machine at this moment, so they live in a file of their own and no metric depends on them.
"""

import os
import platform
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from darkroom.evaluation_folder import Cost
from darkroom.metrics.intervals import Score

BUDGET = 0.25  # seconds for each of the two measurements
BATCH = 256  # images at a time, for the throughput

Predict = Callable[[np.ndarray], object]


def measure(name: str, predict: Predict, images: np.ndarray, model_bytes: int, multiply_adds: int) -> Cost:
    """Measure the model `name`; `images` uint8 `(n, s, s, c)`.

    Each shape is run once before the clock starts: the first call compiles.
    """
    batch = np.asarray(images[:BATCH])
    return {
        "model": name,
        "latency_ms": latency(predict, images),
        "throughput": round(len(batch) / median(_seconds(predict, batch))),
        "batch": len(batch),
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "bytes": model_bytes,
        "multiply_adds": multiply_adds,
    }


def latency(predict: Predict, images: np.ndarray) -> Score:
    """Return the milliseconds that the first of `images` takes alone: the median and the middle 90 %."""
    times = np.array(_seconds(predict, np.asarray(images[:1]))) * 1000
    low, high = np.quantile(times, [0.05, 0.95])
    return {"value": _rounded(median(times)), "low": _rounded(low), "high": _rounded(high)}


def _seconds(predict: Predict, images: np.ndarray) -> list[float]:
    """Time calls for BUDGET seconds, three at least; the seconds of each."""
    predict(images)
    seconds: list[float] = []
    total = 0.0  # added up once: a small network answers tens of thousands of times
    while total < BUDGET or len(seconds) < 3:
        start = time.perf_counter()
        predict(images)
        seconds.append(time.perf_counter() - start)
        total += seconds[-1]
    return seconds


def _rounded(number: float) -> float:
    """To three significant digits: a clock is not better than that."""
    return float(f"{number:.3g}")
