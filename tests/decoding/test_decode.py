"""decode: bytes to pixels, and a reason for everything else (rows I01 to I19)."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from darkroom.decoding import decode
from darkroom.decoding.decode import PackSettings
from darkroom.decoding.upright import FILTER

LIMIT = 10_000


def pixels(data, size=8, color="rgb", fit="stretch", max_pixels=LIMIT):
    return decode.to_array(data, PackSettings(size, color, fit, max_pixels))


def seen(data, max_pixels=LIMIT):
    return decode.inspect(data, max_pixels=max_pixels)[0]


def reason(data, max_pixels=LIMIT):
    """Why both functions refuse it; they must agree."""
    with pytest.raises(decode.BadImage) as first:
        pixels(data, max_pixels=max_pixels)
    with pytest.raises(decode.BadImage) as second:
        decode.inspect(data, max_pixels=max_pixels)
    assert str(first.value) == str(second.value)
    return str(first.value)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad", "nearest"])
@pytest.mark.parametrize(("color", "channels"), [("rgb", 3), ("grayscale", 1), ("binary", 1)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_becomes_the_requested_shape(painted, encoded, fit, color, channels, mode):
    made = pixels(encoded(painted().convert(mode)), color=color, fit=fit)
    assert (made.shape, made.dtype) == ((8, 8, channels), np.uint8)


def test_an_image_of_the_requested_size_keeps_its_pixels(painted, encoded):
    image = painted(width=8, height=8)
    assert np.array_equal(pixels(encoded(image)), np.asarray(image))


@pytest.mark.parametrize(
    ("fit", "row"),
    [("stretch", [255] * 8), ("crop", [255] * 8), ("pad", [0, 0, 255, 255, 255, 255, 0, 0])],
)
def test_what_each_fit_does_to_a_tall_white_image(encoded, fit, row):
    tall = encoded(Image.new("RGB", (8, 16), "white"))
    assert pixels(tall, fit=fit)[4, :, 0].tolist() == row


def test_nearest_takes_single_pixels_where_stretch_weighs_all(encoded):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    shrunk = {fit: pixels(encoded(Image.fromarray(noise)), fit=fit) for fit in ("nearest", "stretch")}
    assert np.array_equal(shrunk["nearest"], noise[1::2, 1::2])  # the middle of two pixels belongs to the second
    assert shrunk["stretch"].std() < noise.std() / 1.5  # a mean of four or more has half the deviation


def test_binary_is_white_from_middle_grey_on(encoded):
    ramp = encoded(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) + 96))
    assert np.array_equal(pixels(ramp, color="binary")[..., 0] == 255, pixels(ramp, color="grayscale")[..., 0] >= 128)
    assert set(np.unique(pixels(ramp, color="binary"))) == {0, 255}


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("times", [2, 3, 7])
def test_shrinking_by_a_whole_number_is_the_mean_of_each_block(encoded, fit, times):
    """To one level, as Pillow rounds after each of its steps."""
    noise = np.random.default_rng(0).integers(0, 256, (8 * times, 8 * times, 3), dtype=np.uint8)
    means = noise.reshape(8, times, 8, times, 3).mean((1, 3))
    assert abs(pixels(encoded(Image.fromarray(noise)), fit=fit) - means).max() <= 1


def test_crop_keeps_the_middle(encoded):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    assert (pixels(encoded(Image.fromarray(wide)), fit="crop") == 200).all()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "GIF", "WEBP"])
def test_allowed_formats_are_recognised_by_content(painted, encoded, format):
    assert seen(encoded(painted(), format))["format"] == format


def test_a_phone_image_of_two_frames_is_a_jpeg(painted, encoded):
    data = encoded(painted(1), "MPO", save_all=True, append_images=[painted(2)])
    assert seen(data)["format"] == "MPO"
    assert np.array_equal(pixels(data), pixels(encoded(painted(1), "JPEG")))


def test_an_empty_file_is_bad():
    assert reason(b"") == "empty file"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("fraction", [0.3, 0.7, 0.95])
def test_a_truncated_image_is_bad(painted, encoded, format, fraction):
    data = encoded(painted(width=60, height=60), format)
    assert reason(data[: int(len(data) * fraction)]).startswith(("truncated", "damaged"))


def test_a_png_with_a_flipped_byte_is_bad(png):
    data = bytearray(png())
    data[data.index(b"IDAT") + 20] ^= 255
    assert reason(bytes(data)).startswith("damaged")


def test_a_png_without_its_last_chunk_is_good_and_noted(png):
    assert np.array_equal(pixels(png()[:-12]), pixels(png()))
    assert seen(png()[:-12])["note"] == "its end is missing"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<!doctype html><title>404</title>", "not an image (looks like HTML)"),
        (b'{"error": "gone"}', "not an image (looks like JSON)"),
        (b"<svg xmlns='x'></svg>", "format SVG is not allowed, convert it to JPEG or PNG"),
        (b"%PDF-1.7", "not an image (looks like PDF)"),
        (b"PK\3\4....", "not an image (looks like zip)"),
        (b"P7\nWIDTH 2\n", "format PAM is not allowed, convert it to JPEG or PNG"),
        (
            b"\xff\x4f\xff\x51",
            "format JPEG 2000 is not allowed, convert it to JPEG or PNG: magick FILE.jp2 FILE.png",
        ),
        (
            bytes([1] * 128) + b"DICM\2\0",
            "format DICOM is not allowed, convert it to JPEG or PNG: dcmj2pnm +on +Wi 1 FILE.dcm FILE.png "
            "(DCMTK; +Wi 1 is the window that the file names)",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "a Git LFS pointer in place of an image, run `git lfs pull` where it came from",
        ),
        (bytes(900), "not an image (looks like zero bytes)"),
        (b"hello, this is text", "not an image"),
    ],
)
def test_what_is_no_image_is_named(data, message):
    assert reason(data) == message


@pytest.mark.parametrize("format", ["ICO", "EPS"])
def test_a_format_outside_the_list_is_never_parsed(painted, encoded, format):
    assert reason(encoded(painted(width=16, height=16), format)).startswith(f"format {format} is not allowed")


GREY, RGB, TABLE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG's kinds of colour
CHANNELS = {GREY: 1, RGB: 3, TABLE: 1, GREY_ALPHA: 2, RGBA: 4}


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flat_png(kind, depth, pixel, *extra):
    """A PNG of 8 x 8 pixels that are all `pixel`, by hand: Pillow writes few of PNG's kinds."""
    bits = "".join(f"{value:0{depth}b}" for value in pixel) * 8
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, depth, kind, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *extra, chunk(b"IDAT", zlib.compress(row * 8)), chunk(b"IEND")])


