"""`darkroom export --list` shows each export beside the model that it was made from."""

import pytest

from darkroom.commands import export_list
from darkroom.register import identity
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError


def write(folder, digest, **facts):
    before = {"bytes": 2_000_000, "ms": 12.0, "accuracy": 0.9375}
    given = {"model": "cnn", "digest": digest, "format": "onnx", "largest_difference": 7e-7, "images": 64}
    costs = {"bytes": 500_000, "ms": 0.25, "accuracy": 0.9375, "before": before}
    folder.mkdir(parents=True)
    files.write_json(folder / "export.json", {**given, **costs, **facts})


def listed(*places):
    return [line.split() for line in export_list.listing(*places).splitlines()[1:]]


def test_each_model_stands_once_above_its_exports(model_folder, tmp_path):
    model, exports = model_folder("cnn"), tmp_path / "exports"
    digest = identity.digest(model)
    write(exports / "cnn-onnx", digest)
    write(exports / "cnn-litert-int8", digest, accuracy=None, bytes=100_000, largest_difference=0.03)
    near, far = "7.0e-07 from the model, on 64 images".split(), "3.0e-02 from the model, on 64 images".split()
    assert listed(exports, [model]) == [
        ["cnn", "2", "12", "0.938"],
        ["cnn-litert-int8", "0.1", "0.25", "unknown", *far],
        ["cnn-onnx", "0.5", "0.25", "0.938", *near],
    ]


def test_an_export_of_a_model_that_was_replaced_is_marked(model_folder, tmp_path):
    write(tmp_path / "exports/cnn-onnx", "0123456789abcdef")
    *_, row = export_list.listing(tmp_path / "exports", [model_folder("cnn")]).splitlines()
    assert row.endswith("; of an earlier model")


def test_an_export_of_an_earlier_release_has_a_row_without_its_model(tmp_path):
    write(tmp_path / "exports/cnn-onnx", "0123456789abcdef")
    path = tmp_path / "exports/cnn-onnx/export.json"
    facts = files.read_object(path)
    files.write_json(path, {name: fact for name, fact in facts.items() if name not in ("before", "accuracy")})
    assert [row[:4] for row in listed(tmp_path / "exports", [])] == [["cnn-onnx", "0.5", "0.25", "unknown"]]


def test_without_an_export_the_command_that_makes_one_is_named(tmp_path):
    assert "`darkroom export --to onnx` makes one" in export_list.listing(tmp_path, [])


def test_a_damaged_export_is_an_error(tmp_path):
    write(tmp_path / "exports/cnn-onnx", "0123456789abcdef", format="none")
    with pytest.raises(ArtifactError, match="not what `darkroom export` writes"):
        export_list.listing(tmp_path / "exports", [])
