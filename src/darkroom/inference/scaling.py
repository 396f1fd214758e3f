"""Apply the temperature of a model, which `evaluate` fitted on the validation images: calibrated probabilities.

Guo et al. (2017) divide the logits of all classes by it. The order of the classes stays the same.
"""

from pathlib import Path

import numpy as np

from darkroom.runtime import files

FILE = "calibration.json"  # in the champion's folder: {"temperature": float}


def scale(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits by `temperature`; probabilities float64 `(n, k)` from float `(n, k)`."""
    scaled = np.exp(logits(probabilities) / temperature)
    return scaled / scaled.sum(1, keepdims=True)


def logits(probabilities: np.ndarray) -> np.ndarray:
    """float64, 0 for the most probable class; a probability too small for float32 counts as its smallest one."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    return logs - logs.max(1, keepdims=True)


def write_temperature(folder: Path, temperature: float) -> None:
    files.write_json(folder / FILE, {"temperature": temperature})


def read_temperature(folder: Path) -> float | None:
    """The temperature in a model folder, None where there is none. Raises ArtifactError (exit 4) on another file."""
    if not (folder / FILE).exists():
        return None
    value = files.read_object(folder / FILE).get("temperature")
    if not isinstance(value, int | float) or not value > 0:
        raise files.unusable(folder / FILE, "holds no temperature above 0")
    return float(value)
