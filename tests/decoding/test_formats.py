"""Every format and every kind of its pixels: what is read, with the right values, and what is refused.

`docs/data.md` has the same table.
"""

import re
import struct
import zlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from tests.decoding import heic_files
from tests.decoding.tiff_writer import tiff, written

from darkroom.decoding import decode
from darkroom.decoding.decode import PackSettings
from darkroom.decoding.levels import Levels

SIDE = 16
GREY = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE), np.uint8)
COLOR = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
CLEAR = np.dstack([COLOR, np.where(GREY < 128, 0, 255).astype(np.uint8)])
INKS = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
DEEP = np.random.default_rng(4).integers(0, 65_536, (SIDE, SIDE), np.uint16)
DEEP_COLOR = np.random.default_rng(5).integers(0, 65_536, (SIDE, SIDE, 3), np.uint16)
DEEP_CLEAR = np.dstack([DEEP_COLOR, np.where(GREY < 128, 0, 65_535).astype(np.uint16)])
UNIT = DEEP / np.float32(65_535)
FLAT = np.full((SIDE, SIDE, 3), (200, 100, 50), np.uint8)
BITS = GREY > 127
WHITE = np.full((SIDE, SIDE, 3), 255)

READ, BY_DEPTH, BY_FULL, REFUSED = "read", "by `preprocess.depth`", "by `preprocess.depth: full`", "refused"


class Row(NamedTuple):
    format: str
    pixels: str  # as the documentation names them
    outcome: str
    make: Callable[[], bytes]
    expected: np.ndarray  # with `full`, where the depth decides; nothing for what is refused
    tolerance: int = 0  # levels of 255
    white: float = 65_535


def saved(pixels, kind, mode=None, **options):
    buffer = BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


def eight(values, white=65_535):
    """`values` on the scale of 8 bits, exact and rounded, as the full range is defined."""
    return np.rint(values.astype(np.float64) / white * 255).astype(int)


