"""A page that shows near duplicates side by side, so that a person can decide. One file, without network."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from darkroom import files
from darkroom.data import decode, png

SHOWN = 100  # pairs; the page says how many more there are
SIDE = 96  # pixels
PAGE = """<!doctype html><meta charset="utf-8"><title>Near duplicates</title>
<style>body{{font:14px sans-serif;margin:2em}}td{{padding:.3em 1em .3em 0}}img{{display:block}}</style>
<h1>Near duplicates</h1><p>{total} pairs, {shown} shown: across classes first, then across sides.
The difference is the mean one of the grey levels, of 255.</p><table>
{rows}
</table>
"""


def write(path: Path, pairs: Sequence[dict], images: Path, *, max_pixels: int) -> None:
    """`pairs` as `tally.near` makes them."""
    shown = pairs[:SHOWN]
    rows = "\n".join(_row(pair, images, max_pixels) for pair in shown)
    files.write_text(path, PAGE.format(total=len(pairs), shown=len(shown), rows=rows))


def _row(pair: dict, images: Path, max_pixels: int) -> str:
    notes = ", ".join(_notes(pair))
    cells = [_cell(images, pair[which], max_pixels) for which in ("first", "second")]
    return f"<tr>{''.join(cells)}<td>{pair['difference']:g}<td>{notes}"


def _notes(pair: dict) -> Iterator[str]:
    if pair["labels"] > 1:
        yield "two classes"
    if pair["sides"] > 1:
        yield "two sides"


def _cell(images: Path, name: str, max_pixels: int) -> str:
    data = (images / name).read_bytes()
    pixels = decode.picture(data, size=SIDE, color="rgb", fit="pad", max_pixels=max_pixels)
    shown = b64encode(png.encode(pixels)).decode()
    return f'<td><img alt="" src="data:image/png;base64,{shown}">{escape(name)}'
