"""A page that shows near duplicates next to each other, so that a person can decide. One file, usable offline."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path

from darkroom import png
from darkroom.decoding import decode
from darkroom.decoding.bounds import DecodeLimits
from darkroom.decoding.decode import DEFAULT_LEVELS, PackSettings
from darkroom.decoding.levels import Levels
from darkroom.image_store.reading import ImageStore, ShardReader, StoredFile
from darkroom.runtime import files
from darkroom.verdict import NearDuplicates
from darkroom.workers import parallel
from darkroom.workers.serving import Loss

SHOWN = 100  # pairs; the page says how many more there are
SIZE = 96  # pixels
PAGE = """<!doctype html><meta charset="utf-8"><title>Near duplicates</title>
<style>body{{font:14px sans-serif;margin:2em}}td{{padding:.3em 1em .3em 0}}img{{display:block}}</style>
<h1>Near duplicates</h1><p>{total} pairs, {shown} shown: across classes first, then across splits.
The difference is the root mean square of the grey levels', as a fraction of the contrast, once one image is moved,
turned and brightened to be like the other.</p><table>
{rows}
</table>
"""


def write(
    path: Path,
    pairs: Sequence[NearDuplicates],
    store: ImageStore,
    limits: DecodeLimits,
    levels: Levels = DEFAULT_LEVELS,
) -> None:
    """Write the page; an image that cannot be decoded again within the limits is left white."""
    shown = pairs[:SHOWN]
    names = [name for pair in shown for name in (pair["first"], pair["second"])]
    make = partial(_png, images=store.shards, settings=PackSettings(SIZE, "rgb", "pad", limits.max_pixels, levels))
    shown_files = [store.file(name) for name in names]
    pngs = parallel.map(make, shown_files, title="showing pairs", lost=_nothing, limits=limits.worker)
    cells = map(_cell, names, pngs)
    rows = "\n".join(_row(pair, next(cells), next(cells)) for pair in shown)
    files.write_text(path, PAGE.format(total=len(pairs), shown=len(shown), rows=rows))


def _row(pair: NearDuplicates, first: str, second: str) -> str:
    return f"<tr>{first}{second}<td>{pair['difference']:g}<td>{', '.join(_notes(pair))}"


def _notes(pair: NearDuplicates) -> Iterator[str]:
    if pair["labels"] > 1:
        yield "two classes"
    if pair["splits"] > 1:
        yield "two splits"
    if pair["mirrored"]:
        yield "mirrored"


def _png(file: StoredFile, *, images: ShardReader, settings: PackSettings) -> bytes:
    """A PNG of the image, empty when it has become a bad one."""
    try:
        return png.encode(decode.to_array(images.read(file), settings))
    except decode.BadImage:
        return b""


def _nothing(file: StoredFile, loss: Loss) -> bytes:
    return b""


def _cell(name: str, image: bytes) -> str:
    return f'<td><img alt="" src="data:image/png;base64,{b64encode(image).decode()}">{escape(name)}'
