"""Print predictions: as lines for people, CSV, one JSON array, or JSON lines."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from darkroom.inference.answers import Prediction
from darkroom.runtime import cells
from darkroom.runtime.errors import DataError, printable

Format = Literal["text", "csv", "json", "jsonl"]
Named = tuple[str, Prediction | DataError]  # the name of an image, and what the model says or why it cannot
Printer = Callable[[Iterable[Named], Sequence[str]], None]

FORMATS: tuple[Format, ...] = get_args(Format)
SHOWN = 3  # most probable classes per line


def print_rows(answers: Iterable[Named], classes: Sequence[str], form: Format) -> None:
    """Print each answer on standard output as it comes; `classes` are those of the model, in its order."""
    printers: Mapping[Format, Printer] = {"text": _text, "csv": _csv, "json": _json, "jsonl": _json_lines}
    printers[form](answers, classes)


def _text(answers: Iterable[Named], classes: Sequence[str]) -> None:
    for name, answer in answers:
        if isinstance(answer, DataError):
            print(printable(answer), file=sys.stderr)
        else:
            print(_line(name, answer), flush=True)


def _line(name: str, answer: Prediction) -> str:
    shown = list(answer.probabilities.items())[:SHOWN]
    ranked = ", ".join(f"{printable(label)} {p:.4f}" for label, p in shown)
    unknown = [] if answer.unknown is None else [f"unknown {answer.unknown:.4f}"]
    return "\t".join([printable(name), printable(answer.label), ranked, *unknown])


def _csv(answers: Iterable[Named], classes: Sequence[str]) -> None:
    columns = ["path", "label", "unknown", *(f"p_{label}" for label in classes), "error"]
    cells.write(sys.stdout, columns, (_row(*answer) for answer in answers))


def _row(name: str, answer: Prediction | DataError) -> dict[str, object]:
    if isinstance(answer, DataError):
        return {"path": name, "error": answer.what}
    probabilities = {f"p_{label}": p for label, p in answer.probabilities.items()}
    return {"path": name, "label": answer.label, "unknown": answer.unknown, **probabilities}


def _json(answers: Iterable[Named], classes: Sequence[str]) -> None:
    before = "["
    for answer in _objects(answers):
        print(before, answer, sep="\n", end="")
        before = ","
    print("[]" if before == "[" else "\n]")


def _json_lines(answers: Iterable[Named], classes: Sequence[str]) -> None:
    for answer in _objects(answers):
        print(answer, flush=True)


def _objects(answers: Iterable[Named]) -> Iterator[str]:
    for name, answer in answers:
        if isinstance(answer, DataError):
            error = {"code": answer.code, "what": answer.what, "fix": answer.fix}
            yield json.dumps({"path": name, "error": error})
        else:
            known = {} if answer.unknown is None else {"unknown": answer.unknown}
            yield json.dumps({"path": name, "label": answer.label, "probabilities": answer.probabilities, **known})