COLORS = chunk(b"PLTE", bytes([0, 0, 0, 200, 100, 50]))


@pytest.mark.parametrize(
    ("kind", "depth", "pixel", "extra", "seen"),
    [
        (GREY, 1, [1], [], (255, 255, 255)),
        (GREY, 2, [1], [], (85, 85, 85)),
        (GREY, 4, [5], [], (85, 85, 85)),
        (GREY, 8, [77], [], (77, 77, 77)),
        (RGB, 8, [1, 2, 3], [], (1, 2, 3)),
        *((TABLE, depth, [1], [COLORS], (200, 100, 50)) for depth in (1, 2, 4, 8)),
        *((TABLE, depth, [1], [COLORS, chunk(b"tRNS", bytes([255, 0]))], (255, 255, 255)) for depth in (1, 2, 4, 8)),
        (GREY_ALPHA, 8, [0, 0], [], (255, 255, 255)),
        (GREY_ALPHA, 8, [0, 255], [], (0, 0, 0)),
        (RGBA, 8, [255, 0, 0, 0], [], (255, 255, 255)),
        (RGBA, 8, [255, 0, 0, 51], [], (255, 204, 204)),  # a fifth of it is seen
        *((GREY, depth, [0], [chunk(b"tRNS", bytes(2))], (255, 255, 255)) for depth in (1, 2, 4, 8)),
        (RGB, 8, [9, 8, 7], [chunk(b"tRNS", bytes([0, 9, 0, 8, 0, 7]))], (255, 255, 255)),
        (RGB, 8, [9, 8, 7], [chunk(b"tRNS", bytes([0, 9, 0, 8, 0, 8]))], (9, 8, 7)),
    ],
)
def test_every_kind_of_png_has_its_right_pixels(kind, depth, pixel, extra, seen):
    assert (pixels(flat_png(kind, depth, pixel, *extra)) == seen).all()


