"""Read delimited text (CSV and its relatives) from any program and country, without guessing.

The encoding is the one announced by a byte order mark, else UTF-8. Anything else is refused, because Windows code
pages fit any bytes and would misspell names. The delimiter is the one that turns the first line into a known header,
because counting characters fails where a label contains a comma.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence

from darkroom.runtime.errors import DataError, printable

DELIMITERS = ",;\t|"
BYTE_ORDER_MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
EXPECTED = "it has to be path,label, followed by one image per line"
SHOWN = 200  # characters of a line that an error message quotes

Header = Sequence[str]
Line = tuple[int, Sequence[str]]  # line number in the file, from 1, and fields


def unusable(name: str, why: str, fix: str) -> DataError:
    return DataError("E_TABLE", printable(f"{name} {why}"), where=name, fix=fix)


def read(name: str, data: bytes, is_known: Callable[[Header], bool]) -> tuple[Header, list[Line]]:
    """Return the header and the non-blank lines of the file, split by the one delimiter for which `is_known(header)`.

    Raises DataError (exit 3) when the file is not text, is empty or damaged, or when no single delimiter fits.
    """
    text = _text(name, data)
    headers = {delimiter: header for delimiter in DELIMITERS if (header := _header(name, text, delimiter))}
    fitting = [delimiter for delimiter, header in headers.items() if is_known(header)]
    if not headers:
        next(_lines(name, text, ","), None)  # raises if the text is damaged rather than empty
        raise unusable(name, "is empty", "fill it, or remove it from the archive")
    if len(fitting) != 1:
        raise _unknown(name, max(headers.values(), key=len))
    (_, header), *lines = _lines(name, text, fitting[0])
    long = next((number for number, fields in lines if any(fields[len(header) :])), 0)
    if long:
        what = f"has more fields in line {long} than columns in its header ({len(header)})"
        raise unusable(name, what, "put fields that contain the delimiter in double quotes")
    return header, lines


def _text(name: str, data: bytes) -> str:
    encoding = next((announced for mark, announced in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
    text = _decoded(name, data, encoding)
    if "\0" in text:
        raise _with_nul(name, text.index("\0"))
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


def _with_nul(name: str, offset: int) -> DataError:
    what = f"holds a NUL character (at {offset}); it is damaged, or UTF-16 without a byte order mark"
    return unusable(name, what, "save it as UTF-8")


def _lines(name: str, text: str, delimiter: str) -> Iterator[Line]:
    """Yield the lines that are not blank, without Excel's hint about the delimiter (`sep=;`)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for fields in reader:
            is_hint = reader.line_num == 1 and text[: len("sep=")].casefold() == "sep="
            if any(field.strip() for field in fields) and not is_hint:
                yield reader.line_num, fields
    except csv.Error as fault:
        what = f"cannot be read in line {reader.line_num}: {fault}"
        raise unusable(name, what, "correct the quotes in that line, or shorten the field") from fault


def _header(name: str, text: str, delimiter: str) -> Header:
    """Return the fields of the first line; none when there is no line, or when it cannot be split by `delimiter`."""
    try:
        return next((fields for _, fields in _lines(name, text, delimiter)), ())
    except DataError:  # a quote that makes sense with another delimiter
        return ()


def _unknown(name: str, header: Header) -> DataError:
    fields = ", ".join(repr(field.strip()) for field in header)
    fields = fields if len(fields) <= SHOWN else f"{fields[:SHOWN]}…"
    what = f"looks like a table beside the images, but its first line names no image and label ({fields}); {EXPECTED}"
    return unusable(name, what, "correct that line if the table holds the labels, else remove it from the archive")
