"""Identify image and video files by their contents, whatever their names."""

from darkroom import sniff
from darkroom.formats.contents import Contents

USABLE = {*sniff.DECODED.values(), "WEBP"}
OTHERS = {*sniff.IMAGES, "video"}


def format_of(contents: Contents, path: str) -> str:
    """Return the name of the image or video format of the file, "" when it holds anything else."""
    kind = sniff.kind(contents.head(path, sniff.LENGTH))
    return kind if kind in USABLE | OTHERS else ""