@pytest.mark.parametrize("kind", [GREY, RGB, GREY_ALPHA, RGBA])
def test_sixteen_bits_are_refused_not_clipped_and_not_halved(kind):
    deep = flat_png(kind, 16, [3000] * CHANNELS[kind])
    assert reason(deep) == "16 bits a channel: set preprocess.depth to full or window, or convert it to 8 bits"


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_more_than_eight_bits_is_refused_as_such(painted, encoded, bits, progressive):
    data = bytearray(encoded(painted(), "JPEG", progressive=progressive))
    data[data.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 4] = bits
    assert reason(bytes(data)) == f"{bits} bits a channel, which are not read: convert it to 8 bits"


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "I;16B", "I;16L", "LAB", "HSV"])
def test_every_mode_that_could_be_clipped_is_refused(painted, encoded, monkeypatch, mode):
    """No format that is allowed opens as one of them today; a new Pillow may."""
    monkeypatch.setattr(decode.Image, "open", lambda *_, **__: Image.new(mode, (9, 9)))
    assert reason(encoded(painted())) == f"pixels of mode {mode}, convert it to RGB of 8 bits a channel"


def flat_bmp(depth, pixel, compression=0, extra=b""):
    """A BMP of 8 x 8 pixels that are all `pixel`, 4 bytes of them."""
    head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, depth, compression, 0, 0, 0, len(extra) // 4 * (depth <= 8), 0)
    body = (pixel * 8)[:depth] * 8  # a row of 8 pixels has `depth` bytes
    start = 14 + len(head) + len(extra)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + extra + body


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (flat_bmp(8, b"\1\1\1\1", extra=bytes([0, 0, 0, 0, 50, 100, 200, 0])), (200, 100, 50)),
        (flat_bmp(4, b"\x11\x11\x11\x11", extra=bytes([0, 0, 0, 0, 50, 100, 200, 0])), (200, 100, 50)),
        (flat_bmp(16, struct.pack("<HH", 31 << 10, 31 << 10)), (255, 0, 0)),
        (
            flat_bmp(16, struct.pack("<HH", 63 << 5, 63 << 5), 3, struct.pack("<III", 31 << 11, 63 << 5, 31)),
            (0, 255, 0),
        ),
        (flat_bmp(32, bytes([3, 2, 1, 0])), (1, 2, 3)),
    ],
)
def test_every_depth_of_bmp_has_its_right_pixels(data, seen):
    assert (pixels(data) == seen).all()


def test_more_than_eight_bits_in_a_bmp_are_refused():
    ten = struct.pack("<III", 1023 << 20, 1023 << 10, 1023)
    assert reason(flat_bmp(32, bytes(4), 3, ten)).startswith("damaged (Unsupported BMP")
    assert reason(flat_bmp(64, bytes(8))).startswith("damaged (Unsupported BMP")


