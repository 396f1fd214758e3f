"""Check what an ONNX file declares before ONNX Runtime opens it: the digest may be right and the author hostile.

A file can name other files as its weights, bring operators of its own, or declare arrays that are larger than memory.
The file is read here as the protobuf message that it is (https://protobuf.dev/programming-guides/encoding), so that
the package `onnx` is not needed where a model is only served. Field numbers are those of onnx.proto. What a network
computes is not limited: a server limits its own memory.
"""

import math
from collections.abc import Iterator
from pathlib import Path

LARGEST = 1 << 31  # bytes, the limit of protobuf itself
MOST_FIELDS = 1_000_000  # of a message: they are held in memory, and no network has so many nodes
MOST_DIMS = 8  # of an array
GRAPH, METADATA, TRAINING, FUNCTIONS = 7, 14, 20, 25  # of a model
NODE, INITIALIZER, SPARSE_INITIALIZER = 1, 5, 15  # of a graph
OP_TYPE, ATTRIBUTE, DOMAIN = 4, 5, 7  # of a node
TENSOR, SUBGRAPH, TENSORS, SUBGRAPHS, SPARSE, SPARSES = 5, 6, 10, 11, 22, 23  # of an attribute
DIMS, EXTERNAL_DATA, DATA_LOCATION = 1, 13, 14  # of a tensor
KEY, VALUE = 1, 2  # of an entry of the metadata
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
OWN_DOMAINS = {b"", b"ai.onnx"}

Field = tuple[int, int | memoryview]  # its number and its value; floats are never looked at, they stay bytes


def check(path: Path) -> bytes:
    """Return the contents of the file. Raises ValueError when ONNX Runtime should not open it."""
    if path.stat().st_size >= LARGEST:
        raise ValueError("it is larger than a protobuf message can be")
    data = path.read_bytes()
    model = list(_fields(memoryview(data)))
    if {number for number, _ in model} & {TRAINING, FUNCTIONS}:
        raise ValueError("it brings functions or training steps, which no exported network has")
    graphs = _messages(model, GRAPH)
    if len(graphs) != 1:
        raise ValueError("it is not an ONNX file")
    _check_graph(graphs[0])
    return data


def metadata(data: bytes) -> dict[str, str]:
    """Return the metadata properties of a checked file."""
    entries = [list(_fields(entry)) for entry in _messages(_fields(memoryview(data)), METADATA)]
    return {_text(entry, KEY): _text(entry, VALUE) for entry in entries}


def _check_graph(graph: memoryview) -> None:
    fields = list(_fields(graph))
    if _messages(fields, SPARSE_INITIALIZER):
        raise ValueError("it has sparse weights, which no exported network has")
    for tensor in _messages(fields, INITIALIZER):
        _check_tensor(tensor)
    for node in _messages(fields, NODE):
        _check_node(list(_fields(node)))


def _check_node(node: list[Field]) -> None:
    op = _text(node, OP_TYPE)
    if not set(map(bytes, _messages(node, DOMAIN))) <= OWN_DOMAINS:
        raise ValueError(f"its operator {op} is not one of ONNX")
    for attribute in _messages(node, ATTRIBUTE):
        fields = list(_fields(attribute))
        if {number for number, _ in fields} & {SUBGRAPH, SUBGRAPHS, SPARSE, SPARSES}:
            raise ValueError(f"its operator {op} holds a graph or sparse weights")
        for tensor in _messages(fields, TENSOR) + _messages(fields, TENSORS):
            _check_tensor(tensor)


def _check_tensor(tensor: memoryview) -> None:
    fields = list(_fields(tensor))
    if {number for number, _ in fields} & {EXTERNAL_DATA, DATA_LOCATION}:
        raise ValueError("its weights lie in another file")
    sizes = [size for number, value in fields if number == DIMS for size in _varints(value)]
    if len(sizes) > MOST_DIMS or math.prod(sizes) > len(tensor):
        raise ValueError("it declares more weights than it holds")


def _text(fields: list[Field], wanted: int) -> str:
    return b"".join(_messages(fields, wanted)).decode()


def _messages(fields: Iterator[Field] | list[Field], wanted: int) -> list[memoryview]:
    values = []
    for number, value in fields:
        if number == wanted:
            if isinstance(value, int):
                raise ValueError("it is not an ONNX file")
            values.append(value)
    return values


def _fields(message: memoryview) -> Iterator[Field]:
    """Yield the fields of a message. Raises ValueError when it is none, or ends early."""
    at = count = 0
    while at < len(message):
        if (count := count + 1) > MOST_FIELDS:
            raise ValueError("it has more parts than any network")
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError("it is not an ONNX file")
        if at + size > len(message):
            raise ValueError("it is truncated")
        yield tag >> 3, message[at : at + size]
        at += size


def _varints(value: int | memoryview) -> list[int]:
    """Return the numbers of a repeated field, which is written one by one or packed."""
    if isinstance(value, int):
        return [value]
    numbers: list[int] = []
    at = 0
    while at < len(value) and len(numbers) <= MOST_DIMS:
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if at == len(message):
            raise ValueError("it is truncated")
        byte, at = message[at], at + 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise ValueError("it is not an ONNX file")
