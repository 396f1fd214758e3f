"""jpeg: a JPEG that libjpeg-turbo decodes itself has the pixels, the facts and the faults that Pillow finds."""

from io import BytesIO

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from darkroom.decoding import decode, jpeg
from darkroom.decoding.decode import PackSettings

LIMIT = 10**6
SIZES = [
    (1, 1),
    (1, 9),
    (7, 1),
    (8, 8),
    (9, 17),
    (17, 33),
    (130, 140),
    (255, 256),
    (256, 300),
    (523, 611),
    (1030, 1100),
]
BYTES = [0, 1, 0x7F, 0xD0, 0xDA, 0xFE, 0xFF]
APP = [bytes([0xFF, 0xE0 + number]) for number in range(16)]


def everything(data, size=150):
    """What the three functions return, or why they refuse it."""
    packed = PackSettings(size, "rgb", "crop", LIMIT * 2)
    try:
        facts, small, row = decode.inspect_and_pack(data, packed)
        again, same = decode.inspect(data, max_pixels=LIMIT * 2)
        assert again == facts and np.array_equal(small, same) and np.array_equal(row, decode.to_array(data, packed))
        return facts, small.shape, small.tobytes(), row.tobytes()
    except decode.BadImage as reason:
        return str(reason)


def by_pillow(data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "read", lambda _: None)
        return everything(data)


def agree(data):
    return everything(data) == by_pillow(data)


def noise(size, mode="RGB", seed=0):
    """Smooth colours under grain, so that every coefficient of a block is in use."""
    width, height = size
    generator = np.random.default_rng(seed)
    waves = np.sin(np.add.outer(np.arange(height) / 9, np.arange(width) / 7))[..., None] * [90, -60, 40] + 128
    grained = (waves + generator.normal(0, 20, (height, width, 3))).clip(0, 255).astype(np.uint8)
    return Image.fromarray(grained).convert(mode)


def saved(size=(40, 50), mode="RGB", **options):
    file = BytesIO()
    noise(size, mode).save(file, options.pop("format", "JPEG"), **options)
    return file.getvalue()


def with_segment(data, marker, body):
    return data[:2] + marker + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


def without_segment(data, marker):
    start = data.index(marker)
    return data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}, {"optimize": True}])
