"""The README's drawing, tables and numbers are those of today. What holds for every page is in tests/docs/."""

import json
import re
import subprocess
from pathlib import Path

from benchmarks import presets
from ruamel.yaml import YAML

import darkroom

README = Path("README.md").read_text()
STAGES = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]


def report(name: str):
    """As committed with the README: whoever ran the pipeline since, on another machine, may have other digits."""
    shown = subprocess.run(["git", "show", f"HEAD:reports/{name}"], capture_output=True, text=True)
    return json.loads(shown.stdout if shown.returncode == 0 else (Path("reports") / name).read_text())


def test_every_make_target_exists():
    targets = set(re.findall(r"^(\w+):", Path("Makefile").read_text(), re.M))
    named = set(re.findall(r"`?make (\w+)", README))
    assert {"run", "test", "ui", "use", "retrain"} <= named <= targets


def test_every_name_of_the_python_api_exists():
    names = re.findall(r"darkroom\.(\w+)", "".join(re.findall(r"```python\n(.*?)```", README, re.S)))
    assert len(names) >= 3 and set(names) <= set(darkroom.__all__)


def test_the_drawing_has_every_stage_in_the_order_of_dvc_yaml():
    (drawing,) = re.findall(r"```\n(data/raw.*?)```", README, re.S)
    positions = {name: re.search(rf"\b{name}\b", drawing).start() for name in STAGES}
    line = [name for name in STAGES if name not in ("transfer", "curve", "labels")]  # they stand below
    assert line == sorted(line, key=positions.__getitem__)


def test_the_table_of_presets_is_that_of_the_benchmark():
    assert "\n".join(presets.table(report("benchmarks/presets.json"))) in README


def test_the_default_split_is_the_one_it_names():
    validate = YAML(typ="safe").load(Path("presets/defaults.yaml").read_text())["validate"]
    assert f"{validate['val']:.0%} for validation and {validate['test']:.0%} for tests".replace("%", " %") in README


def test_the_other_names_and_numbers_are_those_of_the_reports():
    comparison = report("comparison.json")
    assert f"{comparison['confidence']:.0%}".replace("%", " %") + " confidence interval" in README
    assert f"models:/{report('registration.json')['name']}@champion" in README