@pytest.mark.parametrize("config", [{}, {"keep_rgb": True}, {"progressive": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_kind_of_jpeg_has_nearly_its_pixels(encoded, mode, config):
    colour = (200, 100, 50) if mode != "L" else (120, 120, 120)
    made = pixels(encoded(Image.new("RGB", (16, 16), colour).convert(mode), "JPEG", quality=95, **config))
    assert abs(made.astype(int) - colour).max() <= 4


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("after", [bytes(16), b"\xff\xda\0\1" * 200, b"MotionPhoto_Data" * 99])
def test_what_follows_the_end_of_an_image_changes_nothing(painted, encoded, format, after):
    data = encoded(painted(), format)
    assert np.array_equal(pixels(data + after), pixels(data))
    assert seen(data + after) == seen(data)


def test_a_jpeg_without_its_end_marker_is_truncated(painted, encoded):
    for config in ({}, {"progressive": True}):
        assert reason(encoded(painted(), "JPEG", **config)[:-2]) == "truncated"


def test_a_jpeg_damaged_in_its_middle_is_taken_as_it_decodes(painted, encoded):
    """No decoder tells: libjpeg goes on behind the damage, and Pillow hands none of its warnings on."""
    data = bytearray(encoded(painted(width=200, height=200), "JPEG"))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    assert seen(bytes(data), 40_000)["note"] == ""


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts_and_it_is_noted(encoded, format):
    red, blue = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    data = encoded(red, format, save_all=True, append_images=[blue], lossless=True)
    assert pixels(data)[0, 0].tolist() == [255, 0, 0]
    assert seen(data)["note"] == "animated, its first frame is used"


@pytest.mark.parametrize("size", [(16_383, 16_383), (100_000, 100_000)])
def test_a_webp_bomb_is_refused_before_its_decoder_sees_it(monkeypatch, size):
    monkeypatch.setattr(decode.Image, "open", lambda *_, **__: pytest.fail("it would take a gigabyte"))
    width, height = ((pixels - 1).to_bytes(3, "little") for pixels in size)
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + width + height
    assert "more than 1000000 pixels" in reason(b"RIFF" + struct.pack("<I", len(body)) + body, max_pixels=1_000_000)


def test_a_decoder_without_memory_is_no_bad_image(png, monkeypatch):
    def refuse(*_):
        raise OSError("out of memory when reading image file")

    monkeypatch.setattr(Image.Image, "getexif", lambda _: {})
    monkeypatch.setattr(decode, "_upright", refuse)
    with pytest.raises(MemoryError):
        pixels(png())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white_not_the_hidden_colour(encoded, mode):
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    options = {}
    if mode == "P":
        clear, options = Image.new("P", (8, 8), 0), {"transparency": 0}
        clear.putpalette([255, 0, 0])
    data = encoded(clear if mode == "P" else clear.convert(mode), **options)
    assert (pixels(data) == 255).all()


def test_cmyk_is_converted(encoded):
    made = pixels(encoded(Image.new("RGB", (9, 9), "blue").convert("CMYK"), "JPEG"))
    assert made[4, 4, 2] > 200 and made[4, 4, 0] < 60


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_of_one_scene_give_the_same_pixels(encoded, orientation):
    scene = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8) * 5)
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # Image.Transpose values
    stored = scene if undo is None else scene.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, exif=exif)
    assert (seen(data)["width"], seen(data)["height"]) == scene.size
    assert seen(data)["pixels"] == seen(encoded(scene))["pixels"]
    assert np.array_equal(pixels(data), pixels(encoded(scene)))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0MM"])
def test_garbage_in_the_exif_is_ignored(painted, encoded, exif):
    assert np.array_equal(pixels(encoded(painted(), "JPEG", exif=exif)), pixels(encoded(painted(), "JPEG")))


