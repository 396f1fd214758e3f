"""A page that shows near duplicates side by side, so that a person can decide. One file, without network."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path

from darkroom import png
from darkroom.decoding import bounds, decode
from darkroom.runtime import files
from darkroom.workers import parallel
from darkroom.workers.item_pool import Loss

SHOWN = 100  # pairs; the page says how many more there are
SIDE = 96  # pixels
PAGE = """<!doctype html><meta charset="utf-8"><title>Near duplicates</title>
<style>body{{font:14px sans-serif;margin:2em}}td{{padding:.3em 1em .3em 0}}img{{display:block}}</style>
<h1>Near duplicates</h1><p>{total} pairs, {shown} shown: across classes first, then across sides.
The difference is the mean one of the grey levels, of 255.</p><table>
{rows}
</table>
"""


def write(
    path: Path, pairs: Sequence[dict], images: Path, *, max_pixels: int, max_seconds: float = bounds.SECONDS
) -> None:
    """`pairs` as `statistics.near` makes them; an image that cannot be decoded again within limits is left white."""
    shown = pairs[:SHOWN]
    names = [pair[which] for pair in shown for which in ("first", "second")]
    make, limits = partial(_image, images=images, max_pixels=max_pixels), bounds.of(max_pixels, max_seconds)
    cells = map(_cell, names, parallel.map(make, names, title="showing pairs", lost=_nothing, limits=limits))
    rows = "\n".join(_row(pair, next(cells), next(cells)) for pair in shown)
    files.write_text(path, PAGE.format(total=len(pairs), shown=len(shown), rows=rows))


def _row(pair: dict, first: str, second: str) -> str:
    return f"<tr>{first}{second}<td>{pair['difference']:g}<td>{', '.join(_notes(pair))}"


def _notes(pair: dict) -> Iterator[str]:
    if pair["labels"] > 1:
        yield "two classes"
    if pair["sides"] > 1:
        yield "two sides"


def _image(name: str, *, images: Path, max_pixels: int) -> bytes:
    """A PNG of it, nothing when it has become a bad one."""
    try:
        data = (images / name).read_bytes()
        return png.encode(decode.to_array(data, size=SIDE, color="rgb", fit="pad", max_pixels=max_pixels))
    except decode.BadImage:
        return b""


def _nothing(name: str, loss: Loss) -> bytes:
    return b""


def _cell(name: str, image: bytes) -> str:
    return f'<td><img alt="" src="data:image/png;base64,{b64encode(image).decode()}">{escape(name)}'