def on_white(pixels):
    return np.where(pixels[..., 3:] > 0, pixels[..., :3], WHITE)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels, kind):
    """A PNG of 16 bits a channel, by hand; its rows are stored as differences to the row above and to the left."""
    rows = pixels.astype(">u2").reshape(SIDE, -1).view(np.uint8)
    width = rows.shape[1] // SIDE
    up = rows - np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    left = rows - np.hstack([np.zeros_like(rows[:, :width]), rows[:, :-width]])
    lines = b"".join(b"\2" + up[i].tobytes() if i % 2 else b"\1" + left[i].tobytes() for i in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, kind, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pnm(kind, pixels, white=255):
    head = f"P{kind} # by hand\n{SIDE} {SIDE}\n".encode() + (b"" if kind in (1, 4) else b"%d\n" % white)
    if kind in (1, 2, 3):
        return head + " ".join(map(str, np.ravel(pixels).astype(int).tolist())).encode() + b"\n"
    return head + (np.packbits(pixels, axis=1) if kind == 4 else pixels).tobytes()


def tiled(pixels, size=16, **tags):
    """The same picture four times, in four tiles."""
    entries = {256: [2 * SIDE], 257: [2 * SIDE], 258: [8] * 3, 259: [1], 262: [2], 277: [3], 322: [size], 323: [size]}
    starts = {324: [8 + i * pixels.nbytes for i in range(4)], 325: [pixels.nbytes] * 4}
    return written(entries | starts | {int(tag[1:]): value for tag, value in tags.items()}, pixels.tobytes() * 4, "<")


def twelve_bits(values):
    """A grey TIFF whose every two pixels lie in three bytes."""
    bits = (values[..., None] >> np.arange(11, -1, -1)) & 1
    body = np.packbits(bits.reshape(SIDE, -1).astype(np.uint8), axis=1).tobytes()
    sizes = {256: [SIDE], 257: [SIDE], 258: [12], 259: [1], 262: [1], 273: [8], 277: [1], 278: [SIDE]}
    return written(sizes | {279: [len(body)]}, body, "<")


def palette():
    image = Image.fromarray(GREY % 4, "P")
    image.putpalette([9, 8, 7, 200, 100, 50, 1, 2, 3, 255, 0, 0])
    return image


PALETTE = np.array([[9, 8, 7], [200, 100, 50], [1, 2, 3], [255, 0, 0]])[GREY % 4]
BY_INKS = np.asarray(Image.fromarray(INKS, "CMYK").convert("RGB"))
TALL = Image.fromarray(np.full((SIDE, SIDE, 3), (200, 100, 50), np.uint8))
NOTHING = np.empty(0)
EXTRA_ALPHA = {"t338": [2]}


def deep(kind, name, pixels, *makes):
    expected = on_white(eight(pixels)) if pixels.shape[2:] == (4,) else eight(pixels)
    return [Row(kind, name, BY_DEPTH, make, expected) for make in makes]


ROWS = [
    Row("JPEG", "grey, RGB, CMYK", READ, partial(saved, FLAT, "JPEG", quality=95), FLAT, 4),
    Row("JPEG", "12 and 16 bits", REFUSED, lambda: bytes.fromhex("ffd8ffc0000b0c00100010010111 00ffd9"), NOTHING),
    Row("PNG", "1 to 8 bits, grey, palette, RGB, transparent", READ, partial(saved, CLEAR, "PNG"), on_white(CLEAR)),
    *deep("PNG", "16 bits, grey, RGB, transparent", DEEP, partial(png, DEEP, 0)),
    *deep("PNG", "16 bits, grey, RGB, transparent", DEEP_COLOR, partial(png, DEEP_COLOR, 2)),
    *deep("PNG", "16 bits, grey, RGB, transparent", DEEP_CLEAR, partial(png, DEEP_CLEAR, 6)),
    Row(
        *("PNG", "16 bits, grey, RGB, transparent", BY_DEPTH),
        partial(png, np.dstack([DEEP, DEEP_CLEAR[..., 3]]), 4),
        on_white(np.dstack([eight(DEEP)] * 3 + [DEEP_CLEAR[..., 3]])),
    ),
    Row("BMP", "1 to 32 bits a pixel", READ, partial(saved, COLOR, "BMP"), COLOR),
    Row("GIF", "palette, transparent", READ, partial(saved, palette(), "GIF"), PALETTE),
    Row("WebP", "RGB, transparent", READ, partial(saved, COLOR, "WEBP", lossless=True), COLOR),
    Row("TIFF", "1 bit", READ, partial(saved, Image.fromarray(BITS), "TIFF", compression="group4"), BITS * 255),
    Row("TIFF", "8 bits, grey", READ, partial(tiff, GREY), GREY),
    Row("TIFF", "8 bits, grey", READ, partial(tiff, GREY, t262=[0]), 255 - GREY),
    Row("TIFF", "8 bits, palette", READ, partial(saved, palette(), "TIFF"), PALETTE),
    *(Row("TIFF", "8 bits, RGB, transparent", READ, partial(tiff, COLOR, order=o), COLOR) for o in "<>"),
    Row("TIFF", "8 bits, RGB, transparent", READ, partial(tiff, CLEAR, **EXTRA_ALPHA), on_white(CLEAR)),
    Row("TIFF", "8 bits, CMYK", READ, partial(tiff, INKS, t262=[5]), BY_INKS),
    *(
        Row("TIFF", "LZW, deflate, PackBits", READ, partial(saved, COLOR, "TIFF", compression=name), COLOR)
        for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits")
    ),
    Row("TIFF", "JPEG within", READ, partial(saved, FLAT, "TIFF", compression="jpeg", quality=95), FLAT, 4),
    Row("TIFF", "tiled", READ, partial(tiled, FLAT), np.tile(FLAT, (2, 2, 1))),
    *deep("TIFF", "12 and 16 bits, grey", DEEP, partial(tiff, DEEP), partial(tiff, DEEP, order=">")),
    *deep("TIFF", "12 and 16 bits, grey", DEEP, partial(saved, DEEP, "TIFF", compression="tiff_lzw")),
    Row("TIFF", "12 and 16 bits, grey", BY_DEPTH, partial(twelve_bits, DEEP >> 4), eight(DEEP >> 4, 4095), white=4095),
    *deep("TIFF", "16 bits, RGB, transparent", DEEP_COLOR, *(partial(tiff, DEEP_COLOR, order=o) for o in "<>")),
    *deep("TIFF", "16 bits, RGB, transparent", DEEP_CLEAR, partial(tiff, DEEP_CLEAR, **EXTRA_ALPHA)),
    Row("TIFF", "32-bit float, grey", BY_DEPTH, partial(tiff, UNIT, t339=[3]), eight(UNIT, 1), white=1),
    Row(
        "TIFF",
        "32-bit float, grey",
        BY_DEPTH,
        partial(saved, UNIT, "TIFF", compression="tiff_lzw"),
        eight(UNIT, 1),
        white=1,
    ),
    Row("TIFF", "signed numbers", REFUSED, partial(tiff, GREY, t339=[2]), NOTHING),
    Row("TIFF", "signed numbers", REFUSED, partial(tiff, DEEP, t339=[2]), NOTHING),
    Row("TIFF", "32-bit integers, 64-bit float", REFUSED, partial(tiff, DEEP.astype(np.uint32)), NOTHING),
    Row("TIFF", "32-bit integers, 64-bit float", REFUSED, partial(tiff, UNIT.astype(float), t339=[3]), NOTHING),
    Row("TIFF", "16 bits, white is zero", REFUSED, partial(tiff, DEEP, t262=[0]), NOTHING),
    Row("TIFF", "16 bits, CMYK or planes apart", REFUSED, partial(tiff, DEEP_CLEAR, t262=[5]), NOTHING),
    Row("TIFF", "16 bits, CMYK or planes apart", REFUSED, partial(tiff, DEEP_COLOR, t284=[2]), NOTHING),
    Row("TIFF", "BigTIFF", REFUSED, lambda: b"II+\0" + bytes(60), NOTHING),
    Row("PBM", "plain and raw", READ, partial(pnm, 1, ~BITS), BITS * 255),
    Row("PBM", "plain and raw", READ, partial(pnm, 4, ~BITS), BITS * 255),
    Row("PGM, PPM", "8 bits, plain and raw", READ, partial(pnm, 2, GREY), GREY),
    Row("PGM, PPM", "8 bits, plain and raw", READ, partial(pnm, 3, COLOR), COLOR),
    Row("PGM, PPM", "8 bits, plain and raw", READ, partial(pnm, 5, GREY), GREY),
    Row("PGM, PPM", "8 bits, plain and raw", READ, partial(pnm, 6, COLOR), COLOR),
    *deep("PGM, PPM", "16 bits, raw", DEEP, partial(pnm, 5, DEEP.astype(">u2"), 65_535)),
    *deep("PGM, PPM", "16 bits, raw", DEEP_COLOR, partial(pnm, 6, DEEP_COLOR.astype(">u2"), 65_535)),
    Row(
        *("PGM, PPM", "16 bits, raw", BY_DEPTH),
        partial(pnm, 5, (DEEP % 1001).astype(">u2"), 1000),
        eight(DEEP % 1001, 1000),
        white=1000,
    ),
    Row("PGM, PPM", "16 bits, plain", REFUSED, partial(pnm, 2, DEEP, 65_535), NOTHING),
    Row("PAM, PFM", "any", REFUSED, lambda: b"P7\nWIDTH 16\n", NOTHING),
    Row("PAM, PFM", "any", REFUSED, lambda: b"Pf\n16 16\n-1.0\n" + UNIT.tobytes(), NOTHING),
    Row("AVIF", "8 bits", READ, partial(saved, FLAT, "AVIF", quality=95), FLAT, 4),
    Row("HEIC", "8 bits, with the extra `heic`", READ, lambda: heic_files.EIGHT_BITS, FLAT, 4),
    Row(
        *("HEIC", "10 and 12 bits, with the extra `heic`", BY_FULL),
        lambda: heic_files.TEN_BITS,
        eight(np.full((SIDE, SIDE), 30_000)),
        2,
    ),
    Row("JPEG 2000", "any", REFUSED, partial(saved, COLOR, "JPEG2000"), NOTHING),
    Row("DICOM", "any", REFUSED, lambda: b"\1" * 128 + b"DICM" + bytes(99), NOTHING),
]
READABLE = [row for row in ROWS if row.outcome != REFUSED]
IDS = [f"{number}-{row.format} {row.pixels}" for number, row in enumerate(ROWS)]


def read(data, size=SIDE, **levels):
    return decode.to_array(data, PackSettings(size, "rgb", "stretch", 10_000, Levels(**levels)))


def refusal(data, **levels):
    with pytest.raises(decode.BadImage) as fault:
        read(data, **levels)
    return str(fault.value)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_what_is_read_has_the_right_pixels_and_what_is_refused_says_why(row):
    if row.format == "HEIC" and not find_spec("pi_heif"):
        assert "darkroom[heic]" in refusal(row.make(), depth="full")
    elif row.outcome == REFUSED:
        assert "convert it" in refusal(row.make(), depth="full")
    else:
        expected = row.expected if row.expected.ndim == 3 else row.expected[..., None]
        made = read(row.make(), len(expected), depth="refuse" if row.outcome == READ else "full")
        assert abs(made.astype(int) - expected).max() <= row.tolerance


@pytest.mark.parametrize("row", [row for row in ROWS if row.outcome in (BY_DEPTH, BY_FULL)], ids=lambda row: row.pixels)
def test_deep_pixels_are_refused_by_default_in_one_line_that_names_the_param(row):
    assert re.search("set preprocess.depth to full or window", refusal(row.make()))


@pytest.mark.parametrize("row", [row for row in ROWS if row.outcome == BY_DEPTH], ids=lambda row: row.pixels)
def test_a_window_is_stretched_and_clipped_and_opacity_is_not(row):
    low, high = 0.25 * row.white, 0.5 * row.white
    full, made = (read(row.make(), depth=depth, window=w) for depth, w in (("full", None), ("window", (low, high))))
    steps = np.clip((full.astype(float) / 255 - 0.25) / 0.25, 0, 1) * 255
    hidden = (full == 255).all(-1, keepdims=True)  # white that shows through, and white itself
    assert abs(np.where(hidden, 255, steps) - made).max() <= 0.5 * 4 + 0.5  # half a level of `full`, stretched by 4


def test_the_documentation_has_the_same_table():
    text = Path("docs/data.md").read_text()
    table = text[text.index("| format | pixels |") :].split("\n\n")[0].splitlines()[2:]
    listed = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table]
    assert listed == list(dict.fromkeys((row.format, row.pixels, row.outcome) for row in ROWS))


