"""Export a model folder: write the network in another format, open that again, compare both, and only then keep it."""

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from darkroom.evaluate import timing
from darkroom.export import comparison, formats
from darkroom.export.evidence import Evidence
from darkroom.export.formats import Predict
from darkroom.export.quiet import quiet
from darkroom.inference import inference
from darkroom.register import identity
from darkroom.runtime import files, progress, sealing
from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.saving import export_folder
from darkroom.saving.export_folder import FACTS, Comparison, ExportFacts, Format
from darkroom.saving.model_folder import CLASSES, MODEL, InputSpec

if TYPE_CHECKING:
    import keras

COPIED = CLASSES, "reference.npz", "held_out.npz"  # from the model folder, where it has them


class Int8(NamedTuple):
    """Training images uint8 `(n, s, s, c)` for the ranges of numbers, and the confidence of the verdict."""

    calibration: np.ndarray
    confidence: float


class Order(NamedTuple):
    """What to export, and into what."""

    source: Path  # a model folder
    format: Format
    temperature: float | None  # None: not known
    int8: Int8 | None = None


def export(order: Order, evidence: Evidence, out: Path) -> ExportFacts:
    """Write the folder `out`, which replaces what was there, once the network in it predicts as the model does.

    Raises ArtifactError (exit 4), and leaves nothing, when the model cannot be used, the format lacks an operation, or
    the predictions differ: by more than 1e-5, or for int8 by a loss of accuracy that is surely above half a point.
    Raises EnvironmentFault (exit 5) when a converter is not installed or Keras has another backend than TensorFlow.
    """
    require_tensorflow()
    model, spec = inference.load(order.source)
    with files.durable(out) as partial:
        partial.mkdir(parents=True)
        for name in COPIED:
            if (order.source / name).exists():
                shutil.copyfile(order.source / name, partial / name)
        with progress.shown(f"exporting {order.source.name}", 2) as show, quiet():
            show(0, "converting")
            path = _write(model, spec, order, partial)
            show(1, "comparing")
            facts = _compare(model, formats.opened(path, order.format, spec), path, order, evidence)
        files.write_json(partial / FACTS, facts)
        sealing.seal(partial)
    return facts


def require_tensorflow() -> None:
    """Raise EnvironmentFault (exit 5) unless Keras computes with TensorFlow, whose graphs the converters read."""
    import keras

    if (backend := keras.config.backend()) != "tensorflow":
        what = f"export needs Keras on TensorFlow, not on {backend}; the model itself works on both"
        raise EnvironmentFault("E_BACKEND", what, where="KERAS_BACKEND", fix="unset KERAS_BACKEND for this command")


def _write(model: "keras.Model", spec: InputSpec, order: Order, folder: Path) -> Path:
    metadata = export_folder.metadata(spec, order.temperature)
    return formats.write(model, order.format, folder, metadata, order.int8.calibration if order.int8 else None)


def _compare(model: "keras.Model", predict: Predict, path: Path, order: Order, evidence: Evidence) -> ExportFacts:
    """Return the facts of the network at `path`, open as `predict`; raises as `export` does."""
    before = inference.probabilities(model, evidence.images)
    after = comparison.probabilities(predict, evidence.images)
    facts: ExportFacts = {
        "model": order.source.name,
        "digest": identity.digest(order.source),
        "format": order.format,
        "int8": order.int8 is not None,
        "temperature": order.temperature,
        "largest_difference": comparison.largest_difference(before, after),
        "images": len(evidence.images),
        "bytes": sum(file.stat().st_size for file in _files(path)),
        "ms": _milliseconds(predict, evidence),
        "accuracy": comparison.accuracy(after, evidence.labels),
        "before": {
            "bytes": (order.source / MODEL).stat().st_size,
            "ms": _milliseconds(model.predict_on_batch, evidence),
            "accuracy": comparison.accuracy(before, evidence.labels),
        },
    }
    _require_same(facts["largest_difference"], path, order)
    if order.int8:
        facts["comparison"] = _judged(before, after, evidence, order.int8.confidence)
    return facts


def _milliseconds(predict: Predict, evidence: Evidence) -> float:
    return timing.latency(predict, evidence.images)["value"] or 0.0


def _require_same(difference: float, path: Path, order: Order) -> None:
    if difference >= (math.inf if order.int8 else comparison.TOLERANCE):
        what = f"{path.name} predicts otherwise than the model, by up to {difference:.1e}"
        raise ArtifactError("E_EXPORT", what, where=order.source, fix="try another format; nothing was kept")


def _judged(before: np.ndarray, after: np.ndarray, evidence: Evidence, confidence: float) -> Comparison | None:
    if evidence.labels is None:
        return None
    result = comparison.compare(before, after, evidence.labels, confidence)
    if result["not_worse"] is False:
        what = f"the int8 model is no substitute: {comparison.sentence(result, evidence.labels)}"
        raise ArtifactError("E_EXPORT", what, where="--int8", fix="export it without --int8; nothing was kept")
    return result


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(files.below(path))
