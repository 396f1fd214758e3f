"""Which way up an image is, by its EXIF."""

from PIL import ExifTags, Image

TRANSPOSES = {  # EXIF orientation -> what makes the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS_SIZE = [TRANSPOSES[orientation] for orientation in (5, 6, 7, 8)]  # width becomes height


def read(image: Image.Image) -> Image.Transpose | None:
    """What makes the opened image upright.

    `ImageOps.exif_transpose` also rewrites the EXIF, which fails on garbage. Pillow turns a TIFF itself, as it loads.
    """
    if image.format == "TIFF":
        return None
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        return None if orientation is None else TRANSPOSES.get(orientation)
    except Exception:  # unreadable EXIF says nothing about orientation
        return None


def upright_size(size: tuple[int, int], transpose: Image.Transpose | None) -> tuple[int, int]:
    """Width and height of an image of `size` once it is upright."""
    return size[::-1] if transpose in SWAPS_SIZE else size
