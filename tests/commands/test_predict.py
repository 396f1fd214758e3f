"""`darkroom predict`: what it prints, logs and refuses."""

import csv
import io
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.exports import export_facts

from darkroom import cli
from darkroom.commands import predict
from darkroom.inference import classifier, inference, onnx_model, scaling
from darkroom.novelty import penultimate, reference
from darkroom.register import identity
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError, DataError, ParamsError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(capsys):
    """A function that runs the command with JSON lines and returns them, parsed."""

    def ask(*words: object) -> list[dict]:
        cli.run("predict", "--out", "jsonl", *map(str, words))
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


def grey(name: str, shade: int) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (9, 9), shade).save(name)
    return name


def with_reference(folder: Path) -> Path:
    """Give the model, whose features are the pixels, a reference of images that grow darker to the right."""
    network, _ = classifier.inference.load(folder)
    shades = np.random.default_rng(1).integers(150, 250, 200)
    images = (shades[:, None, None, None] * np.linspace(1, 0.2, 8)[:, None]).astype(np.uint8)
    images = np.broadcast_to(images, (200, 8, 8, 1)).copy()
    features = penultimate.features(penultimate.with_features(network), images)
    (folder / reference.FILE).write_bytes(reference.to_bytes(reference.fit(features[:100], features[100:])))
    sealing.seal(folder)
    return folder


def test_a_folder_a_pattern_a_missing_file_and_a_bad_one_in_many_are_each_a_line(model_folder, capsys):
    for name in ("dir/1.png", "dir/deep/2.png", "p3.png", "p4.png"):
        grey(name, 0)
    Path("bad.jpg").write_bytes(b"no image")
    words = ["predict", "dir", "p*.png", "missing.png", "bad.jpg", "--model", str(model_folder("any")), "--out", "csv"]
    with pytest.raises(DataError, match="2 of the images") as caught:
        cli.run(*words)
    assert caught.value.exit_code == 3
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    named = {row["path"]: row["error"] for row in rows}
    assert list(named) == ["dir/1.png", "dir/deep/2.png", "p3.png", "p4.png", "missing.png", "bad.jpg"]
    assert [name for name, error in named.items() if error] == ["missing.png", "bad.jpg"]
    cli.run(*words, "--skip-bad")


def test_the_images_in_a_zip_are_labelled_as_the_same_files_are(model_folder, asked):
    grey("a.png", 7)
    with zipfile.ZipFile("photos.zip", "w") as archive:
        archive.write("a.png", "pets/a.png")
        archive.writestr("pets/bad.png", b"no image")
    model_folder("cnn")
    (alone,), (packed, bad) = asked("a.png"), asked("photos.zip", "--skip-bad")
    assert packed == {**alone, "path": "photos.zip!pets/a.png"}
    assert bad["path"] == "photos.zip!pets/bad.png" and bad["error"]["what"] == "not an image"


def test_an_image_on_standard_input_is_labelled(model_folder, asked, monkeypatch):
    grey("a.png", 7)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.png").read_bytes())))
    model_folder("cnn")
    assert [row["path"] for row in asked("-")] == ["-"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(DataError, match="no image is named"):
        asked("-")


def test_a_temperature_is_applied_where_it_is_asked_for(model_folder, asked):
    model_folder("other", label=1, tilt=4.0).rename("champion")
    scaling.write_temperature(Path("champion"), 2.0)
    sealing.seal(Path("champion"))
    (plain,), (calibrated,) = asked(grey("a.png", 0)), asked("a.png", "--calibrated", "--model", "champion")
    assert plain["probabilities"]["dog"] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)
    assert calibrated["probabilities"]["dog"] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)


def test_probabilities_never_pass_for_calibrated_ones(model_folder, asked):
    model_folder("cnn")
    with pytest.raises(ArtifactError, match="no temperature is known"):
        asked(grey("a.png", 0), "--calibrated")


def test_a_doubtful_label_is_rejected_and_its_probabilities_stay(model_folder, asked):
    model_folder("cnn", tilt=1.0)  # 0.73 for the cat
    (row,) = asked(grey("a.png", 0), "--reject-below", "0.8")
    assert row["label"] == "rejected" and list(row["probabilities"]) == ["cat", "dog"]
    assert asked("a.png", "--reject-below", "0.7")[0]["label"] == "cat"


