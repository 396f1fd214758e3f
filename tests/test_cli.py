"""cli: what a user types, and what is printed."""

import json
import os
import re
import shlex
import shutil
from importlib.metadata import version
from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from darkroom import cli
from darkroom.commands import named_files
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import DataError, ParamsError

HERE = Path.cwd()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fetch_digits_writes_the_committed_archive_byte_for_byte(elsewhere):
    cli.run("fetch", "digits")
    assert files.sha256(Path("data/raw/digits.zip")) == files.sha256(HERE / "data/raw/digits.zip")


def test_fetch_suggests_the_nearest_name(elsewhere):
    with pytest.raises(ParamsError, match="did you mean mnist"):
        cli.run("fetch", "mnits")


def test_predict_prints_path_label_and_probabilities(elsewhere, model_folder, capsys):
    Image.new("L", (9, 9)).save("a.png")
    cli.run("predict", "a.png", "--model", str(model_folder("any", label=1)))
    assert capsys.readouterr().out == "a.png\tdog\tdog 0.9820, cat 0.0180\n"


def test_predict_takes_folders_and_patterns(elsewhere, model_folder, capsys):
    (elsewhere / "pets").mkdir()
    for name in ("pets/b.png", "pets/a.png", "c1.png", "c2.png"):
        Image.new("L", (9, 9)).save(name)
    cli.run("predict", "pets", "c*.png", "--model", str(model_folder("any")))
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        "pets/a.png",
        "pets/b.png",
        "c1.png",
        "c2.png",
    ]


