"""What an ONNX file may declare, before ONNX Runtime opens it."""

import os

import pytest
from tests.inference.onnx_messages import field, graph, model, node, tensor

from darkroom.inference import onnx_check

WEIGHTS = tensor(2, 3, data=bytes(24))
GOOD = model(graph(node(), node(attribute=field(5, WEIGHTS)), initializers=(WEIGHTS,)))

BAD = {
    "weights in another file": model(graph(initializers=(tensor(2, extra=field(13, field(1, b"location"))),))),
    "weights that are said to be elsewhere": model(graph(initializers=(tensor(2, extra=field(14, 1)),))),
    "such weights in a node": model(graph(node(attribute=field(5, tensor(2, extra=field(14, 1)))))),
    "such weights in a list in a node": model(graph(node(attribute=field(10, tensor(2, extra=field(14, 1)))))),
    "more weights than it holds": model(graph(initializers=(tensor(10**6, 10**6, data=bytes(24)),))),
    "weights of a negative size": model(graph(initializers=(tensor(2**64 - 1, data=bytes(24)),))),
    "weights of a thousand dimensions": model(graph(initializers=(tensor(*[1] * 1000, data=bytes(24)),))),
    "sparse weights": model(graph(extra=field(15, b""))),
    "sparse weights in a node": model(graph(node(attribute=field(22, b"")))),
    "an operator of its own": model(graph(node(b"Shell", b"evil"))),
    "a loop": model(graph(node(b"Loop", attribute=field(6, graph(node()))))),
    "branches": model(graph(node(b"If", attribute=field(11, graph(node()))))),
    "functions": model(graph(node()), field(25, b"")),
    "training steps": model(graph(node()), field(20, b"")),
    "two graphs": model(graph(node()), field(7, graph(node()))),
    "no graph": field(1, 8),
    "a number for a graph": field(7, 1),
    "nothing": b"",
    "text": b"not a network\n" * 9,
    "a group, which protobuf gave up": bytes([7 << 3 | 3]),
    "a number without an end": b"\xff" * 20,
}


def written(folder, data):
    path = folder / "model.onnx"
    path.write_bytes(data)
    return path


def test_a_plain_network_passes_and_says_what_it_is(tmp_path):
    assert onnx_check.check(written(tmp_path, GOOD)) == GOOD
    assert onnx_check.metadata(GOOD) == {"classes": '["a"]'}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_reaches_outside_or_lies_about_its_size_is_refused(tmp_path, data):
    with pytest.raises(ValueError):
        onnx_check.check(written(tmp_path, data))


def test_a_file_cut_off_within_its_graph_is_refused_wherever_that_is(tmp_path):
    end = GOOD.index(b"classes") - 6  # where the metadata begin: a network without them is whole
    for length in range(end):
        with pytest.raises(ValueError):
            onnx_check.check(written(tmp_path, GOOD[:length]))


def test_more_parts_than_any_network_has_are_refused_before_they_fill_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_check, "MOST_FIELDS", 100)
    with pytest.raises(ValueError, match="more parts"):
        onnx_check.check(written(tmp_path, model(graph(*[node()] * 101))))


def test_a_file_beyond_the_limit_of_protobuf_is_not_even_read(tmp_path):
    path = written(tmp_path, b"")
    os.truncate(path, onnx_check.LARGEST)  # sparse: it takes no room on the disk
    with pytest.raises(ValueError, match="larger than"):
        onnx_check.check(path)
