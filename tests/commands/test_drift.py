"""`darkroom drift`: what it compares, prints and refuses, and its exit code."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.exports import export_facts

from darkroom import cli
from darkroom.decoding.decode import PackSettings
from darkroom.inference import inference, onnx_model, request_log, scaling
from darkroom.novelty import held_out, penultimate
from darkroom.packed_data import PROPERTIES
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError, DataError, DriftAlarm, ParamsError

SIZE, KNOWN, NEW = 24, 80, 30
SETTINGS = PackSettings(8, "grayscale", "stretch", 10_000)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paint(folder: str, n: int, seed: int, shade: int = 130) -> list[Path]:
    """n images of noise around a shade."""
    Path(folder).mkdir(exist_ok=True)
    rng, paths = np.random.default_rng(seed), []
    for number in range(n):
        pixels = rng.normal(shade, 30, (SIZE, SIZE)) + rng.normal(0, 10)
        paths.append(Path(folder, f"{number}.png"))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture
def model(model_folder) -> Path:
    """A model that says "dark" of every image, with held-out images of the shade 130, two in three of them right."""
    folder = model_folder("cnn")
    network, _ = inference.load(folder)
    found = [request_log.measured(path.read_bytes(), SETTINGS) for path in paint("old", KNOWN, 1)]
    looks = np.array([[one.appearance[name] for name in PROPERTIES] for one in found])
    outputs = penultimate.outputs(penultimate.with_features(network), np.stack([one.pixels for one in found]))
    made = held_out.images(looks, *outputs)
    labels = np.where(np.arange(KNOWN) % 3 > 0, made.predicted, 1 - made.predicted)
    (folder / held_out.FILE).write_bytes(held_out.to_bytes(held_out.HeldOut(*made, labels)))
    sealing.seal(folder)
    return folder


@pytest.fixture
def asked(model, capsys):
    """A function that runs the command and returns what it prints as JSON; an alarm is no error there."""

    def ask(*words: object) -> dict:
        capsys.readouterr()
        try:
            cli.run("drift", *map(str, words), "--model", str(model), "--out", "json")
        except DriftAlarm:
            pass
        return json.loads(capsys.readouterr().out)

    return ask


def logged(model: Path, folder: str, *words: str) -> str:
    cli.run("predict", folder, "--model", str(model), "--log", f"{folder}.jsonl", *words)
    return f"{folder}.jsonl"


def test_images_of_the_same_kind_end_with_0_and_the_accuracy_is_that_of_the_held_out_images(asked, model):
    paint("new", NEW, 2)
    found = asked("new")
    assert not found["drift"] and (found["images"], found["held_out"]) == (NEW, KNOWN)
    assert {test["name"] for test in found["tests"]} == {*PROPERTIES, "labels", "confidence", "features"}
    assert found["accuracy"]["before"] == pytest.approx(2 / 3, abs=0.02)
    assert found["accuracy"]["low"] < 2 / 3 < found["accuracy"]["high"]
    cli.run("drift", "new", "--model", str(model))


def test_darker_images_end_with_8_in_one_line_that_says_what_moved(model, capsys):
    paint("new", NEW, 2, shade=60)
    with pytest.raises(DriftAlarm, match="brightness") as caught:
        cli.run("drift", "new", "--model", str(model))
    assert caught.value.exit_code == 8 and "\n" not in str(caught.value)
    lines = capsys.readouterr().out.splitlines()
    (brightness,) = [line for line in lines if "brightness" in line]
    before, now = map(float, re.findall(r"([\d.,]+) \(", brightness.partition("(p ")[0]))
    assert brightness.startswith("moved") and before == pytest.approx(130, abs=10) and now == pytest.approx(60, abs=10)


def test_the_images_in_a_zip_are_compared_as_the_same_files_are(asked):
    paths = paint("new", NEW, 2)
    with zipfile.ZipFile("new.zip", "w") as archive:
        for path in paths:
            archive.write(path)
    from_folder, from_zip = asked("new"), asked("new.zip")
    assert from_folder["tests"] == from_zip["tests"]


def test_copies_count_once_and_an_unusable_image_stops_no_other(asked):
    paths = paint("new", NEW, 2)
    Path("new/copy.png").write_bytes(paths[0].read_bytes())
    Path("new/bad.png").write_bytes(b"no image")
    found = asked("new")
    assert (found["images"], found["unusable"]) == (NEW, 1)


@pytest.mark.parametrize("words", [[], ["--calibrated"]], ids=["as the network gives them", "calibrated"])
def test_a_log_is_compared_as_its_images_are_but_for_the_features(asked, model, words):
    scaling.write_temperature(model, 2.0)
    sealing.seal(model)
    paint("new", NEW, 2, shade=60)
    by_name = {test["name"]: test for test in asked("new")["tests"]}
    found = asked(logged(model, "new", *words))
    assert found["drift"] and {test["name"] for test in found["tests"]} == by_name.keys() - {"features"}
    for test in found["tests"]:
        assert test["effect"] == pytest.approx(by_name[test["name"]]["effect"], abs=1e-6)
        assert test["now"] == pytest.approx(by_name[test["name"]]["now"], abs=1e-4)


def test_an_export_to_onnx_is_compared_but_for_the_features(asked, model, monkeypatch):
    paint("new", NEW, 2, shade=60)
    by_name = {test["name"]: test for test in asked("new")["tests"]}
    files.write_json(model / "export.json", export_facts())
    sealing.seal(model)
    network, spec = inference.load(model)
    monkeypatch.setattr(onnx_model, "load", lambda folder, threads: (network.predict_on_batch, spec))
    found = asked("new")
    assert found["drift"] and found["model"] == "0123456789abcdef"
    assert {test["name"]: test["effect"] for test in found["tests"]} == pytest.approx(
        {name: test["effect"] for name, test in by_name.items() if name != "features"}
    )


def test_rows_of_other_models_and_broken_lines_are_left_out_of_a_log(asked, model):
    paint("new", NEW, 2)
    log = Path(logged(model, "new"))
    rows = log.read_text().splitlines()
    other = json.dumps({**json.loads(rows[0]), "model": "0123456789abcdef", "sha256": "0"})
    log.write_text("\n".join([*rows, other, rows[0][:50]]))
    found = asked(log)
    assert (found["images"], found["unusable"]) == (NEW, 1)


def test_a_log_is_read_without_tensorflow(model):
    paint("new", NEW, 2)
    log = logged(model, "new")
    script = (
        "import sys; from darkroom import cli\n"
        f"cli.run('drift', {log!r}, '--model', {str(model)!r})\n"
        "print({'tensorflow', 'keras', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stderr


def test_the_page_shows_the_images_that_are_farthest_away_and_loads_nothing(model):
    paint("new", 20, 2)
    paint("new/odd", 20, 3, shade=250)
    with pytest.raises(DriftAlarm):
        cli.run("drift", "new", "--model", str(model), "--report", "drift.html")
    page = Path("drift.html").read_text()
    shown = page.partition('class="gallery"')[2].split("<li>")[1:]
    assert (
        len(shown) == 24
        and all("data:image/png;base64," in item for item in shown)
        and "http" not in page.lower().replace("http-equiv", "")
    )
    assert sum("odd" in item for item in shown[:15]) >= 14


def test_a_name_from_a_stranger_is_text_in_the_page(model):
    paint("new", NEW, 2, shade=60)
    Path("new/0.png").rename("new/<script>alert(1)<!--.png")
    with pytest.raises(DriftAlarm):
        cli.run("drift", "new", "--model", str(model), "--report", "drift.html")
    assert "<script" not in Path("drift.html").read_text()


def test_too_few_images_are_exit_3(model):
    paint("new", 5, 2)
    with pytest.raises(DataError, match="5 different images") as caught:
        cli.run("drift", "new", "--model", str(model))
    assert caught.value.exit_code == 3


def test_a_model_of_an_earlier_release_is_exit_4_before_any_image_is_read(model_folder):
    with pytest.raises(ArtifactError, match="held_out.npz") as caught:
        cli.run("drift", "missing", "--model", str(model_folder("old")))
    assert caught.value.exit_code == 4


def test_logs_and_images_together_are_exit_2(model):
    paint("new", NEW, 2)
    with pytest.raises(ParamsError, match="together"):
        cli.run("drift", "new", logged(model, "new"), "--model", str(model))


@pytest.mark.parametrize("alpha", ["0", "1", "much"])
def test_an_alpha_that_is_no_level_is_refused(alpha, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.run("drift", "new", "--alpha", alpha)
