"""The pages in docs/reference/ and the troubleshooting page are those of the code."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tools.reference import commands, error_ids, exit_codes, pages

from darkroom import cli, params
from darkroom.runtime import errors, process

DEFAULTS = YAML(typ="safe").load(Path("presets/defaults.yaml").read_text())


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    """The pages by their file names."""
    return pages.all_pages()


def test_the_generated_pages_are_those_of_today(generated):
    """Run `python -m tools.reference` after a change of a command, a param or an error."""
    assert {path.name: path.read_text() for path in Path("docs/reference").iterdir()} == generated


def test_every_command_has_a_section_with_each_of_its_options(generated):
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", generated["commands.md"], re.M | re.S))
    assert sections.keys() == {command.name for command in cli.COMMANDS}
    for name, section in sections.items():
        assert all(
            option in section for option in commands.subparser(name)._option_string_actions if option != "--help"
        )


def test_every_param_has_a_row(generated):
    rows = set(re.findall(r"^\| `([\w.]+)` \|", generated["params.md"], re.M))
    space = {name for name in params.flat(DEFAULTS) if name.startswith("tune.space.")}  # what is searched may differ
    assert rows == params.flat(DEFAULTS).keys() - space | {"tune.space"}


def test_every_exit_code_has_a_section(generated):
    codes = {int(code) for code in re.findall(r"^## Exit code (\d+)$", generated["exit_codes.md"], re.M)}
    classes = {kind.exit_code for kind in error_ids.CLASSES.values()}
    assert codes == {0, errors.BROKEN_PIPE, *process.STOPPED} | classes


def test_every_class_of_errors_has_a_meaning():
    assert set(exit_codes.MEANINGS) == set(error_ids.CLASSES.values())


def test_every_id_of_an_error_has_one_entry_with_its_fix():
    page = Path("docs/troubleshooting.md").read_text()
    entries = re.findall(r"^### `(E_\w+)`\n\n(.*?)(?=^#|\Z)", page, re.M | re.S)
    assert sorted(name for name, _ in entries) == sorted(error_ids.exit_codes())
    assert all(text.strip() for _, text in entries)


def test_an_id_in_a_message_of_the_code_is_found_whatever_raises_it(tmp_path, monkeypatch):
    (tmp_path / "any.py").write_text('raise ServiceError("E_ONE", "x")\nyield Fault("E_TWO", "x")\nf(code="E_TWO")\n')
    monkeypatch.setattr(error_ids, "FOLDERS", (tmp_path,))
    assert error_ids.exit_codes() == {"E_ONE": {6}, "E_TWO": {3}}
