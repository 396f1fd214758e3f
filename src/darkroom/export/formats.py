"""Write a network in each of the formats, and open it again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from darkroom.export import litert, onnx_file, onnx_int8, refusals, saved_model
from darkroom.inference import onnx_model
from darkroom.runtime import processors
from darkroom.runtime.errors import DarkroomError, ParamsError
from darkroom.saving.export_folder import FILES, Format
from darkroom.saving.model_folder import InputSpec

if TYPE_CHECKING:
    import keras

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 (n, s, s, c) to float32 (n, k)
Metadata = Mapping[str, str]


def write(model: "keras.Model", form: Format, folder: Path, metadata: Metadata, calibration: np.ndarray | None) -> Path:
    """Write `model` to its file in `folder`, in 8 bits where there are `calibration` images uint8 `(n, s, s, c)`.

    Raises ArtifactError (exit 4) for a network that the format cannot hold, EnvironmentFault (exit 5) when a converter
    is not installed.
    """
    path = folder / FILES[form]
    with _explained(form):
        _WRITERS[form](model, path, metadata, calibration)
    return path


def opened(path: Path, form: Format, spec: InputSpec) -> Predict:
    """Return the network of a file that `write` wrote, which computes on all processors. Raises as `write` does."""
    threads = processors.granted()
    with _explained(form):
        if form == "onnx":
            return onnx_model.opened(path, spec, threads)
        return litert.opened(path, threads) if form == "litert" else saved_model.opened(path)


@contextmanager
def _explained(form: Format) -> Iterator[None]:
    """Turn what converters raise into errors of one line."""
    try:
        yield
    except DarkroomError:
        raise
    except ImportError as fault:
        raise refusals.missing(fault) from fault
    except Exception as fault:  # of any kind: the converters have no error of their own
        raise refusals.failed(form, fault) from fault


def _onnx(model: "keras.Model", path: Path, metadata: Metadata, calibration: np.ndarray | None) -> None:
    onnx_file.write(model, path, metadata)
    if calibration is not None:
        onnx_int8.quantise(path, calibration)


def _litert(model: "keras.Model", path: Path, metadata: Metadata, calibration: np.ndarray | None) -> None:
    with TemporaryDirectory() as folder:
        saved_model.write(model, Path(folder, "saved_model"), {})
        litert.write(Path(folder, "saved_model"), path, metadata, calibration)


def _saved_model(model: "keras.Model", path: Path, metadata: Metadata, calibration: np.ndarray | None) -> None:
    if calibration is not None:
        fix = "use --to onnx or --to litert"
        raise ParamsError("E_EXPORT", "a SavedModel has no int8 form", where="--to saved_model --int8", fix=fix)
    saved_model.write(model, path, metadata)


_WRITERS: dict[Format, Callable[["keras.Model", Path, Metadata, np.ndarray | None], None]] = {
    "onnx": _onnx, "litert": _litert, "saved_model": _saved_model,
}  # fmt: skip