def bomb(width, height):
    """A valid PNG header of any size; the pixels behind it are missing, and must never be asked for."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [1_001, 9_500, 14_000, 100_000])
def test_a_bomb_is_refused_by_its_header(size):
    assert "more than 1000000 pixels" in reason(bomb(size, size), max_pixels=1_000_000)


def test_the_hash_of_the_pixels_is_equal_for_images_that_look_equal(painted, encoded):
    def hashed(*config):
        return seen(encoded(*config))["pixels"]

    assert hashed(painted(1)) == hashed(painted(1), "BMP") != hashed(painted(2))
    assert hashed(painted(1)) != hashed(painted(1).rotate(90, expand=True))


@pytest.mark.parametrize(("size", "small"), [((40, 64), (40, 64)), ((40, 70), (40, 64)), ((300, 200), (64, 64))])
def test_the_small_image_has_at_most_64_pixels_a_side(painted, encoded, size, small):
    data = encoded(painted(width=size[0], height=size[1]))
    assert decode.inspect(data, max_pixels=size[0] * size[1])[1].shape == (*small[::-1], 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_inspected_shrunk_and_reported_in_full_size(painted, encoded, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(painted(width=800, height=300), "JPEG", exif=exif)
    facts, small = decode.inspect(data, max_pixels=10**6)
    size = (800, 300) if orientation == 1 else (300, 800)
    assert (facts["width"], facts["height"]) == size
    assert small.shape == (64, 64, 3)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "MPO"])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("original", [60, 200, 300, 600, 1100])
@pytest.mark.parametrize("size", [16, 64, 96, 140, 290])
def test_inspecting_and_packing_at_once_equals_doing_both_apart(painted, encoded, format, orientation, original, size):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(painted(width=original, height=original + 30), format, exif=exif)
    settings = PackSettings(size, "rgb", "crop", 2 * 10**6)
    facts, small, packed = decode.inspect_and_pack(data, settings)
    again, same = decode.inspect(data, max_pixels=2 * 10**6)
    assert facts == again and np.array_equal(small, same)
    assert np.array_equal(packed, decode.to_array(data, settings))


def test_a_large_jpeg_that_is_cut_is_still_bad(painted, encoded):
    data = encoded(painted(width=900, height=900), "JPEG")
    assert reason(data[: int(len(data) * 0.9)], max_pixels=10**6) == "truncated"


def test_grey_is_the_same_whether_stored_as_grey_or_colour(painted, encoded):
    grey = painted(channels=1)
    stored = (encoded(grey), encoded(grey.convert("RGB")))
    first, second = (pixels(data, color="grayscale") for data in stored)
    assert np.array_equal(first, second)


def test_a_large_jpeg_shrinks_to_nearly_the_same_pixels_as_the_same_png(encoded):
    ramp = np.linspace(0, 255, 640).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(ramp, (640, 640)).copy())
    jpeg, exact = (
        pixels(encoded(image, kind), size=32, color="grayscale", max_pixels=640**2).astype(int)
        for kind in ("JPEG", "PNG")
    )
    assert abs(jpeg - exact).max() <= 8  # one pixel of 32 spans 8 grey levels


@pytest.mark.parametrize("side", [130, 190, 255, 256, 400, 1100])
def test_a_jpeg_decoded_at_a_fraction_is_nearly_the_whole_one_shrunk_by_the_same_filter(painted, encoded, side):
    """Of patches of any colour with sharp edges, which have three times the contrast of photographs."""
    patches = painted(width=9, height=12).resize((side, side + side // 3), Image.Resampling.NEAREST).rotate(20)
    data = encoded(patches, "JPEG", quality=90)
    packed = pixels(data, size=64, max_pixels=10**7).astype(int)
    whole = np.asarray(Image.open(BytesIO(data)).convert("RGB").resize((64, 64), FILTER), int)
    assert abs(packed - whole).mean() <= 5  # grey levels


def test_nearest_takes_pixels_of_a_small_jpeg_as_it_is(painted, encoded):
    data = encoded(painted(width=190, height=250), "JPEG")
    whole = Image.open(BytesIO(data)).convert("RGB").resize((64, 64), Image.Resampling.NEAREST)
    assert np.array_equal(pixels(data, size=64, fit="nearest", max_pixels=10**5), np.asarray(whole))


def test_an_image_packed_at_the_size_of_the_small_copy_is_that_copy(painted, encoded):
    settings = PackSettings(64, "rgb", "stretch", 10**5)
    for format in ("JPEG", "PNG"):
        _, small, packed = decode.inspect_and_pack(encoded(painted(width=250, height=150), format), settings)
        assert np.array_equal(small, packed)


@pytest.mark.parametrize("size", [(3000, 1), (1, 1), (1, 3000), (3, 3)])
@pytest.mark.parametrize("fit", ["stretch", "crop", "pad", "nearest"])
def test_extreme_shapes_become_the_requested_shape(painted, encoded, size, fit):
    assert pixels(encoded(painted(width=size[0], height=size[1])), fit=fit).shape == (8, 8, 3)


@pytest.mark.parametrize("profile", [b"", b"garbage", bytes(5000)])
def test_broken_colour_profiles_are_ignored(painted, encoded, profile):
    plain = encoded(painted(), "JPEG")
    assert np.array_equal(pixels(encoded(painted(), "JPEG", icc_profile=profile)), pixels(plain))


def test_text_that_swells_in_a_png_is_bad_or_ignored(painted, encoded):
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * (80 << 20), zip=True)
    assert reason(encoded(painted(), pnginfo=info)).startswith("damaged")
