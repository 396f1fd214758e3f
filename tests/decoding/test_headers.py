"""headers: what a file says of itself, in files built by hand, and that reading it is quick whatever is in it."""

import struct
import zlib

import pytest
from PIL import Image

from darkroom.decoding import headers
from darkroom.decoding.headers import ANIMATED, Header

END = b"\0\0\0\0IEND\xaeB`\x82"


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png, *chunks):
    """`chunks` after the first one, which is 33 bytes long."""
    return png[:33] + b"".join(chunks) + png[33:]


def test_an_ordinary_image_of_each_format_has_nothing_to_say(painted, encoded):
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
        assert headers.read(encoded(painted(), kind)) == Header()
    assert headers.read(encoded(painted(), "JPEG", progressive=True)) == Header()


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_depth_of_a_png_is_that_of_its_first_chunk(depth):
    data = headers.PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 5, depth, 0, 0, 0, 0)) + END
    assert headers.read(data).bits == depth


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xF7])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_the_depth_of_a_jpeg_is_that_of_its_frame(painted, encoded, marker, bits):
    data = bytearray(encoded(painted(), "JPEG"))
    offset = data.index(b"\xff\xc0")
    data[offset + 1], data[offset + 4] = marker, bits
    assert headers.read(bytes(data)).bits == bits


@pytest.mark.parametrize("after", [bytes(16), b"\xff" * 40, bytes(range(256)) * 99, b"IEND"])
def test_what_follows_the_end_of_a_png_is_not_looked_at(png, after):
    assert headers.read(png() + after) == Header()


def test_a_png_without_its_end_is_noted_and_each_flipped_byte_of_a_whole_one_is_a_fault(png):
    data = png()
    assert headers.read(data[:-12]) == Header(note="its end is missing")
    for offset in range(8, len(data)):
        flipped = bytearray(data)
        flipped[offset] ^= 1
        assert headers.read(bytes(flipped)) != Header(), offset


def test_animation_is_noted(painted, encoded):
    frames = {"save_all": True, "append_images": [painted(2), painted(3)], "lossless": True}
    for kind in ("GIF", "WEBP", "PNG"):
        assert headers.read(encoded(painted(1), kind, **frames)).note == ANIMATED, kind
        assert headers.read(encoded(painted(1), kind, save_all=True, lossless=True)).note == "", kind


def test_a_webp_says_its_size_before_a_decoder_takes_memory_for_it():
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_383).to_bytes(3, "little") + (99_999).to_bytes(3, "little")
    assert headers.read(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body).size == (16_384, 100_000)


def scans_of(encoded, repeated, **config):
    """A JPEG whose last scan is there so many times more."""
    data = encoded(Image.new("RGB", (64, 64), "teal"), "JPEG", **config)
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * repeated + data[-2:]


def test_a_jpeg_of_very_many_scans_is_a_fault(encoded):
    first = encoded(Image.new("RGB", (64, 64), "teal"), "JPEG", progressive=True).count(b"\xff\xda")
    most = headers.SCANS - first
    assert headers.read(scans_of(encoded, most, progressive=True)) == Header()
    assert headers.read(scans_of(encoded, most + 1, progressive=True)).fault == "a JPEG of more than 100 scans"


def test_signs_of_scans_that_no_decoder_looks_at_do_not_count(painted, encoded):
    many = b"\xff\xda\0\1" * 500
    for config in ({}, {"progressive": True}):
        data = encoded(painted(), "JPEG", comment=many, **config)
        assert headers.read(data) == headers.read(data + many) == Header()
    assert headers.read(scans_of(encoded, 500)) == Header()  # all colours in one scan: the first is all that is read


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"zzZz"])
def test_a_png_of_very_many_chunks_is_a_fault(png, kind):
    data = with_chunks(png(), *[chunk(kind, b"k\0v")] * 70_000)[:-1] + b"!"  # nobody comes to the wrong sum at its end
    assert headers.read(data).fault == "a PNG of more than 65536 chunks"


@pytest.mark.parametrize("segment", [b"\xff\xfe\0\3x", b"\xff\xe5\0\3x", b"\xff\xdd\0\4\0\0", b"\xff", b"\xff\xd0"])
def test_a_jpeg_of_very_many_segments_is_a_fault(painted, encoded, segment):
    data = encoded(painted(), "JPEG")
    assert headers.read(data[:2] + segment * 70_000 + data[2:]).fault == "a JPEG of more than 65536 segments"


@pytest.mark.parametrize("part", [b"\x21\xfe\0", b"\x21\xfe\1x\0", b"\x21\xfe" + b"\1x" * 9 + b"\0"])
def test_a_gif_of_very_many_parts_is_not_read_to_its_end(painted, encoded, part):
    data = encoded(painted(), "GIF")
    assert headers.read(data[:-1] + part * 70_000 + data[13:]) == Header()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_file_that_ends_anywhere_is_no_surprise(painted, encoded, kind):
    frames = {"save_all": True, "append_images": [painted(1)]} if kind in ("GIF", "WEBP", "PNG") else {}
    data = encoded(painted(), kind, **frames)
    for length in range(len(data)):
        headers.read(data[:length])


@pytest.mark.parametrize("kind", [b"IHDR", b"acTL", b"IDAT", b"IEND"])
def test_a_chunk_without_a_body_is_no_surprise(kind):
    headers.read(headers.PNG + chunk(kind))
