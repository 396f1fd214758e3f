"""Colour profiles: what they convert, against the formulas, and which cost nothing."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from darkroom.decoding import decode, profiles
from darkroom.decoding.decode import PackSettings
from darkroom.decoding.levels import Levels

# columns: red, green, blue; adapted to D50 as in the ICC's own profiles
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
DISPLAY_P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
D50 = (0.9642, 1.0, 0.8249)
GAMMA = 2.2
CONVERT, IGNORED = Levels(icc="convert"), Levels(icc="ignore")


def fixed(*values):
    return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)


def profile(matrix=None, gamma=GAMMA):
    """An ICC 2.1 profile of a display, of three primaries or grey."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(*D50)}
    if matrix is None:
        tags[b"kTRC"] = curve
    else:
        tags |= {name + b"XYZ": b"XYZ " + bytes(4) + fixed(*matrix[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    space = b"GRAY" if matrix is None else b"RGB "
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02100000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + fixed(*D50)
    return head.ljust(128, b"\0") + table + body


def in_srgb(pixels, matrix):
    """IEC 61966-2-1 of what the primaries and the gamma say."""
    linear = ((pixels / 255.0) ** GAMMA) @ (np.linalg.inv(SRGB) @ matrix).T
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(int)


def read(data, levels=CONVERT, color="rgb"):
    return decode.to_array(data, PackSettings(16, color, "stretch", 10_000, levels))


def note(data):
    return decode.inspect(data, max_pixels=10_000, levels=CONVERT)[0]["note"]


@pytest.fixture
def soft():
    """Colours that every one of these colour spaces has."""
    return np.random.default_rng(0).integers(60, 200, (16, 16, 3), np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_wide_profile_is_converted_as_the_formulas_say(encoded, soft, kind):
    wide = encoded(
        Image.fromarray(soft), kind, icc_profile=profile(DISPLAY_P3), **{"WEBP": {"lossless": True}}.get(kind, {})
    )
    assert abs(read(wide).astype(int) - in_srgb(soft, DISPLAY_P3)).max() <= 2  # tables of 8 bits within the transform
    assert abs(read(wide).astype(int) - soft).max() > 10
    assert note(wide) == ""


def test_a_grey_profile_is_converted_and_a_colour_profile_of_a_grey_image_too(encoded, soft):
    grey = soft[..., 0]
    expected = np.rint(255 * (1.055 * ((grey / 255.0) ** 1.0) ** (1 / 2.4) - 0.055))
    data = encoded(Image.fromarray(grey), icc_profile=profile(gamma=1.0))
    assert abs(read(data, color="grayscale")[..., 0] - expected).max() <= 2
    both = (
        encoded(Image.fromarray(grey), icc_profile=profile(DISPLAY_P3)),
        encoded(Image.fromarray(grey).convert("RGB"), icc_profile=profile(DISPLAY_P3)),
    )
    assert np.array_equal(*map(read, both))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_profile_of_srgb_changes_no_byte(encoded, soft, kind):
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(
        read(encoded(Image.fromarray(soft), kind, icc_profile=own)), read(encoded(Image.fromarray(soft), kind))
    )


def test_a_profile_is_understood_once(encoded, soft, monkeypatch):
    data = encoded(Image.fromarray(soft), icc_profile=profile(DISPLAY_P3))
    made = read(data)
    monkeypatch.setattr(profiles.ImageCms, "buildTransform", lambda *_: pytest.fail("again"))
    assert np.array_equal(read(data), made)


def test_ignored_profiles_change_nothing(encoded, soft):
    data = encoded(Image.fromarray(soft), icc_profile=profile(DISPLAY_P3))
    assert np.array_equal(read(data, IGNORED), soft)


@pytest.mark.parametrize("broken", [b"garbage", bytes(5000), profile(DISPLAY_P3)[:200], profile()])
def test_a_profile_that_is_broken_or_of_other_pixels_is_ignored_with_a_note(encoded, soft, broken):
    data = encoded(Image.fromarray(soft), icc_profile=broken)
    assert np.array_equal(read(data), soft)
    assert note(data) == "its colour profile cannot be used"


def test_transparent_pixels_stay_white_and_visible_ones_are_converted(encoded, soft):
    alpha = np.full((16, 16), 255, np.uint8)
    alpha[:8] = 0
    data = encoded(Image.fromarray(np.dstack([soft, alpha])), icc_profile=profile(DISPLAY_P3))
    assert (read(data)[:8] == 255).all()
    assert abs(read(data)[8:].astype(int) - in_srgb(soft[8:], DISPLAY_P3)).max() <= 2


def test_inspecting_and_packing_see_the_same_colours(encoded, soft):
    data = encoded(Image.fromarray(soft), icc_profile=profile(DISPLAY_P3))
    facts, small, packed = decode.inspect_and_pack(data, PackSettings(16, "rgb", "stretch", 10_000, CONVERT))
    assert np.array_equal(np.asarray(small), packed) and np.array_equal(packed, read(data))
    assert facts == decode.inspect(data, max_pixels=10_000, levels=CONVERT)[0]
