"""Whether a file holds a picture or a film, whatever its name says."""

from pathlib import Path

from darkroom.data import magic

USABLE = {"JPEG", "PNG", "GIF", "BMP", "WEBP"}
OTHERS = {"TIFF", "PSD", "EPS", "ICO", "JPEG 2000", "JPEG XL", "SVG", "HEIC", "AVIF", "DICOM", "video"}


def format_of(path: Path) -> str:
    """The name of the format, "" for a file that holds anything else."""
    with path.open("rb") as file:
        kind = magic.kind(file.read(magic.LENGTH))
    return kind if kind in USABLE | OTHERS else ""
