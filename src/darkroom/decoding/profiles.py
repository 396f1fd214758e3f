"""Convert the colours of an image with an ICC profile to sRGB.

A profile that changes no colour by more than `SAME` levels is one of the many that describe sRGB: it costs a look
into a table, and changes no byte.
"""

from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from darkroom.decoding.levels import Icc

SAME = 2  # levels of 255 by which profiles of sRGB differ from each other
LARGEST = 8 << 20  # bytes; the profiles of presses have 2 MiB
STEPS = np.linspace(0, 255, 9).astype(np.uint8)  # of each channel, at which a profile is compared with sRGB
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # the colour space of a profile -> Pillow's mode
FITTING = {"GRAY": ("1", "L", "LA"), "CMYK": ("CMYK",)}  # RGB fits any other mode
UNUSABLE = "its colour profile cannot be used"


class Conversion(NamedTuple):
    space: str  # a key of MODES
    transform: ImageCms.ImageCmsTransform | None  # None: the profile is sRGB's


def settle(image: Image.Image, icc: Icc) -> str:
    """Remove the profile from an opened image that is not to be converted, and return a note."""
    profile = image.info.get("icc_profile")
    if not profile or icc == "ignore":
        image.info.pop("icc_profile", None)
        return ""
    conversion = _conversion(profile)
    is_usable = conversion is not None and _fits(image.mode, conversion.space)
    if not is_usable or conversion is None or conversion.transform is None:
        del image.info["icc_profile"]
    return "" if is_usable else UNUSABLE


def to_srgb(image: Image.Image, flattened: Image.Image) -> Image.Image:
    """`flattened`, the RGB of `image`, in sRGB, by the profile that `settle` left in it."""
    conversion = _conversion(image.info.get("icc_profile") or b"")
    if conversion is None or conversion.transform is None:
        return flattened
    source = image if conversion.space == "CMYK" else flattened.convert(MODES[conversion.space])
    made = conversion.transform.apply(source)
    made.info.pop("icc_profile", None)
    return made


def _fits(mode: str, space: str) -> bool:
    return mode in FITTING[space] if space in FITTING else mode not in FITTING["CMYK"]


@lru_cache(maxsize=16)  # a data set has few; a transform takes up to a few MB
def _conversion(profile: bytes) -> Conversion | None:
    """None for a profile that is damaged, or of a colour space such as Lab."""
    if not profile or len(profile) > LARGEST:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), MODES[space], "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, TypeError):
        return None
    return Conversion(space, None if space != "CMYK" and _is_srgb(transform, MODES[space]) else transform)


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    grid = np.stack(np.meshgrid(STEPS, STEPS, STEPS), -1).reshape(1, -1, 3)
    colors = Image.fromarray(grid if mode == "RGB" else np.arange(256, dtype=np.uint8)[None])
    made, own = (np.asarray(image, np.int16) for image in (transform.apply(colors), colors.convert("RGB")))
    return int(abs(made - own).max()) <= SAME
