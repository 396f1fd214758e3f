"""Every command of `darkroom` with its arguments, as its own `--help` has them."""

import argparse
from collections.abc import Iterator
from functools import partial

from darkroom import cli
from tools.reference.tables import table

WIDTH = 100  # characters of a line of usage

HEAD = """# Every command

Generated from the code by `python -m tools.reference`. `darkroom COMMAND --help` prints the same.

Beside them, `darkroom --version` prints the release, and `darkroom --print-completion bash` (or `zsh`, `tcsh`) a
completion script. An error is one line; `--debug`, which every command takes, shows its traceback too.
"""


def page() -> str:
    return "\n".join([HEAD, *(_section(command.name) for command in sorted(cli.COMMANDS))])


def subparser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command."""
    (subparsers,) = (action for action in cli._parser()._actions if isinstance(action, argparse._SubParsersAction))
    return subparsers.choices[name]


def _section(name: str) -> str:
    parser = subparser(name)
    parser.formatter_class = partial(argparse.HelpFormatter, width=WIDTH)
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    rows = list(_rows(parser))
    arguments = f"\n\n{table(('argument', 'meaning'), rows)}" if rows else ""
    description = parser.description or ""
    return f"## {name}\n\n{description[0].upper()}{description[1:]}.\n\n```text\n{usage}\n```{arguments}\n"


def _rows(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:
        if not {"--help", "--debug"} & set(action.option_strings):
            yield f"`{_written(action)}`", _meaning(action)


def _written(action: argparse.Action) -> str:
    value = action.metavar or ("" if action.choices else action.dest.upper())
    if not action.option_strings:
        return str(action.metavar or action.dest)
    return ", ".join(action.option_strings) + (f" {value}".rstrip() if action.nargs != 0 else "")


def _meaning(action: argparse.Action) -> str:
    choices = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
    return f"{action.help}{choices}"
