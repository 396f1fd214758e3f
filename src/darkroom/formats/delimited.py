"""Read text in columns, as the programs of many people and countries write it, without guessing.

The encoding is the one that the file announces by a byte order mark, else UTF-8: what is neither is refused, because
the code pages of Windows fit any bytes and would spell names wrong. The delimiter is the one that makes a known
header of the first line, because counting characters goes wrong where a label holds a comma.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from darkroom.runtime.errors import DataError, printable

DELIMITERS = ",;\t|"
MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
NEEDED = "it has to be path,label, and below it one label a line"
SHOWN = 200  # characters of a line that a sentence quotes

Header = Sequence[str]
Line = tuple[int, Sequence[str]]  # its number in the file, from 1, and its fields


def unusable(name: str, why: str, fix: str) -> DataError:
    return DataError("E_TABLE", printable(f"{name} {why}"), where=name, fix=fix)


def read(path: Path, is_known: Callable[[Header], bool]) -> tuple[Header, list[Line]]:
    """The header and the lines of the file `path` that hold anything, cut by the delimiter that makes the header known.

    Raises DataError (exit 3) when the file is not text, is empty or damaged, or when no delimiter does.
    """
    text = _text(path)
    headers = {delimiter: header for delimiter in DELIMITERS if (header := _header(path.name, text, delimiter))}
    fitting = [delimiter for delimiter, header in headers.items() if is_known(header)]
    if not headers:
        next(_lines(path.name, text, ","), None)  # raises, if there is something that cannot be read
        raise unusable(path.name, "is empty", "fill it, or take it out of the archive")
    if len(fitting) != 1:
        raise _unknown(path.name, max(headers.values(), key=len))
    header, *lines = _lines(path.name, text, fitting[0])
    long = next((number for number, fields in lines if any(fields[len(header[1]) :])), 0)
    if long:
        what = f"has more fields in line {long} than columns in its header ({len(header[1])})"
        raise unusable(path.name, what, "put fields that hold the delimiter in double quotes")
    return header[1], lines


def _text(path: Path) -> str:
    data = path.read_bytes()
    encoding = next((known for mark, known in MARKS.items() if data.startswith(mark)), "utf-8")
    text = _decoded(path.name, data, encoding)
    if "\0" in text:
        raise _with_nul(path.name, text.index("\0"))
    return text


def _decoded(name: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        if encoding == "utf-8" and b"\0" in data:
            raise _with_nul(name, data.index(b"\0")) from fault
        hint = ", perhaps cp1252 or another code page" if encoding == "utf-8" else ""
        what = f"is not {encoding.upper()} (byte 0x{data[fault.start]:02X} at {fault.start}){hint}"
        raise unusable(name, what, "save it as UTF-8") from fault


def _with_nul(name: str, place: int) -> DataError:
    what = f"holds a NUL character (at {place}); it is damaged, or UTF-16 without a byte order mark"
    return unusable(name, what, "save it as UTF-8")


def _lines(name: str, text: str, delimiter: str) -> Iterator[Line]:
    """The lines that are not blank. Excel's own note of the delimiter, `sep=;`, is no line of the table."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            is_note = reader.line_num == 1 and text[: len("sep=")].casefold() == "sep="
            if any(field.strip() for field in fields) and not is_note:
                yield reader.line_num, fields
    except csv.Error as fault:
        what = f"cannot be read in line {reader.line_num}: {fault}"
        raise unusable(name, what, "correct the quotes of that line, or shorten its field") from fault


def _header(name: str, text: str, delimiter: str) -> Header:
    """The first line cut by `delimiter`; empty when there is none, or when it cannot be cut so."""
    try:
        return next((fields for _, fields in _lines(name, text, delimiter)), ())
    except DataError:  # a quote that makes sense with another delimiter
        return ()


def _unknown(name: str, header: Header) -> DataError:
    said = ", ".join(repr(field.strip()) for field in header)
    said = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
    what = f"looks like a table beside the images, but its first line names no image and label ({said}); {NEEDED}"
    return unusable(name, what, "correct that line if the table holds the labels, else take it out of the archive")