def test_predict_leaves_junk_and_other_files_of_a_folder_alone(elsewhere, model_folder, capsys):
    for name in ("pets/a.png", "pets/.hidden/b.png", "pets/@eaDir/a.png/SYNO.png", "pets/.ipynb_checkpoints/a.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9)).save(name)
    for name in ("Thumbs.db", "desktop.ini", "readme.txt", "._a.png", "Icon\r", "labels.csv"):
        Path("pets", name).write_bytes(b"x")
    cli.run("predict", "pets", "--model", str(model_folder("any")))
    output = capsys.readouterr()
    assert [line.split("\t")[0] for line in output.out.splitlines()] == ["pets/.hidden/b.png", "pets/a.png"]
    assert output.err == "warning: pets: left out 1 .csv, 1 .txt\n"


def test_predict_labels_a_file_as_often_as_it_is_named(elsewhere, model_folder, capsys):
    Path("pets").mkdir()
    Image.new("L", (9, 9)).save("pets/a.png")
    cli.run("predict", "pets/a.png", "pets/a.png", "pets", "./pets/*", "--model", str(model_folder("any")))
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_an_existing_file_is_not_taken_for_a_pattern(elsewhere):
    for name in ("a[1].png", "a1.png", "what?.png", "whats.png", "*.png"):
        Image.new("L", (9, 9)).save(name)
    arguments = ("a[1].png", "what?.png", "*.png", "what*")
    named = [[path.name for path in named_files.named_files([argument])] for argument in arguments]
    assert named == [["a[1].png"], ["what?.png"], ["*.png"], ["what?.png", "whats.png"]]


def test_a_folder_called_like_a_pattern_is_that_folder(elsewhere):
    for name in ("pets[1]/a.png", "pets1/b.png"):
        Path(name).parent.mkdir()
        Image.new("L", (9, 9)).save(name)
    assert named_files.named_files(["pets[1]"]) == [Path("pets[1]/a.png")]
    assert named_files.named_files(["pets*"]) == [Path("pets1/b.png"), Path("pets[1]/a.png")]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_found_in_either_form_of_unicode(elsewhere, form):
    path = Path(normalize(form, "ä/é.png"))
    path.parent.mkdir()
    path.write_bytes(b"x")
    for argument in (normalize("NFC", "ä/é.png"), normalize("NFD", "ä/é.png")):
        assert named_files.named_files([argument, str(Path(argument).absolute())]) == [path, path.absolute()]


def test_a_folder_without_images_is_an_error_and_the_other_images_are_labelled(elsewhere, model_folder, capsys):
    Path("empty").mkdir()
    Image.new("L", (9, 9)).save("a.png")
    with pytest.raises(DataError, match="1 of the images"):
        cli.run("predict", "empty", "a.png", "--model", str(model_folder("any")))
    output = capsys.readouterr()
    assert output.out.startswith("a.png\tcat") and "where: empty" in output.err


def test_the_champion_predicts_if_there_is_one_else_the_cnn(elsewhere, model_folder, capsys):
    Image.new("L", (9, 9)).save("a.png")
    model_folder("cnn", label=0)
    cli.run("predict", "a.png")
    model_folder("other", label=1).rename(elsewhere / "champion")
    cli.run("predict", "a.png")
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == ["cat", "dog"]


def test_a_bad_image_among_good_ones_is_named_and_ends_with_exit_3(elsewhere, model_folder, capsys):
    Image.new("L", (9, 9)).save("good.png")
    Path("bad.png").write_bytes(b"no image")
    words = ("predict", "bad.png", "missing.png", "good.png", "--model", str(model_folder("any")))
    with pytest.raises(DataError, match="2 of the images") as caught:
        cli.run(*words)
    assert caught.value.exit_code == 3
    output = capsys.readouterr()
    assert output.out.startswith("good.png\tcat")
    assert output.err.count("error[E_IMAGE]") == 2 and "bad.png" in output.err and "missing.png" in output.err
    cli.run(*words, "--skip-bad")


def test_predict_prints_an_object_per_image_for_scripts_errors_among_them(elsewhere, model_folder, capsys):
    Image.new("L", (9, 9)).save("good.png")
    Path("bad.png").write_bytes(b"no image")
    cli.run("predict", "bad.png", "good.png", "--model", str(model_folder("any")), "--json", "--skip-bad")
    bad, good = map(json.loads, capsys.readouterr().out.splitlines())
    assert bad["path"] == "bad.png" and bad["error"]["code"] == "E_IMAGE" and bad["error"]["fix"]
    assert good["label"] == "cat" and list(good["probabilities"]) == ["cat", "dog"]
    assert sum(good["probabilities"].values()) == pytest.approx(1, abs=1e-6)


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        cli.run("--version")
    assert end.value.code == 0 and capsys.readouterr().out == f"darkroom {version('darkroom')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_is_told_the_commands_and_their_options(shell, capsys):
    with pytest.raises(SystemExit) as end:
        cli.run("--print-completion", shell)
    script = capsys.readouterr().out
    assert end.value.code == 0 and all(word in script for word in ("predict", "relabel", "--skip-bad", "--json"))


def test_every_example_of_the_help_is_a_command():
    for line in cli.EXAMPLES.splitlines()[1:]:
        words = shlex.split(re.split(r" && |  +", line.strip())[0])[1:]
        try:
            assert cli._parser().parse_args(words).do
        except SystemExit as end:  # of --print-completion
            assert end.code == 0


def test_a_preset_is_merged_into_params(elsewhere, capsys):
    shutil.copytree(HERE / "presets", "presets")
    cli.run("use", "digits")
    assert Path("params.yaml").read_bytes() == (HERE / "params.yaml").read_bytes()
    assert "data/raw/digits.zip" in capsys.readouterr().out  # which is not here yet


def test_an_unknown_preset_changes_nothing(elsewhere):
    shutil.copytree(HERE / "presets", "presets")
    Path("params.yaml").write_text("old\n")
    with pytest.raises(ParamsError, match="no preset cats"):
        cli.run("use", "cats")
    assert Path("params.yaml").read_text() == "old\n"


def test_backbones_are_listed(capsys):
    cli.run("backbones")
    assert "mobilenet" in capsys.readouterr().out.split()


@pytest.mark.slow
def test_describe_lists_each_layer_and_adds_up(capsys):
    cli.run("describe", "cifar10_convnet", "--size", "32", "--channels", "3")
    first, *layers, last = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert first[-2:] == ["parameters", "multiply-adds"]
    assert last == ["total", "122570", str(sum(int(layer[-1]) for layer in layers))]


def test_describe_lists_the_architectures_after_an_unknown_one(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.run("describe", "lenet")
    assert caught.value.code == 2 and "lenet5" in capsys.readouterr().err


def test_repro_moves_models_that_params_no_longer_list_away_before_dvc_compares_the_folder(elsewhere, monkeypatch):
    from darkroom.commands import repro

    shutil.copy(HERE / "params.yaml", elsewhere)
    for name in ("cnn", "efficientnet_lite0", "old"):
        (elsewhere / "models" / name).mkdir(parents=True)
        sealing.seal(elsewhere / "models" / name)
    seen = []
    monkeypatch.setattr(repro, "repro", lambda: seen.extend(path.name for path in Path("models").iterdir()))
    cli.run("repro")
    assert sorted(seen) == ["cnn", "efficientnet_lite0"] and Path(".cache/models/old").is_dir()


def test_repro_does_not_wait_at_a_pipe_in_place_of_the_archive(elsewhere, monkeypatch):
    from darkroom.commands import repro

    shutil.copy(HERE / "params.yaml", elsewhere)
    (elsewhere / "data/raw").mkdir(parents=True)
    os.mkfifo(elsewhere / "data/raw/digits.zip")
    monkeypatch.setattr(repro, "repro", lambda: pytest.fail("DVC would wait"))
    with pytest.raises(DataError, match="a named pipe, no archive"):
        cli.run("repro")


def test_retrain_prints_the_outcome(elsewhere, monkeypatch, capsys):
    from darkroom.commands import retrain

    shutil.copy(HERE / "params.yaml", elsewhere)
    monkeypatch.setattr(retrain, "retrain", lambda update: f"update: {update}")
    monkeypatch.setattr(retrain, "plan", lambda update: "nothing would happen")
    for words in ([], ["--update"], ["--dry"]):
        cli.run("retrain", *words)
    assert capsys.readouterr().out == "update: False\nupdate: True\nnothing would happen\n"