@pytest.mark.parametrize("row", READABLE, ids=lambda row: f"{row.format} {row.pixels}")
def test_every_format_is_refused_by_its_header_when_it_is_too_large(row, monkeypatch):
    """Except for BMP and GIF, whose headers Pillow reads without taking memory."""
    data = row.make()
    if row.format in ("TIFF", "PBM", "PGM, PPM", "AVIF", "HEIC"):
        monkeypatch.setattr(decode.Image, "open", lambda *_, **__: pytest.fail("a decoder saw it"))
    with pytest.raises(decode.BadImage, match="is more than 100 pixels"):
        decode.to_array(data, PackSettings(8, "rgb", "stretch", 100, Levels("full")))


@pytest.mark.parametrize("row", READABLE, ids=lambda row: f"{row.format} {row.pixels}")
def test_a_cut_file_is_bad_and_never_another_error(row):
    data = row.make()
    for end in {*range(1, min(80, len(data))), *range(80, len(data), max(1, len(data) // 20))}:
        try:
            read(data[:end], depth="full")
        except decode.BadImage:
            pass


@pytest.mark.parametrize("values", [[-0.5, 1.0], [0.0, 255.0], [np.nan, 0.5], [np.inf, 0.5]])
def test_floats_outside_the_full_range_are_refused_not_clipped(values):
    pixels = np.full((SIDE, SIDE), values[0], np.float32)
    pixels[0] = values[1]
    reason = refusal(tiff(pixels, t339=[3]), depth="full")
    assert reason.endswith(("outside 0 to 1: set preprocess.depth to window", "NaN or infinite"))


def test_of_several_pages_the_first_is_used_and_that_is_noted():
    pages = [Image.fromarray(COLOR), Image.fromarray(GREY)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert np.array_equal(read(data), COLOR)
    assert decode.inspect(data, max_pixels=1000)[0]["note"] == "of several pages, its first is used"


@pytest.mark.parametrize("pixels", [COLOR, DEEP, DEEP_COLOR], ids=["8", "16 grey", "16 RGB"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_upright_once(pixels, orientation):
    pixels = pixels[:8]  # a wide one
    made, plain = (decode.to_array(tiff(pixels, t274=[turn]), PackSettings(16, "rgb", "nearest", 999, Levels("full")))
                   for turn in (orientation, 1))  # fmt: skip
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}[orientation]  # Image.Transpose values
    facts, _ = decode.inspect(tiff(pixels, t274=[orientation]), max_pixels=999, levels=Levels("full"))
    assert (facts["width"], facts["height"]) == ((16, 8) if orientation < 5 else (8, 16))
    expected = Image.fromarray(plain) if undo is None else Image.fromarray(plain).transpose(undo)
    assert np.array_equal(made, np.asarray(expected))


def test_a_tiff_with_giant_tiles_is_refused_unseen():
    assert "tiles of more than" in refusal(tiled(FLAT, t322=[65_536], t323=[65_536]))


@pytest.mark.parametrize("kind", ["CR2", "NEF", "DNG"])
def test_a_camera_s_raw_file_is_no_tiff(kind):
    starts = {"CR2": b"II*\0\x10\0\0\0CR\2\0", "NEF": b"MM\0*\0\0\0\x08" + bytes(99) + b"NIKON CORPORATION\0"}
    data = starts.get(kind, b"II*\0\x08\0\0\0\x01\0\x12\xc6\1\0\4\0\0\0\1\4\0\0")
    assert refusal(data) == f"format {kind} is not allowed, convert it to JPEG or PNG"
