"""The Open Inference Protocol, version 2, over HTTP, as clients of KServe and Triton speak it.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md, and of Triton's
extensions that of binary tensors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darkroom.serve import binary_tensors, json_body
from darkroom.serve.job import Picture
from darkroom.serve.model import ServedModel
from darkroom.serve.refusal import Refusal

IMAGES, PROBABILITIES, LABEL = "images", "probabilities", "label"


class Output(NamedTuple):
    """A tensor that a request wants."""

    name: str
    is_binary: bool  # its bytes are to follow the JSON


class Inference(NamedTuple):
    """A request."""

    id: str | None
    pictures: Sequence[Picture]
    outputs: Sequence[Output]


class Reply(NamedTuple):
    """An answer: a JSON object, and the binary tensors after it."""

    head: dict[str, Any]
    binary: bytes


def read(body: bytes, json_length: str | None) -> Inference:
    """Return the request in `body`; `json_length` is its header of that name. Raises Refusal (400)."""
    length = binary_tensors.json_length(json_length, len(body))
    request = json_body.read_object(body[:length])
    inputs = json_body.member(request, "inputs")
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise json_body.bad(f"inputs must be one tensor, {IMAGES}")
    named = request.get("id")
    pictures = _pictures(inputs[0], body[length:])
    return Inference(named if isinstance(named, str) else None, pictures, _outputs(request))


def response(request: Inference, model: ServedModel, rows: Sequence[np.ndarray]) -> Reply:
    """The answer to `request`, with probabilities float (k,) for each picture."""
    values = np.stack(rows)
    make = {PROBABILITIES: _probabilities, LABEL: _labels}
    tensors = [make[output.name](values, model, output.is_binary) for output in request.outputs]
    named = {"model_name": model.name, "model_version": model.digest, "id": request.id}
    head = {key: value for key, value in named.items() if value} | {"outputs": [tensor for tensor, _ in tensors]}
    return Reply(head, b"".join(binary for _, binary in tensors))


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


def _outputs(request: Mapping[str, Any]) -> list[Output]:
    outputs = request.get("outputs") or [{"name": PROBABILITIES}, {"name": LABEL}]
    asked = [output for output in outputs if isinstance(output, dict)] if isinstance(outputs, list) else []
    if not asked or not {str(output.get("name")) for output in asked} <= {PROBABILITIES, LABEL}:
        raise json_body.bad(f"outputs are {PROBABILITIES} and {LABEL}")
    usual = binary_tensors.parameters(request).get("binary_data_output", False)
    return [
        Output(output["name"], binary_tensors.parameters(output).get("binary_data", usual) is True) for output in asked
    ]


def _probabilities(values: np.ndarray, model: ServedModel, is_binary: bool) -> tuple[dict[str, Any], bytes]:
    tensor = {"name": PROBABILITIES, "datatype": "FP32", "shape": list(values.shape)}
    if is_binary:
        return _followed(tensor, binary_tensors.of_floats(values))
    return tensor | {"data": values.ravel().tolist()}, b""


def _labels(values: np.ndarray, model: ServedModel, is_binary: bool) -> tuple[dict[str, Any], bytes]:
    labels = [model.classes[number] for number in values.argmax(1)]
    tensor = {"name": LABEL, "datatype": "BYTES", "shape": [len(labels)]}
    return _followed(tensor, binary_tensors.of_texts(labels)) if is_binary else (tensor | {"data": labels}, b"")


def _followed(tensor: dict[str, Any], binary: bytes) -> tuple[dict[str, Any], bytes]:
    return tensor | {"parameters": {binary_tensors.SIZE: len(binary)}}, binary


def _pictures(tensor: Mapping[str, Any], binary: bytes) -> Sequence[Picture]:
    shape, kind = tensor.get("shape"), tensor.get("datatype")
    if not isinstance(shape, list) or not shape or not all(type(n) is int and 0 < n < 1 << 31 for n in shape):
        raise json_body.bad("shape must be a list of positive numbers")
    if not isinstance(kind, str) or kind not in READERS:
        raise json_body.bad("datatype must be BYTES (image files) or UINT8 (pixels)")
    binary_tensors.require_size(tensor, len(binary))
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
    return list(binary_tensors.texts(binary))


READERS: dict[str, Callable[[bytes, list[int]], Sequence[Picture]]] = {"BYTES": _binary_files, "UINT8": _binary_pixels}


def not_this_model(name: str, model: ServedModel) -> Refusal:
    """Return the refusal (404) of a request to a model that is not the one that answers."""
    return Refusal(404, "no_such_model", f"there is no model {name}, this server has {model.name}")
