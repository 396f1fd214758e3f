"""The commands in a block of shell, and what its programs take."""

import argparse
import shlex
from collections.abc import Iterator

OPERATORS = "|&;<>()"


def commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command, without comments, variables before it, redirections and substitutions."""
    for line in block.replace("\\\n", " ").splitlines():
        command: list[str] = []
        for word in [*_words(line), ";"]:
            if not set(word) <= set(OPERATORS):
                command.append(word)
            else:
                yield from _named(command)
                command = ["# a file"] if set(word) & set("<>") else []


def _words(line: str) -> list[str]:
    words = shlex.shlex(line, posix=True, punctuation_chars=OPERATORS)
    words.whitespace_split = True
    return list(words)


def _named(words: list[str]) -> Iterator[list[str]]:
    while words and "=" in words[0]:
        words = words[1:]
    if words and words[0] != "# a file":
        yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def options(parser: argparse.ArgumentParser, words: list[str]) -> set[str]:
    """Return the options of the subcommand that the first words name. Raises AssertionError where there is none."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        return set(parser._option_string_actions)
    names = [word for word in words if not word.startswith("-")]
    assert names[0] in inner[0].choices, names[0]
    return options(inner[0].choices[names[0]], names[1:] + [word for word in words if word.startswith("-")])
