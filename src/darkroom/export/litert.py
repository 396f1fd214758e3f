"""A model as a LiteRT file (formerly TensorFlow Lite), for telephones and small devices."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from darkroom.export import refusals
from darkroom.saving.export_folder import IMAGES, PROBABILITIES

METADATA = b"darkroom"  # the name of the buffer that holds the metadata
IDENTIFIER = b"TFL3"  # of a LiteRT file, after its first four bytes
LACKING = re.compile(r"(?:TF Select|Custom|Flex) ops: ([\w, ]+)")


def write(saved_model: Path, path: Path, metadata: Mapping[str, str], calibration: np.ndarray | None) -> None:
    """Write the model of a SavedModel; in 8 bits where there are `calibration` images, uint8 `(n, s, s, c)`.

    Raises ArtifactError (exit 4) naming the operations that LiteRT lacks.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ({IMAGES: image[np.newaxis]} for image in calibration)
    try:
        data = converter.convert()
    except Exception as fault:  # ConverterError, which TensorFlow does not export
        if found := LACKING.search(str(fault)):
            raise refusals.unsupported(found[1].split(", "), "litert") from fault
        raise
    path.write_bytes(_with_metadata(data, metadata))


def opened(path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model of a file that `write` wrote: uint8 `(n, s, s, c)` to float32 `(n, k)`."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(path), num_threads=threads).get_signature_runner()
    return lambda images: run(**{IMAGES: images})[PROBABILITIES]


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of a file that `write` wrote."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    (entry,) = (entry for entry in model.metadata if entry.name == METADATA)
    return json.loads(bytes(model.buffers[entry.buffer].data))


def _with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(json.dumps(dict(metadata), ensure_ascii=False).encode(), np.uint8)
    entry.name, entry.buffer = METADATA, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), entry]
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())
