"""The Open Inference Protocol, version 2, over HTTP, as clients of KServe and Triton speak it.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md, and of Triton's
extensions that of binary tensors in requests:
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darkroom.serve import json_body
from darkroom.serve.job import Picture
from darkroom.serve.model import ServedModel
from darkroom.serve.refusal import Refusal

IMAGES, PROBABILITIES, LABEL = "images", "probabilities", "label"
HEADER_LENGTH = "inference-header-content-length"  # bytes of JSON, after which binary tensors follow
LENGTH = struct.Struct("<I")  # before each element of a binary BYTES tensor


class Inference(NamedTuple):
    """A request."""

    id: str | None
    pictures: Sequence[Picture]
    outputs: Sequence[str]  # the names of the tensors that it wants


def read(body: bytes, json_length: str | None) -> Inference:
    """Return the request in `body`. Raises Refusal (400)."""
    length = len(body) if json_length is None else _length(json_length, len(body))
    request = json_body.read_object(body[:length])
    inputs = json_body.member(request, "inputs")
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise json_body.bad(f"inputs must be one tensor, {IMAGES}")
    named = request.get("id")
    outputs = request.get("outputs") or [{"name": PROBABILITIES}, {"name": LABEL}]
    return Inference(named if isinstance(named, str) else None, _pictures(inputs[0], body[length:]), _names(outputs))


def response(request: Inference, model: ServedModel, rows: Sequence[np.ndarray]) -> dict[str, Any]:
    """The answer to `request`, with probabilities float (k,) for each picture."""
    values = np.stack(rows)
    tensors = {
        PROBABILITIES: _tensor(PROBABILITIES, "FP32", values.shape, values.ravel().tolist()),
        LABEL: _tensor(LABEL, "BYTES", (len(rows),), [model.classes[number] for number in values.argmax(1)]),
    }
    head = {"model_name": model.name, "model_version": model.digest, "id": request.id}
    return {**{key: value for key, value in head.items() if value}, "outputs": [tensors[n] for n in request.outputs]}


def metadata(model: ServedModel) -> dict[str, Any]:
    """What the protocol calls the metadata of a model."""
    return {
        "name": model.name,
        "versions": [model.digest],
        "platform": "darkroom",
        "inputs": [{"name": IMAGES, "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": PROBABILITIES, "datatype": "FP32", "shape": [-1, len(model.classes)]},
            {"name": LABEL, "datatype": "BYTES", "shape": [-1]},
        ],
    }


def _length(text: str, most: int) -> int:
    if not text.isdecimal() or int(text) > most:
        raise json_body.bad(f"{HEADER_LENGTH} must be a number of bytes of the body")
    return int(text)


def _names(outputs: object) -> list[str]:
    names = [output.get("name") for output in outputs if isinstance(output, dict)] if isinstance(outputs, list) else []
    if not names or not set(map(str, names)) <= {PROBABILITIES, LABEL}:
        raise json_body.bad(f"outputs are {PROBABILITIES} and {LABEL}")
    return [str(name) for name in names]


def _pictures(tensor: Mapping[str, Any], binary: bytes) -> Sequence[Picture]:
    shape, kind = tensor.get("shape"), tensor.get("datatype")
    if not isinstance(shape, list) or not shape or not all(type(n) is int and 0 < n < 1 << 31 for n in shape):
        raise json_body.bad("shape must be a list of positive numbers")
    if not isinstance(kind, str) or kind not in READERS:
        raise json_body.bad("datatype must be BYTES (image files) or UINT8 (pixels)")
    elements = READERS[kind](binary, shape) if binary else _from_json(tensor, kind, shape)
    if len(elements) != shape[0]:
        raise json_body.bad("data does not have the shape")
    return elements


def _from_json(tensor: Mapping[str, Any], kind: str, shape: list[int]) -> Sequence[Picture]:
    data = json_body.member(tensor, "data")
    if kind == "BYTES":
        return [json_body.base64(text) for text in data]
    return _reshaped(json_body.tensor(data), shape)


def _reshaped(pixels: np.ndarray, shape: list[int]) -> Sequence[np.ndarray]:
    if len(shape) not in (3, 4) or pixels.size != _product(shape):
        raise json_body.bad("UINT8 has shape (n, h, w, c), and as much data")
    return list(pixels.reshape(shape))


def _product(shape: list[int]) -> int:
    """Of Python's numbers, which do not overflow."""
    product = 1
    for n in shape:
        product *= n
    return product


def _binary_pixels(binary: bytes, shape: list[int]) -> Sequence[np.ndarray]:
    return _reshaped(np.frombuffer(binary, np.uint8), shape)


def _binary_files(binary: bytes, shape: list[int]) -> Sequence[bytes]:
    files, start = [], 0
    while start + LENGTH.size <= len(binary):
        (size,) = LENGTH.unpack_from(binary, start)
        start += LENGTH.size
        files.append(binary[start : start + size])
        start += size
    if start != len(binary):
        raise json_body.bad("the binary tensor ends within an element")
    return files


def _tensor(name: str, kind: str, shape: Sequence[int], data: list) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": list(shape), "data": data}


READERS: dict[str, Callable[[bytes, list[int]], Sequence[Picture]]] = {"BYTES": _binary_files, "UINT8": _binary_pixels}


def not_this_model(name: str, model: ServedModel) -> Refusal:
    """Return the refusal (404) of a request to a model that is not the one that answers."""
    return Refusal(404, "no_such_model", f"there is no model {name}, this server has {model.name}")
