"""The notebook is committed without outputs, names the course's steps, and runs from top to bottom."""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NOTEBOOK = Path("notebooks/cats_and_dogs.ipynb")
CELLS = json.loads(NOTEBOOK.read_text())["cells"]
CLASSES = "cats", "dogs"
COUNTS = {"training_set": 40, "test_set": 12}  # of each class
SHORTEN = """
from pathlib import Path
from ruamel.yaml import YAML

yaml, path = YAML(), Path("params.yaml")
params = yaml.load(path)
params["tune"]["fit"]["epochs"] = params["train"]["epochs"] = 2
params["transfer"]["backbones"] = []
params["labels"]["folds"] = 2
params["evaluate"]["resamples"] = params["compare"]["resamples"] = 100
yaml.dump(params, path)
"""


def photo(random: np.random.Generator, label: int) -> bytes:
    """A JPEG of noise: a cat is reddish, a dog greenish, so that a network has something to learn."""
    noise = random.integers(0, 256, (20, 20, 3))
    noise[..., 1 - label] //= 4
    file = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).resize((80, 80)).save(file, "JPEG")
    return file.getvalue()


def write_course_archive(path: Path) -> None:
    """Write an archive that is laid out as that of the course."""
    random = np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as archive:
        for label, name in enumerate(CLASSES):
            for split, count in COUNTS.items():
                for number in range(count):
                    archive.writestr(f"dataset/{split}/{name}/{number}.jpg", photo(random, label))
            archive.writestr(f"dataset/single_prediction/cat_or_dog_{label + 1}.jpg", photo(random, label))


def test_no_outputs_are_committed():
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert code and not any(cell["outputs"] or cell["execution_count"] for cell in code)


def test_a_cell_of_shell_stops_the_notebook_when_a_command_fails():
    magics = ["".join(cell["source"]).splitlines()[0] for cell in CELLS if "%%bash" in "".join(cell["source"])]
    assert magics.count("%%bash -e") == len(magics) - 1  # but for the one that looks for a GPU


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(tmp_path, monkeypatch, warm_python):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    write_course_archive(tmp_path / "CNN_dog_cat_dataset.zip")
    monkeypatch.setenv("PATH", f"{warm_python.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.read(NOTEBOOK, 4)
    (chosen,) = [i for i, cell in enumerate(notebook.cells) if "\ndarkroom use" in cell.source]
    notebook.cells.insert(chosen + 1, nbformat.v4.new_code_cell(SHORTEN))
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=1200, kernel_name="python3", resources=place).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = [kind for output in shown for kind in output.get("data", {})]
    assert kinds.count("image/png") == 4  # images, curves and two predictions
    assert kinds.count("image/svg+xml") == 1  # the confusion matrix
    assert "<iframe srcdoc=" in shown[-1]["data"]["text/html"]
    assert (tmp_path / "pets/champion/model.keras").exists()
