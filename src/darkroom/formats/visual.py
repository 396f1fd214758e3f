"""Identify image and video files by their contents, whatever their names."""

from pathlib import Path

from darkroom import sniff

USABLE = {*sniff.DECODED.values(), "WEBP"}
OTHERS = {*sniff.IMAGES, "video"}


def format_of(path: Path) -> str:
    """Return the name of the image or video format of the file, "" when it holds anything else."""
    with path.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    return kind if kind in USABLE | OTHERS else ""
