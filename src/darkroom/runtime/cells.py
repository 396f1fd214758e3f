"""CSV whose cells a spreadsheet shows and never evaluates.

A spreadsheet takes a text that begins with one of `= + - @`, with a tab or with a line end for a formula, and class
names and paths are untrusted. Such a text is written with an apostrophe before it, as OWASP advises against CSV
injection; a text that begins with apostrophes and then such a character gets one more, so that every text reads back
as it was. Numbers are written as numbers. The price: other readers of the file see the apostrophe.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TextIO

STARTERS = "=+\\-@\t\r\n＝＋－＠"  # the full-width ones for East Asian spreadsheets
FORMULA = re.compile(f"'*[{STARTERS}]")
NEUTRAL = re.compile(f"'+[{STARTERS}]")


def neutral(value: object) -> object:
    """Return the cell to write for `value`."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def original(cell: str) -> str:
    """Return the text that `neutral` was given."""
    return cell[1:] if NEUTRAL.match(cell) else cell


def write(file: TextIO, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """Write a header and the rows, neutralised, to a file that was opened with newline=""."""
    columns = list(columns)
    neutrals = ({name: neutral(value) for name, value in row.items()} for row in rows)
    write_verbatim(file, columns, neutrals, header=map(neutral, columns))


def write_verbatim(file: TextIO, columns: list[str], rows: Iterable[Mapping], header: Iterable | None = None) -> None:
    """Write a header and the rows as they are, for readers that do not remove the apostrophe."""
    # Python before 3.13 quotes a carriage return only where it is part of the line end
    writer = csv.DictWriter(_Unix(file), columns, lineterminator="\r\n")
    writer.writer.writerow(header or columns)
    writer.writerows(rows)


def read(file: TextIO) -> Iterator[dict[str, str]]:
    """Yield the rows that `write` wrote. Raises ValueError or csv.Error when a row has not one cell for each column."""
    lines = ([original(cell) for cell in line] for line in csv.reader(file, strict=True) if line)
    header = next(lines, [])
    yield from (dict(zip(header, line, strict=True)) for line in lines)


class _Unix(NamedTuple):
    """A text file that replaces the CR LF at the end of a line by LF."""

    file: TextIO

    def write(self, line: str) -> int:
        return self.file.write(f"{line[:-2]}\n")
