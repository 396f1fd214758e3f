"""Open an exported ONNX model with ONNX Runtime, where no Keras, TensorFlow, MLflow or DVC is installed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from darkroom.inference import inference, onnx_check
from darkroom.runtime.errors import EnvironmentFault
from darkroom.saving import export_folder
from darkroom.saving.export_folder import FILES, IMAGES, PROBABILITIES, unusable
from darkroom.saving.model_folder import InputSpec

if TYPE_CHECKING:
    import onnxruntime

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 (n, s, s, c) to float32 (n, k)
NAME = FILES["onnx"]


def load(folder: Path, threads: int) -> tuple[Predict, InputSpec]:
    """Return the model of a folder that `darkroom export` wrote, and its input spec; it computes in `threads` threads.

    Raises ArtifactError (exit 4), before ONNX Runtime opens the file, when a file of the folder is missing or differs
    from its inventory, or when the network could reach outside the file or asks for other images or classes than the
    spec; EnvironmentFault (exit 5) when ONNX Runtime is not installed.
    """
    spec = inference.read_spec(folder)
    return opened(folder / NAME, spec, threads), spec


def opened(path: Path, spec: InputSpec, threads: int) -> Predict:
    """Do as `load`, for the file alone: nothing is compared with an inventory."""
    try:
        data = onnx_check.check(path)
        _require_same(export_folder.metadata(spec, None), onnx_check.metadata(data))
        session = _session(data, threads)
    except EnvironmentFault:
        raise
    except Exception as fault:  # ONNX Runtime raises several kinds, without a common base
        raise unusable(path, f"cannot be loaded: {str(fault).splitlines()[0][:200]}") from fault
    size, channels = spec["image_size"], inference.CHANNELS[spec["color"]]
    images = IMAGES, "tensor(uint8)", [size, size, channels]
    if _signature(session) != (images, (PROBABILITIES, "tensor(float)", [len(spec["classes"])])):
        raise unusable(path, f"has other inputs or outputs than classes.json asks for: {_signature(session)}")
    return lambda images: session.run([PROBABILITIES], {IMAGES: images})[0]


def _require_same(expected: Mapping[str, str], actual: Mapping[str, str]) -> None:
    """Raise ValueError unless the file was made for these classes and this input."""
    if different := [key for key, value in expected.items() if actual.get(key) != value]:
        raise ValueError(f"it belongs to another model: its {', '.join(different)} is not that of classes.json")


def _session(data: bytes, threads: int) -> "onnxruntime.InferenceSession":
    try:
        import onnxruntime  # of an extra
    except ImportError as fault:
        fix = "pip install 'darkroom[serve]'"
        raise EnvironmentFault("E_EXTRA", "ONNX Runtime is not installed", where=NAME, fix=fix) from fault
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # threads that spin while they wait take the processors from whoever decodes, and multiply the time of one image
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # fatal: what goes wrong is raised too
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _signature(session: "onnxruntime.InferenceSession") -> tuple[tuple[str, str, list[int]], ...]:
    """Return name, dtype and shape, without the batch, of each input and output."""
    return tuple((node.name, node.type, node.shape[1:]) for node in (*session.get_inputs(), *session.get_outputs()))
