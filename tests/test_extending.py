"""docs/extending.md: the diffs of each section fit the code, and what they add is there.

Each test applies the diffs of one section to a copy of the repository and runs the copy.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path.cwd()
PAGE = Path("docs/extending.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
PLACES = {"network": 4, "backbone": 1, "check": 2, "metric": 3, "figure": 3, "parameter": 3, "stage": 7}
FILES = {**PLACES, "parameter": 4}  # the default is in presets/defaults.yaml and in params.yaml
WORDS = {1: "One place", 2: "Two places", 3: "Three places", 4: "Four places", 7: "Seven places"}
PYTEST = "import pytest; assert pytest.main(['-p', 'no:cacheprovider', '-W', 'default', '--basetemp=tmp', *{}]) == 0\n"


def diffs(name: str) -> str:
    return "".join(text for _, text in re.findall(r"^(```+)diff\n(.*?)^\1$", SECTIONS[f"A {name}"], re.M | re.S))


def touched(name: str) -> set[str]:
    return set(re.findall(r"^\+\+\+ b/(.*)", diffs(name), re.M))


@pytest.fixture
def extended(tmp_path, warm_python, monkeypatch):
    """A function that returns a copy of the repository with the diffs of one section applied.

    What is run in the copy, `dvc` too, finds its libraries imported.
    """
    monkeypatch.setattr(sys, "executable", str(warm_python))

    def make(name: str) -> Path:
        tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
        for file in filter(os.path.exists, tracked):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / file, tmp_path / file)
        run(tmp_path, "git", "init", "--quiet")
        run(tmp_path, "git", "apply", "-", text=diffs(name))
        run(tmp_path, "git", "add", "--all", "--force")  # tests ask for the tracked files
        return tmp_path

    return make


def run(root: Path, *words: str, text: str = "", code: int = 0) -> str:
    """Return the output of a command that ends with exit code `code`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DVC_", "MLFLOW_"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**clean, "PATH": path, "PYTHONPATH": str(root / "src"), "DVC_NO_ANALYTICS": "1"}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # their import takes longer than some tests
    done = subprocess.run(words, cwd=root, env=env, input=text, capture_output=True, text=True)
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def python(root: Path, text: str, *tests: str) -> str:
    """Run code in the copy, after `tests` of the copy in the same process, and return its output."""
    return run(root, sys.executable, "-c", (PYTEST.format(list(tests)) if tests else "") + text)


def test_every_section_has_a_test():
    assert set(SECTIONS) == {f"A {name}" for name in PLACES}


@pytest.mark.parametrize("name", PLACES)
def test_an_addition_touches_as_many_places_as_the_page_says(name):
    assert len(touched(name)) == FILES[name]
    assert SECTIONS[f"A {name}"].startswith(f"\n**{WORDS[PLACES[name]]}")
    assert f"| [a {name}](#a-{name}) | {PLACES[name]} |" in PAGE


@pytest.mark.parametrize("name", PLACES)
def test_the_diffs_of_a_section_fit_the_code(extended, name):
    root = extended(name)
    assert all((root / file).is_file() for file in touched(name))


@pytest.mark.slow
def test_a_new_network_is_described_and_has_its_number_of_parameters(extended):
    output = python(
        extended("network"),
        "from darkroom import cli; cli.run('describe', 'tiny_cnn', '--size', '28', '--channels', '1')",
        "tests/networks/test_architectures.py",
        "-k",
        "tiny_cnn or published_count",
    )
    assert re.search(r"^total +1418 ", output, re.M)


@pytest.mark.slow
def test_a_new_backbone_is_listed_and_scaled_as_keras_says(extended):
    output = python(
        extended("backbone"),
        "from darkroom import cli; cli.run('backbones')",
        "tests/transfer_learning/test_backbones.py",
        "-k",
        "keras_says and resnet152",
    )
    assert "resnet152" in output.splitlines()


