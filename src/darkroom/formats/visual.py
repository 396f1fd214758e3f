"""Whether a file holds a picture or a film, whatever its name says."""

from pathlib import Path

from darkroom import magic

USABLE = {*magic.DECODED.values(), "WEBP"}
OTHERS = {*magic.PICTURES, "video"}


def format_of(path: Path) -> str:
    """The name of the format, "" for a file that holds anything else."""
    with path.open("rb") as file:
        kind = magic.kind(file.read(magic.LENGTH))
    return kind if kind in USABLE | OTHERS else ""
