"""Whether a file holds an image or a film, whatever its name says."""

from pathlib import Path

from darkroom import sniff

USABLE = {*sniff.DECODED.values(), "WEBP"}
OTHERS = {*sniff.IMAGES, "video"}


def format_of(path: Path) -> str:
    """The name of the format, "" for a file that holds anything else."""
    with path.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    return kind if kind in USABLE | OTHERS else ""