@pytest.mark.slow
def test_a_new_check_passes_on_good_data_and_warns_about_bad_data(extended):
    text = """
from pathlib import Path
from tests.fixtures.defaults import DEFAULTS, changed
from tests.validate.test_checks import row
from darkroom.dataset.layout import Layout
from darkroom.dataset.listing import Listing
from darkroom.validate import checks

def judged(test_images):
    counts = {"train": 9, "val": 2, "test": test_images}
    rows = [row(f"{split}{i}", label, split) for label in "ab" for split in counts for i in range(counts[split])]
    verdict = checks.check(Listing(rows, [], set(), [], [], False), Layout((), (), ()), DEFAULTS.validate, Path("docs"))
    return [each["observed"] for each in verdict["expectations"] if each["code"] == "W_FEW_TEST_IMAGES"]

print(judged(2), judged(1))
"""
    output = python(extended("check"), text, "tests/validate/test_expectations.py")
    assert output.splitlines()[-1] == "['2'] ['not in 2 cases: class a has 1; class b has 1']"


@pytest.mark.slow
def test_a_new_metric_is_scored_with_an_interval_and_is_that_of_scikit_learn(extended):
    text = """
import json
import numpy as np
from sklearn.metrics import cohen_kappa_score
from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import from_probabilities

rng = np.random.default_rng(1)
labels, probabilities = rng.integers(0, 3, 90), rng.dirichlet(np.ones(3), 90)
score = metrics.scores(from_probabilities(labels, probabilities), Bootstrap(200, 0.95, 1)).overall["kappa"]
print(json.dumps([score, cohen_kappa_score(labels, probabilities.argmax(1))]))
"""
    output = python(extended("metric"), text, "tests/metrics/test_metric_table.py")
    score, wanted = json.loads(output.splitlines()[-1])
    assert score["value"] == pytest.approx(wanted, abs=1e-12) and score["low"] < wanted < score["high"]


@pytest.mark.slow
def test_a_new_figure_is_drawn_and_shown_on_the_page(extended):
    text = """
from tests.report.example import usual

_, after = usual().split('aria-label="Confidence of the errors"')
figure, _ = after.split("</figure>", 1)
print([part.split(" errors by")[0] for part in figure.split('aria-label="')[1:]])
"""
    tests = ("tests/report/test_page_sections.py::test_every_figure_is_shown_by_a_template",
             "tests/report/test_page.py::test_every_number_comes_from_the_files[6]")  # fmt: skip
    assert python(extended("figure"), text, *tests).splitlines()[-1] == "['3', '3']"


@pytest.mark.slow
def test_a_new_parameter_is_loaded_and_read_and_a_wrong_value_is_exit_2(extended):
    root = extended("parameter")
    text = "from darkroom import params; print(params.load().validate.max_aspect)"
    tests = ("tests/test_leaves.py", "tests/test_architecture.py", "tests/test_presets.py")
    assert python(root, text, *tests).splitlines()[-1] == "20.0"
    params = root / "params.yaml"
    params.write_text(params.read_text().replace("max_aspect: 20 ", "max_aspect: 0 "))
    output = run(root, sys.executable, "-m", "pipeline.validate", code=2)
    assert "validate.max_aspect: expected greater than or equal to 1, got 0" in output


@pytest.mark.slow
def test_a_new_stage_is_listed_runs_and_is_locked(extended):
    root = extended("stage")
    assert re.search("^badge +Write a badge", run(root, "dvc", "stage", "list"), re.M)
    run(root, "dvc", "repro", "--single-item", "badge")
    champion = json.loads(Path("reports/registration.json").read_text())["champion"]
    badge = json.loads((root / "reports/badge.json").read_text())
    assert (badge["label"], badge["message"]) == ("digits", f"{champion['value']:.3f}")
    drawing = "tests/test_readme.py::test_the_drawing_has_every_stage_in_the_order_of_dvc_yaml"
    text = "from tests.test_reruns import promised; print(promised()['badge.py'])"
    output = python(root, text, "tests/test_architecture.py", "tests/test_leaves.py", drawing)
    assert output.splitlines()[-1] == "{'badge'}"
