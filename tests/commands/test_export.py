"""What `darkroom export` takes by default, and what it never overwrites."""

from pathlib import Path

import pytest

from darkroom.commands import export
from darkroom.commands.chosen_model import ChosenModel
from darkroom.export.evidence import Evidence
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, ParamsError


def test_a_folder_that_is_no_export_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    source = export.Source(tmp_path / "models", None, tmp_path / "packed")
    with pytest.raises(ParamsError, match="something else"):
        export.export(source, "onnx", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_champion_is_exported_else_the_model_that_stands_for_the_run(tmp_path):
    places = champion, models, compared = tmp_path / "champion", tmp_path / "models", tmp_path / "comparison.json"
    with pytest.raises(ArtifactError, match="no model yet"):
        export.default_model(*places)
    files.write_json(compared, {"best": "mobilenet"})
    assert export.default_model(*places) == models / "mobilenet"
    champion.mkdir()
    (champion / "model.keras").touch()
    assert export.default_model(*places) == champion


def test_the_folder_says_what_was_exported():
    assert export.folder_name(Path("models/cnn"), "litert", int8=True) == "cnn-litert-int8"


def test_an_export_is_not_exported_again(tmp_path):
    with pytest.raises(ParamsError, match="is an export already"):
        export.source(ChosenModel(tmp_path, exported=True, temperature=None), tmp_path)


def test_a_saved_model_has_no_int8_form(tmp_path):
    with pytest.raises(ParamsError, match="no int8 form"):
        export.export_int8(export.Source(tmp_path, None, tmp_path), "saved_model", tmp_path / "out", 0.95)


def test_int8_needs_training_images(model_folder, tmp_path):
    source = export.Source(model_folder("cnn"), None, tmp_path / "packed")
    with pytest.raises(ArtifactError, match="needs training images"):
        export.export_int8(source, "onnx", tmp_path / "out", 0.95)


@pytest.mark.parametrize("accuracy", [0.9375, None])
def test_the_costs_of_the_model_and_of_its_export_are_shown_below_each_other(tmp_path, monkeypatch, accuracy):
    before = {"bytes": 2_000_000, "ms": 12.0, "accuracy": accuracy}
    facts = {"model": "cnn", "images": 64, "largest_difference": 1e-7, "bytes": 500_000, "ms": 0.25, "before": before}
    monkeypatch.setattr(export.exporting, "export", lambda order, seen, out: facts | {"accuracy": accuracy})
    monkeypatch.setattr(export, "_evidence", lambda source: Evidence(None, None))
    _, head, *rows = export.export(export.Source(tmp_path, None, tmp_path), "onnx", tmp_path / "cnn-onnx").splitlines()
    shown = "unknown" if accuracy is None else "0.938"
    assert head.split() == ["MB", "ms", "an", "image", "accuracy"]
    assert [row.split() for row in rows] == [
        ["cnn", "2.000", "12.000", shown], ["cnn-onnx", "0.500", "0.250", shown],
    ]  # fmt: skip
    assert len({len(row) for row in rows}) == 1