def test_a_plain_jpeg_is_decoded_without_pillow_to_the_same_pixels(monkeypatch, size, mode, options):
    data = saved(size, mode, **options)
    expected = by_pillow(data)
    monkeypatch.setattr(decode, "_decoded_by_pillow", lambda *_: pytest.fail("Pillow was asked"))
    assert everything(data) == expected


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("subsampling", ["444", "422", "420", "440", "411", "Gray"])
@pytest.mark.parametrize("quality", [1, 50, 90, 100])
def test_every_subsampling_and_quality_has_the_pixels_of_pillow(size, subsampling, quality):
    pixels = np.asarray(noise(size))
    pixels, space = (pixels[..., :1].copy(), "GRAY") if subsampling == "Gray" else (pixels, "RGB")
    data = simplejpeg.encode_jpeg(pixels, quality, space, subsampling)
    assert jpeg.read(data)
    assert agree(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_left_to_pillow(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved((300, 400), exif=exif)
    assert jpeg.read(data) is None
    assert agree(data)


def test_exif_without_orientation_is_plain():
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    data = saved(exif=exif)
    assert jpeg.read(data)
    assert agree(data)


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (APP[0], b"JFIF\0"),
        (APP[0], b"JFXX\0\x10"),
        (APP[1], b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='6'/>"),
        (APP[1], b"Exif\0\0MM"),
        (APP[2], b"ICC_PROFILE\0"),
        (APP[2], b"ICC_PROFILE\0\1\1" + bytes(200)),
        (APP[2], b"MPF\0garbage"),
        (APP[13], b"Photoshop 3.0\x008BIM"),
        *((APP[14], b"Adobe\0\x64\0\0\0\0" + bytes([transform])) for transform in range(3)),
        (b"\xff\xfe", b"a comment"),
        (b"\xff\xdd", b"\0"),
        (b"\xff\xdb", b"\0\1\2"),
        (b"\xff\xc4", b"\0\1\2"),
        (b"\xff\xc8", b""),
    ],
)
def test_every_segment_means_what_it_means_to_pillow(marker, body):
    for mode in ("L", "RGB", "CMYK"):
        assert agree(with_segment(saved(mode=mode), marker, body))


FRAMES = {"format": "MPO", "save_all": True, "append_images": [noise((40, 50), seed=1)]}


@pytest.mark.parametrize("config", [{"mode": "CMYK"}, {"keep_rgb": True}, FRAMES])
def test_other_kinds_of_colour_and_several_frames_are_left_to_pillow(config):
    data = saved(**config)
    assert jpeg.read(data) is None
    assert agree(data)


@pytest.mark.parametrize("names", [b"\0\1\2", b"RGB", b"\1\2\4", b"\1\1\1"])
def test_a_jpeg_without_jfif_is_of_the_colours_that_pillow_sees(names):
    data = bytearray(without_segment(saved(), APP[0]))
    assert agree(bytes(data))
    frame, scan = data.index(b"\xff\xc0") + 10, data.index(b"\xff\xda") + 5
    data[frame : frame + 9 : 3], data[scan : scan + 6 : 2] = names, names
    assert agree(bytes(data))


@pytest.mark.parametrize("code", [0xC1, 0xC3, 0xC5, 0xC9, 0xCA, 0xF7])
def test_other_methods_of_coding_are_left_to_pillow(code):
    data = saved().replace(b"\xff\xc0", bytes([0xFF, code]), 1)
    assert jpeg.read(data) is None
    assert agree(data)


@pytest.mark.parametrize("field", ["height", "width"])
@pytest.mark.parametrize("value", [0, 1, 49, 51, 900, 65_535])
def test_a_size_that_lies_is_refused_as_by_pillow(field, value):
    data = bytearray(saved())
    start = data.index(b"\xff\xc0") + (5 if field == "height" else 7)
    data[start : start + 2] = value.to_bytes(2, "big")
    assert agree(bytes(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9", bytes(9), b"\xff\xd9" + bytes(9) + b"\xff\xd9"])
def test_a_cut_is_judged_as_by_pillow_wherever_it_is(progressive, end):
    data = saved((33, 47), progressive=progressive)
    for length in range(0, len(data), 7):
        assert agree(data[:length] + end), length


def test_a_progressive_jpeg_without_its_last_scans_is_judged_as_by_pillow():
    data = saved((130, 140), progressive=True)
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 5
    assert all(agree(data[:start] + b"\xff\xd9") for start in scans)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_of_bytes_is_judged_as_by_pillow(data):
    mode, progressive = data.draw(st.sampled_from(["L", "RGB"])), data.draw(st.booleans())
    file = bytearray(saved((41, 35), mode, progressive=progressive))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(2, len(file) - 1))] = data.draw(
            st.sampled_from([0, 1, 0x7F, 0xD0, 0xDA, 0xFE, 0xFF])
        )
    assert agree(bytes(file))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.integers(1, 100),
    st.sampled_from(["444", "422", "420", "440", "411"]),
    st.integers(0, 999),
)
def test_any_size_and_quality_has_the_pixels_of_pillow(size, quality, subsampling, seed):
    assert agree(simplejpeg.encode_jpeg(np.asarray(noise(size, seed=seed)), quality, "RGB", subsampling))


@pytest.mark.parametrize("change", [b"", b"\xff", bytes(9), b"\xff\xd9"])
def test_what_stands_behind_the_end_changes_nothing(change):
    data = saved()
    assert agree(data + change)
    assert everything(data + change) == everything(data)
