"""An ONNX file with weights and activations in 8 bits, whose ranges come from training images.

QDQ, one scale per output channel of a weight and MinMax ranges, as ONNX Runtime advises for processors
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). The input stays uint8 and the
probabilities stay float32.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from darkroom.export import onnx_file
from darkroom.saving.export_folder import IMAGES

BATCH = 32  # images at a time


def quantise(path: Path, calibration: np.ndarray) -> None:
    """Replace the file at `path` by its int8 form; `calibration` uint8 `(n, s, s, c)`."""
    import onnx
    from onnxruntime import quantization

    before = onnx.load(path)
    with TemporaryDirectory() as folder:
        prepared, quantised = Path(folder, "prepared.onnx"), Path(folder, "int8.onnx")
        # symbolic shapes want SymPy, and a batch of any size is the only symbol here
        quantization.shape_inference.quant_pre_process(path, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            quantised,
            _Reader(calibration),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        after = onnx.load(quantised)
    del after.opset_import[:], after.metadata_props[:]
    after.opset_import.extend(before.opset_import)
    after.metadata_props.extend(before.metadata_props)
    onnx_file.name_batch(after)
    onnx.checker.check_model(after)
    onnx.save(after, path)


class _Reader:
    """Hands the calibration images to ONNX Runtime in batches, as its CalibrationDataReader does."""

    def __init__(self, images: np.ndarray):
        self._batches: Iterator[np.ndarray] = (images[i : i + BATCH] for i in range(0, len(images), BATCH))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {IMAGES: batch}