def test_an_image_unlike_the_training_images_is_unknown(model_folder, asked):
    with_reference(model_folder("cnn"))
    Image.fromarray(np.tile(np.linspace(200, 40, 8).astype(np.uint8), (8, 1))).save("like.png")
    Image.fromarray(np.tile(np.linspace(40, 200, 8).astype(np.uint8), (8, 1))).save("unlike.png")
    like, unlike = asked("like.png", "unlike.png")
    assert like["unknown"] < 0.95 < unlike["unknown"] == pytest.approx(100 / 101)
    labels = [row["label"] for row in asked("like.png", "unlike.png", "--unknown-above", "0.95")]
    assert labels == ["cat", "unknown"]


def test_a_model_without_a_reference_does_not_pretend_to_know_what_is_unknown(model_folder, asked):
    model_folder("cnn")
    with pytest.raises(ArtifactError, match="cannot say how unlike"):
        asked(grey("a.png", 0), "--unknown-above", "0.95")
    assert "unknown" not in asked("a.png")[0]


def test_a_class_called_rejected_makes_the_option_ambiguous(model_folder, asked):
    model_folder("cnn", classes=("fine", "rejected"))
    with pytest.raises(ParamsError, match="is a class of the model"):
        asked(grey("a.png", 0), "--reject-below", "0.5")
    assert asked("a.png")[0]["label"] == "fine"


def test_an_exported_model_predicts_if_its_format_is_onnx(model_folder, asked, monkeypatch):
    spec = inference.read_spec(model_folder("cnn"))
    facts = export_facts(temperature=2.0)
    files.write_json(Path("exports/cnn-onnx/export.json"), facts)
    dog = np.array([1 / (1 + np.exp(4)), 1 / (1 + np.exp(-4))], np.float32)
    monkeypatch.setattr(
        onnx_model, "load", lambda folder, threads: (lambda images: np.tile(dog, (len(images), 1)), spec)
    )
    (row,) = asked(grey("a.png", 0), "--model", "exports/cnn-onnx", "--calibrated", "--log", "log.jsonl")
    assert row["label"] == "dog" and row["probabilities"]["dog"] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert json.loads(Path("log.jsonl").read_text())["model"] == "0123456789abcdef"
    files.write_json(Path("exports/cnn-litert/export.json"), facts | {"format": "litert"})
    with pytest.raises(ArtifactError, match="format litert is for other programs"):
        asked("a.png", "--model", "exports/cnn-litert")


@pytest.mark.parametrize("value", ["-0.1", "1.5", "x"])
def test_a_probability_is_between_0_and_1(value, capsys):
    with pytest.raises(SystemExit):
        cli.run("predict", "a.png", f"--reject-below={value}")
    assert "--reject-below" in capsys.readouterr().err


def test_the_log_has_a_line_per_image_that_could_be_used(model_folder, asked, monkeypatch):
    monkeypatch.setattr(predict, "LOGGED", 2)
    folder = model_folder("cnn")
    names = [grey(f"{number}.png", 40 * number) for number in range(5)]
    Path("bad.png").write_bytes(b"no image")
    for _ in range(2):
        shown = asked(*names, "bad.png", "--skip-bad", "--log", "requests.jsonl")
    logged = [json.loads(line) for line in Path("requests.jsonl").read_text().splitlines()]
    assert len(logged) == 10 and {row["model"] for row in logged} == {identity.digest(folder)}
    for row, name, answer in zip(logged[5:], names, shown, strict=False):
        assert row["sha256"] == files.sha256(Path(name)) and row["label"] == answer["label"]
        assert row["probabilities"] == [answer["probabilities"][label] for label in ("cat", "dog")]
    assert [round(row["brightness"]) for row in logged[:5]] == [0, 40, 80, 120, 160]


def test_a_log_that_cannot_be_written_fails_before_anything_is_labelled(model_folder, capsys):
    model_folder("cnn")
    with pytest.raises(OSError):
        cli.run("predict", grey("a.png", 0), "--log", "absent/requests.jsonl")
    assert capsys.readouterr().out == ""


def test_the_limits_of_archives_are_those_of_the_project_else_the_defaults(tmp_path):
    text = (Path(__file__).parents[2] / "params.yaml").read_text()
    default = predict.archive_limits(tmp_path / "absent.yaml")
    (tmp_path / "params.yaml").write_text(text.replace("max_entries: 200000", "max_entries: 7"))
    assert predict.archive_limits(tmp_path / "params.yaml") == default.model_copy(update={"max_entries": 7})
