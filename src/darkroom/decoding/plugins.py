"""Prepare Pillow for AVIF, which it brings, and for HEIC, which an extra brings: libheif and libde265 decode only.

One thread each: an image is decoded in one of many worker processes, whose processor time is limited.
"""

from functools import cache

from PIL import AvifImagePlugin

from darkroom.decoding.bad_image import BadImage


@cache
def prepare(name: str) -> None:
    """`name` is Pillow's of a format. Raises BadImage when its decoder is not installed."""
    if name == "AVIF":
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if name == "HEIF":
        _prepare_heif()


def _prepare_heif() -> None:
    try:
        import pi_heif  # an extra
    except ImportError as fault:
        raise BadImage("HEIC, install its decoder with `pip install 'darkroom[heic]'` or convert it to PNG") from fault
    pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)
