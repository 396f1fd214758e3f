"""The pipeline as a whole, on a tiny data set, in a temporary copy of the repository."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML
from tests.fixtures.programs import PATIENCE, running

pytestmark = pytest.mark.slow

HERE = Path.cwd()
BINARIES = ".venv/bin"  # of a repository: those of `warm_python`
PARTS = ("dvc.yaml", "presets", "pipeline", "src", "data/weights", ".dvc/config", ".dvcignore", ".gitignore")
SMALL = {  # a preset
    "dataset": {"name": "squares", "archive": "data/raw/squares.zip"},
    "validate": {"val": 0.2, "test": 0.3, "min_size": 4},
    "preprocess": {"image_size": 8},
    "model": {"blocks": 1, "convolutions": 1, "filters": 8, "dense": 0, "learning_rate": 0.01},
    "tune": {"trials": 2, "fit": {"epochs": 2, "patience": 9, "precision": "auto"}, "space": {"filters": [4, 8]}},
    "train": {"epochs": 6},
    "transfer": {"backbones": ["mobilenet"], "weights": "none", "input_size": 32, "fit": {"epochs": 1, "patience": 9}},
    "labels": {"folds": 2},
    "evaluate": {"resamples": 100},
    "compare": {"resamples": 100, "seeds": 2},
    "curve": {"fractions": [0.4, 1.0], "repeats": 2},
}
BACKBONES = "src/darkroom/transfer_learning/backbones.py"
FIRST_LAYERS = """
def first_layers(input_shape, alpha, **_):
    x = inputs = keras.Input(input_shape)
    for convolution in (
        layers.Conv2D(int(32 * alpha), 3, strides=2, use_bias=False),
        layers.DepthwiseConv2D(3, use_bias=False),
        layers.Conv2D(int(64 * alpha), 1, use_bias=False),
    ):
        x = layers.ReLU(6.0)(layers.BatchNormalization()(convolution(x)))
    return keras.Model(inputs, x)


