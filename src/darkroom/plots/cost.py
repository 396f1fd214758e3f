"""What time a model costs.

Times are those of this machine at this moment, so they live in a file of their own and no metric depends on them.
"""

import os
import platform
import time
from collections.abc import Callable
from statistics import median

import numpy as np

BUDGET = 0.5  # seconds for each of the two clocks
BATCH = 256  # images at a time, for the throughput


def times(predict: Callable[[np.ndarray], object], images: np.ndarray) -> dict:
    """`latency_ms` of one image (median and the middle 90 %), and `throughput`, images a second in batches.

    `images` uint8 `(n, s, s, c)`. Each shape is run once before the clock starts: the first call compiles.
    """
    alone = np.array(_clocked(predict, np.asarray(images[:1]))) * 1000
    batch = np.asarray(images[:BATCH])
    low, high = np.quantile(alone, [0.05, 0.95])
    return {
        "latency_ms": {"value": _short(median(alone)), "low": _short(low), "high": _short(high)},
        "throughput": round(len(batch) / median(_clocked(predict, batch))),
        "batch": len(batch),
    }


def machine() -> dict:
    """Where the times were taken."""
    return {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}


def _clocked(predict: Callable[[np.ndarray], object], images: np.ndarray) -> list[float]:
    """Seconds of each call, for BUDGET seconds, three calls at least."""
    predict(images)
    taken: list[float] = []
    while sum(taken) < BUDGET or len(taken) < 3:
        start = time.perf_counter()
        predict(images)
        taken.append(time.perf_counter() - start)
    return taken


def _short(number: float) -> float:
    """Three digits that count: a clock is not better than that."""
    return float(f"{number:.3g}")
