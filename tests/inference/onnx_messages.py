"""ONNX files made by hand, field by field, since `onnx` need not be installed and would not write hostile ones."""


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def tensor(*dims: int, data: bytes = b"", extra: bytes = b"") -> bytes:
    """Of floats; `dims` are written packed, as protobuf 3 does."""
    return field(1, b"".join(map(varint, dims))) + field(2, 1) + field(9, data) + extra


def node(op: bytes = b"Relu", domain: bytes = b"", attribute: bytes = b"") -> bytes:
    return field(4, op) + field(7, domain) + (field(5, field(1, b"name") + attribute) if attribute else b"")


def graph(*nodes: bytes, initializers: tuple[bytes, ...] = (), extra: bytes = b"") -> bytes:
    return b"".join(field(1, one) for one in nodes) + b"".join(field(5, one) for one in initializers) + extra


def model(graph: bytes, extra: bytes = b"") -> bytes:
    return field(1, 8) + field(7, graph) + field(14, field(1, b"classes") + field(2, b'["a"]')) + extra
