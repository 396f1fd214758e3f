"""Tensors as bytes after the JSON of a request or a response, which Triton's clients use unless told otherwise.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
Numbers are little-endian, row by row; an element of BYTES has its length before it.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from darkroom.serve import json_body

HEADER_LENGTH = "inference-header-content-length"  # bytes of JSON, after which binary tensors follow
SIZE = "binary_data_size"  # bytes of a binary tensor, among its parameters
LENGTH = struct.Struct("<I")  # before each element of BYTES


def json_length(header: str | None, most: int) -> int:
    """Return how many of `most` bytes are JSON, by the header. Raises Refusal (400)."""
    if header is None:
        return most
    if not header.isdecimal() or int(header) > most:
        raise json_body.bad(f"{HEADER_LENGTH} must be a number of bytes of the body")
    return int(header)


def parameters(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a request or a tensor. Raises Refusal (400) when they are no object."""
    found = value.get("parameters") or {}
    if not isinstance(found, dict):
        raise json_body.bad("parameters must be an object")
    return found


def require_size(tensor: Mapping[str, Any], size: int) -> None:
    """Raise Refusal (400) when the one tensor of a request says that it has not the `size` bytes that follow."""
    if parameters(tensor).get(SIZE, size) != size:
        raise json_body.bad(f"{SIZE} is not what follows the JSON")


def texts(binary: bytes) -> Iterator[bytes]:
    """The elements of BYTES. Raises Refusal (400) when the last one is not whole."""
    start = 0
    while start + LENGTH.size <= len(binary):
        (size,) = LENGTH.unpack_from(binary, start)
        start += LENGTH.size
        yield binary[start : start + size]
        start += size
    if start != len(binary):
        raise json_body.bad("the binary tensor ends within an element")


def of_texts(values: Iterable[str]) -> bytes:
    """BYTES, each element in UTF-8."""
    return b"".join(LENGTH.pack(len(data)) + data for data in (value.encode() for value in values))


def of_floats(values: np.ndarray) -> bytes:
    """FP32."""
    return values.astype("<f4").tobytes()
