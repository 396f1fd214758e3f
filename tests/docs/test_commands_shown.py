"""Every command that README and the site show is one that its program accepts."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

from tests.docs import shell
from tests.docs.pages import PAGES, blocks, spans

from darkroom import cli

MAKEFILE = Path("Makefile").read_text()
TARGETS = set(re.findall(r"^(\w+):", MAKEFILE, re.M))
EXTRAS = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
OTHERS = set(
    "[ aws cat cd cp curl docker exec exit export find git mv ray rm sleep source srun tail unzip".split()
)  # not ours to check
SHOWN = [(page, words) for page in PAGES for block in blocks(page, "sh") for words in shell.commands(block)]
NAMED = [(page, span.split()) for page in PAGES for span in spans(page)]


def of(program: str, shown=SHOWN) -> list[tuple[Path, list[str]]]:
    """The words after the name of a program, wherever it is shown."""
    return [(page, words[1:]) for page, words in shown if words[0] == program and len(words) > 1]


def parsed(parser, words: list[str]) -> bool:
    try:
        parser.parse_args(words)
    except SystemExit as end:
        return end.code == 0  # of --version and the like
    return True


def flags(words: list[str]) -> set[str]:
    return {word.partition("=")[0].rstrip(",") for word in words if re.match(r"-{1,2}[a-zA-Z]", word)}


def dvc_parser():
    from dvc.cli.parser import get_main_parser  # its import takes a second

    return get_main_parser()


def test_a_block_of_shell_runs_only_programs_that_a_test_knows():
    known = {"darkroom", "dvc", "make", "mlflow", "pip", "python", "uv", *OTHERS}
    assert {(page, words[0]) for page, words in SHOWN if words[0] not in known} == set()


def test_darkroom_accepts_every_command_line_that_is_shown():
    assert len(of("darkroom")) > 30
    assert [(page, words) for page, words in of("darkroom") if not parsed(cli._parser(), words)] == []


def test_darkroom_has_every_command_and_option_that_is_named():
    for page, words in of("darkroom", NAMED):
        if words[0] != "COMMAND" and not words[0].startswith("--"):
            assert flags(words) <= shell.options(cli._parser(), words), (page, words)


def test_dvc_accepts_every_command_line_that_is_shown():
    parser = dvc_parser()
    assert len(of("dvc")) > 15
    assert [(page, words) for page, words in of("dvc") if not parsed(parser, words)] == []


def test_dvc_has_every_command_and_option_that_is_named():
    parser = dvc_parser()
    for page, words in of("dvc", NAMED):
        assert flags(words) <= shell.options(parser, words), (page, words)


def test_mlflow_has_every_command_and_option_that_is_shown():
    from click import Context
    from mlflow.cli import cli as mlflow  # its import takes seconds

    for page, words in [*of("mlflow"), *of("mlflow", NAMED)]:
        command, rest = mlflow, list(words)
        while hasattr(command, "get_command"):  # a group; `ui` is another name of `server`
            command = command.get_command(Context(command), rest.pop(0))
        assert command, (page, words)
        known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
        assert flags(rest) <= known, (page, words)


def test_every_make_target_that_is_shown_exists_and_every_target_is_shown():
    words = [word for _, words in [*of("make"), *of("make", NAMED)] for word in words]
    named = {word for word in words if re.fullmatch("[a-z]+", word)}
    assert named == TARGETS


def test_every_benchmark_and_tool_that_is_named_is_there():
    named = {words[words.index("-m") + 1] for _, words in [*SHOWN, *NAMED] if words[0] == "python" and "-m" in words}
    ours = {name for name in named if name.startswith(("benchmarks.", "tools.")) and "NAME" not in name}
    assert len(ours) >= 10 and all(find_spec(name) for name in ours)


def test_every_extra_that_is_installed_exists():
    installed = [word for program in ("pip", "uv") for _, words in of(program) for word in words]
    extras = {extra for word in installed for extra in re.findall(r"(?:^darkroom|^\.)\[([\w,]+)\]", word)}
    assert extras and extras <= set(EXTRAS)