_BACKBONES = {"""
QUICK = [  # (section, key, value)
    ("tune", "algorithm", "none"),
    ("curve", "fractions", []),
    ("labels", "method", "none"),
    ("compare", "seeds", 0),
]


def run(*words: str, cwd: Path, check: bool = True) -> str:
    """Return the output of a command in the environment of the repository."""
    process = subprocess.run(words, cwd=cwd, env=environment(cwd), capture_output=True, text=True, errors="replace")
    if check:
        assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout + process.stderr


def environment(cwd: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DVC_", "GIT_"))}
    path = f"{cwd / BINARIES}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**clean, "PATH": path, "PYTHONPATH": str(cwd / "src"), "DVC_NO_ANALYTICS": "1"}


def ran(output: str) -> list[str]:
    """Return the stages that ran, from the output of `dvc repro`."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def announced(output: str) -> list[str]:
    """Return the stages that ran, from the output of `darkroom repro` or `retrain`."""
    return re.findall(r"^stage \d+ of \d+, ([^:]+):", output, flags=re.MULTILINE)


def squares(path: Path, numbers: range) -> None:
    """Add grey images of two classes to a zip: a bright square on the left or on the right. No two are equal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "a") as archive:
        for number in numbers:
            for column, name in ((0, "left"), (8, "right")):
                pixels = np.random.default_rng([number, column]).integers(0, 60, (16, 16), dtype="uint8")
                pixels[4:12, column : column + 8] += 180
                data = BytesIO()
                Image.fromarray(pixels).save(data, "PNG")
                archive.writestr(f"{name}/{number}.png", data.getvalue())


def change(path: Path, section: str, key: str, value: object) -> None:
    yaml = YAML()
    values = yaml.load(path.read_text())
    values[section][key] = value
    yaml.dump(values, path)


def shorten_mobilenet(path: Path) -> None:
    """Leave layers like its first ones: to compile a training of all 86 takes 15 s, and there are four."""
    text = path.read_text()
    for old, new in (("Backbone(apps.MobileNet,", "Backbone(first_layers,"), ("_BACKBONES = {", FIRST_LAYERS)):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)


def link_binaries(root: Path, python: Path) -> None:
    (root / BINARIES).parent.mkdir()
    (root / BINARIES).symlink_to(python.parent)


@pytest.fixture(scope="module")
def repository(tmp_path_factory, warm_python) -> Path:
    """A small repository whose pipeline has run once, with libraries that were imported before."""
    root = tmp_path_factory.mktemp("repository")
    for part in PARTS:
        target = root / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copy)(HERE / part, target)
    link_binaries(root, warm_python)
    shorten_mobilenet(root / BACKBONES)
    YAML().dump(SMALL, root / "presets/small.yaml")
    run("darkroom", "use", "small", cwd=root)
    squares(root / "data/raw/squares.zip", range(100))
    run("git", "init", "--quiet", "--initial-branch=main", cwd=root)
    run("git", "config", "user.email", "test@example.org", cwd=root)
    run("git", "config", "user.name", "test", cwd=root)
    run("dvc", "repro", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", "commit", "--quiet", "--message", "First run", cwd=root)
    return root


def read(root: Path, name: str) -> dict:
    return json.loads((root / "reports" / name).read_text())


def test_every_stage_writes_its_outputs(repository):
    metrics = read(repository, "metrics.json")
    assert metrics.keys() == {"cnn", "mobilenet"}
    assert metrics["cnn"]["accuracy"]["value"] > 0.9  # two squares are easy to tell apart
    for score in metrics["cnn"].values():
        assert score["low"] is None or score["low"] <= score["value"] <= score["high"]
    facts = read(repository, "evaluation/details/models.json")
    assert {name: m["pretrained"] for name, m in facts.items()} == {"cnn": None, "mobilenet": False}
    assert read(repository, "registration.json")["champion"]["model"] == "cnn"
    assert (repository / "models/cnn/model.keras").exists()
    recipes = read(repository, "comparison.json")["recipes"]
    assert {name: len(values) for name, values in recipes["values"].items()} == {"cnn": 2, "mobilenet": 2}
    assert [row["trainings"] for row in read(repository, "learning_curve.json")] == [2, 1]  # no pretrained backbone


def test_no_image_is_in_two_splits(repository):
    tables = [(repository / f"data/packed/{split}/paths.csv").read_text() for split in ("train", "val", "test")]
    names = [set(table.splitlines()[1:]) for table in tables]
    assert sum(map(len, names)) == len(set.union(*names)) == 200


def test_mlflow_has_the_search_its_trials_one_run_per_model_and_the_champion(repository, monkeypatch):
    import mlflow
    from mlflow import pyfunc

    client = mlflow.MlflowClient(f"sqlite:///{repository / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("squares")
    runs = {run.info.run_name.split("-squares-")[0]: run for run in client.search_runs([experiment.experiment_id])}
    assert runs.keys() == {"search", "trial-0", "trial-1", "cnn", "mobilenet"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["trial-1"].data.tags["mlflow.parentRunId"] == runs["search"].info.run_id
    assert runs["cnn"].data.metrics.keys() >= {
        "train/loss",
        "val/accuracy",
        "test/accuracy",
        "test_interval/f1_macro_low",
    }
    # Without an interval, as for the ROC area of a perfect model, there are no ends; a short run has no system metrics
    ends = ("_low", "_high")
    values = [
        {n for n in runs[m].data.metrics if not n.endswith(ends) and not n.startswith("system/")}
        for m in ("cnn", "mobilenet")
    ]
    assert values[0] == values[1]
    assert runs["cnn"].data.metrics["test/accuracy"] == read(repository, "metrics.json")["cnn"]["accuracy"]["value"]
    champion = client.get_model_version_by_alias("squares-classifier", "champion")
    assert champion.tags["dvc.data"] == runs["cnn"].inputs.dataset_inputs[0].dataset.digest
    monkeypatch.chdir(repository)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    loaded = pyfunc.load_model("models:/squares-classifier@champion")
    assert set(loaded.predict(np.zeros((2, 8, 8, 1), "uint8"))["label"]) <= {"left", "right"}


def test_a_second_run_runs_no_stage(repository):
    assert ran(run("dvc", "repro", cwd=repository)) == []


def test_training_again_changes_no_committed_file_and_makes_no_new_version(repository):
    import mlflow

    stages = ["train", "register"]
    assert ran(run("dvc", "repro", "--force", "--single-item", *stages, cwd=repository)) == stages
    assert run("git", "status", "--porcelain", cwd=repository) == ""
    client = mlflow.MlflowClient(f"sqlite:///{repository / 'mlflow.db'}")
    assert len(client.search_model_versions("name = 'squares-classifier'")) == 1


def test_a_change_of_a_figure_never_retrains(repository):
    with (repository / "src/darkroom/plots/figures.py").open("a") as file:
        file.write("# another line\n")
    stages = set(ran(run("dvc", "repro", "--dry", cwd=repository)))
    assert stages & {"evaluate", "report"} and not stages & {"tune", "train", "transfer@mobilenet"}
    run("git", "checkout", "--quiet", "src", cwd=repository)


def test_earlier_params_restore_the_outputs_from_the_cache(repository):
    metrics = repository / "reports/metrics.json"
    change(repository / "params.yaml", "evaluate", "resamples", 120)
    assert ran(run("dvc", "repro", "--dry", "evaluate", cwd=repository)) == ["evaluate"]
    metrics.write_text("{}")
    run("dvc", "commit", "--force", "evaluate", cwd=repository)  # as if it had run with these params, and written that
    change(repository / "params.yaml", "evaluate", "resamples", 100)
    assert ran(run("dvc", "repro", "evaluate", cwd=repository)) == []
    assert read(repository, "metrics.json").keys() == {"cnn", "mobilenet"}
    run("git", "checkout", "--quiet", "dvc.lock", "reports", cwd=repository)


def test_a_mistake_in_params_ends_every_stage_with_one_line(repository):
    change(repository / "params.yaml", "train", "epochs", -1)
    output = run("python", "-m", "pipeline.compare", cwd=repository, check=False)
    assert output.count("\n") == 1 and "train.epochs" in output and "Traceback" not in output
    run("git", "checkout", "--quiet", "params.yaml", cwd=repository)


def test_predict_uses_the_champion(repository):
    squares(repository / "new.zip", range(500, 501))
    with zipfile.ZipFile(repository / "new.zip") as archive:
        archive.extractall(repository / "new")
    output = run("darkroom", "predict", "new", cwd=repository)
    labels = {line.split("\t")[0]: line.split("\t")[1] for line in output.splitlines() if line.startswith("new/")}
    assert labels == {"new/left/500.png": "left", "new/right/500.png": "right"}


def test_another_backbone_reruns_transfer_and_what_depends_on_it_and_neither_search_nor_training(repository):
    change(repository / "params.yaml", "transfer", "backbones", ["mobilenet-50"])
    stages = ran(run("dvc", "repro", "--dry", cwd=repository))
    # without the stages that read what these write
    assert stages == ["transfer@mobilenet-50", "curve", "labels", "evaluate", "repeat"]
    run("git", "checkout", "--quiet", "params.yaml", cwd=repository)


def retrain(clone: Path, meanwhile: Callable[[], None] = lambda: None, ends: int = 0) -> str:
    """Run `make retrain` in the environment of this test instead of a downloaded one, and return its output.

    `meanwhile` is called when its first stage runs; `ends` is the exit code of make.
    """
    words = ("make", "retrain", "--assume-old=.venv/ready")
    output: list[str] = []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with running(words, cwd=clone, env=environment(clone), **pipes) as process:
        for line in process.stdout:
            if line.startswith("stage ") and not announced("".join(output)):
                meanwhile()
            output.append(line)
        process.wait(PATIENCE)
    assert process.returncode == ends, "".join(output)[-3000:]
    return "".join(output)


def clone_of(origin: Path, clone: Path, python: Path) -> Path:
    run("git", "clone", "--quiet", str(origin), str(clone), cwd=origin.parent)
    link_binaries(clone, python)
    for key, value in (("user.email", "test@example.org"), ("user.name", "test")):
        run("git", "config", key, value, cwd=clone)
    return clone


def test_changed_data_are_retrained_on_and_pushed_and_unchanged_data_are_not(repository, warm_python, tmp_path):
    """Another backbone replaces the first one, too."""
    origin, remote = (tmp_path / name for name in ("origin.git", "remote"))
    shutil.copy(HERE / "Makefile", repository)
    run("dvc", "remote", "add", "--default", "store", str(remote), cwd=repository)
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--message", "A remote", cwd=repository)
    run("dvc", "push", cwd=repository)
    run("git", "clone", "--quiet", "--bare", str(repository), str(origin), cwd=tmp_path)
    clone, another = (clone_of(origin, tmp_path / name, warm_python) for name in ("clone", "another"))
    run("dvc", "pull", cwd=clone)

    def push_a_line() -> None:
        (another / "README.md").write_text("a line\n")
        run("git", "add", "README.md", cwd=another)
        run("git", "commit", "--quiet", "--message", "A line", cwd=another)
        run("git", "push", "--quiet", cwd=another)
        message = "another `darkroom retrain` works in this clone"  # and somebody else wants to retrain here
        assert message in run("darkroom", "retrain", cwd=clone, check=False)

    squares(clone / "data/raw/squares.zip", range(100, 110))
    for section, key, value in QUICK:
        change(clone / "params.yaml", section, key, value)
    change(clone / "params.yaml", "transfer", "backbones", ["mobilenet-50"])
    run("git", "commit", "--quiet", "--all", "--message", "20 images more", cwd=clone)
    stages = announced(retrain(clone, push_a_line))
    assert {"ingest", "train", "transfer mobilenet-50", "register"} <= set(stages)
    assert len(stages) == len(set(stages))
    # a folder in models/ that other clones lack would make DVC rerun every stage that reads models/
    assert {path.name for path in (clone / "models").iterdir()} == {"cnn", "mobilenet-50"}
    assert run("git", "log", "-3", "--format=%s", "main", cwd=origin).splitlines() == [
        "Retrain [skip ci]",
        "20 images more",
        "A line",
    ]
    pushed = run("git", "show", "--stat", "--format=", "main", cwd=origin)
    assert "dvc.lock" in pushed and "reports/metrics.json" in pushed and "reports/registration.json" in pushed
    validation, registration, looks = (
        json.loads(run("git", "show", f"main:reports/{name}.json", cwd=origin))
        for name in ("validation", "registration", "looks")
    )
    assert validation["images"] == 220
    assert len(looks["rounds"]) == 2  # the count goes on in a clone
    assert len(looks["images"]) == registration["n"]
    assert set(read(repository, "looks.json")["images"]) < set(looks["images"])
    assert registration["n"] == sum(splits["test"] for splits in validation["counts"].values())
    assert all(registration["scores"][role]["value"] > 0.9 for role in ("challenger", "champion"))  # on today's images

    assert "20 images added, 0 removed, 0 relabelled" in run("git", "show", "main:reports/retrain.md", cwd=origin)

    head = run("git", "rev-parse", "main", cwd=origin)
    assert announced(retrain(clone)) == []
    assert announced(retrain(another)) == []  # rebases, and knows without the data what the first clone computed
    run("dvc", "pull", cwd=another)
    assert (another / "champion/model.keras").exists()
    assert run("git", "rev-parse", "main", cwd=origin) == head
    a_person_chooses(clone)

    champion = (clone / "champion/model.keras").read_bytes()
    (clone / "data/raw/squares.zip").write_bytes(b"half an archive")
    run("git", "commit", "--quiet", "--all", "--message", "Broken data", cwd=clone)
    assert "Error 3" in retrain(clone, ends=2)
    assert run("git", "rev-parse", "main", cwd=origin) == head
    assert (clone / "champion/model.keras").read_bytes() == champion


def a_person_chooses(clone: Path) -> None:
    """Promote the challenger that the gate rejected, and roll back: DVC agrees, and the gate does not undo it."""
    registration = read(clone, "registration.json")
    rejected, champion = registration["version"], registration["champion"]
    assert rejected != champion["version"]
    run("darkroom", "promote", str(rejected), "--reason", "a try", cwd=clone)
    assert read(clone, "registration.json")["champion"]["version"] == rejected
    assert ran(run("dvc", "repro", "--dry", cwd=clone)) == ["report"]
    run("darkroom", "rollback", "--reason", "it failed", cwd=clone)
    assert ran(run("dvc", "repro", "--dry", cwd=clone)) == ["report"]
    assert ran(run("dvc", "repro", "--force", "--single-item", "register", cwd=clone)) == ["register"]
    registration = read(clone, "registration.json")
    assert registration["champion"]["digest"] == champion["digest"] and not registration["promoted"]
    assert "rolled back (it failed); only a person brings it back" in registration["reason"]
    history = list(csv.DictReader((clone / "reports/champions.csv").read_text().splitlines()))
    assert [row["by"] for row in history] == ["gate", "promoted by a person", "rolled back"]
    assert history[0]["digest"] == history[2]["digest"] == champion["digest"]
