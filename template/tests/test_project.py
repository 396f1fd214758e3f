"""This project can run, and its last results belong together. Tests of results skip until the first `make run`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom import params, paths
from darkroom.commands import presets
from darkroom.dataset import layout
from darkroom.image_store import reading
from darkroom.ingest import downloads, sources
from darkroom.project import current


def test_every_param_is_valid():
    assert params.load().dataset.name


@pytest.mark.parametrize("name", presets.names(paths.PRESETS))
def test_every_preset_is_valid(name):
    assert presets.load(name, paths.PRESETS).dataset.name


def test_the_pipeline_is_that_of_the_installed_darkroom():
    current.require(Path())


def test_every_stage_finds_its_code():
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    entries = [entry for stage in json.loads(done.stdout).values() for entry in stage if isinstance(entry, dict)]
    states = [item for entry in entries for item in entry.get("changed deps", {}).items()]
    assert [path for path, state in states if state == "deleted" and path.startswith(("src/", "pipeline/"))] == []


def test_the_archive_tells_the_class_of_its_images(tmp_path):
    p = params.load()
    with downloads.local(p.dataset.archive, paths.CACHE / "archive", p.ingest) as archive:
        sources.unpack(archive, tmp_path / "images", p.ingest)
    store = reading.open_store(tmp_path / "images")
    assert len({image.label for image in layout.read(store).images}) > 1


def result(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path} does not exist yet: make run")
    return path


def test_every_model_has_an_accuracy_with_its_interval():
    scores = json.loads(result(paths.METRICS).read_text())
    assert set(scores) == {"cnn", *params.load().transfer.backbones}
    for name, metrics in scores.items():
        accuracy = metrics["accuracy"]
        assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1, name


def test_the_report_names_every_model():
    page = result(paths.REPORT).read_text()
    assert [name for name in ("cnn", *params.load().transfer.backbones) if name not in page] == []
