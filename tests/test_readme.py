"""The README names only what exists, and its numbers are those of reports/."""

import json
import re
import subprocess
from pathlib import Path

from benchmarks import presets
from ruamel.yaml import YAML

import darkroom
from darkroom import cli

README = Path("README.md").read_text()
DOCS = [Path("README.md"), *Path("docs").glob("*.md")]
SHELL = re.findall(r"```sh\n(.*?)```", README, re.S)
COMMANDS = [line.split("#")[0].strip() for block in SHELL for line in block.splitlines() if line.split("#")[0].strip()]
STAGES = YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"]


def report(name: str):
    """As committed with the README: whoever ran the pipeline since, on another machine, may have other digits."""
    shown = subprocess.run(["git", "show", f"HEAD:reports/{name}"], capture_output=True, text=True)
    return json.loads(shown.stdout if shown.returncode == 0 else (Path("reports") / name).read_text())


def test_every_make_target_exists():
    targets = set(re.findall(r"^(\w+):", Path("Makefile").read_text(), re.M))
    named = set(re.findall(r"`?make (\w+)", README))
    assert {"run", "test", "ui", "use", "retrain"} <= named <= targets


def test_every_darkroom_command_exists():
    helped = cli._parser().format_help()
    for path in DOCS:
        blocks = "".join(re.findall(r"```sh\n(.*?)```", path.read_text(), re.S))
        for name in re.findall(r"^darkroom (\w+)", blocks, re.M) + re.findall(r"`darkroom (\w+)", path.read_text()):
            assert re.search(rf"^\s+{name}\s", helped, re.M), (path, name)


def test_every_name_of_the_python_api_exists():
    names = re.findall(r"darkroom\.(\w+)", "".join(re.findall(r"```python\n(.*?)```", README, re.S)))
    assert len(names) >= 3 and set(names) <= set(darkroom.__all__)


def test_every_dvc_command_and_option_exists():
    from dvc.cli.parser import get_main_parser

    parser = get_main_parser()
    used = [command.split()[1:] for command in COMMANDS if command.startswith("dvc ")]
    assert len(used) >= 7
    for words in used:
        parser.parse_args(words)  # exits on a word that DVC does not know


def test_the_drawing_has_every_stage_in_the_order_of_dvc_yaml():
    (drawing,) = re.findall(r"```\n(data/raw.*?)```", README, re.S)
    positions = {name: re.search(rf"\b{name}\b", drawing).start() for name in STAGES}
    line = [name for name in STAGES if name not in ("transfer", "curve", "labels")]  # they stand below
    assert line == sorted(line, key=positions.__getitem__)


def test_every_link_and_image_is_there():
    for path in DOCS:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text()):
            assert (path.parent / target).exists(), (path, target)


def test_every_link_by_name_has_an_address_on_a_line_of_its_own():
    for page in DOCS:
        text = page.read_text()
        asked = set(re.findall(r"\]\[(\w+)\]", text))
        assert asked == set(re.findall(r"^\[(\w+)\]: \S+$", text, re.MULTILINE)), page


def test_every_darkroom_command_in_the_docs_stands_at_the_start_of_a_line_of_a_shell_block():
    """A block that was filled like prose runs its commands together."""
    for page in DOCS:
        for line in page.read_text().splitlines():
            assert not re.match(r" {4,}(darkroom|mlflow|dvc|make) ", line), (page, line)


def test_a_line_has_at_most_120_characters():
    pages = [*DOCS, Path("CHANGELOG.md")]
    assert [(page, line) for page in pages for line in page.read_text().splitlines() if len(line) > 120] == []


def test_every_param_it_names_is_in_params_yaml():
    params = YAML(typ="safe").load(Path("params.yaml").read_text())
    named = re.findall(r"-S (\w+)\.(\w+)=", README) + re.findall(r"`(transfer|dataset|train)\.(\w+)[`:]", README)
    assert named
    for section, key in named:
        assert key in params[section]


def test_the_table_of_presets_is_that_of_the_benchmark():
    assert "\n".join(presets.table(report("benchmarks/presets.json"))) in README


def test_the_default_split_is_the_one_it_names():
    validate = YAML(typ="safe").load(Path("presets/defaults.yaml").read_text())["validate"]
    assert f"{validate['val']:.0%} for validation and {validate['test']:.0%} for tests".replace("%", " %") in README


def test_the_other_names_and_numbers_are_those_of_the_reports():
    comparison = report("comparison.json")
    assert f"{comparison['confidence']:.0%}".replace("%", " %") + " confidence interval" in README
    assert f"models:/{report('registration.json')['name']}@champion" in README
