"""Copy images, wherever they are, to one folder, under names of their own."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from darkroom.commands import image_sources
from darkroom.commands.image_sources import Source
from darkroom.runtime import files

UNUSUAL = re.compile(r"[^\w.-]+", re.ASCII)  # in names: labelling tools put them into URLs and XML
LONGEST = 100  # characters of a name that are kept, the last ones


def copy(sources: Sequence[Source], folder: Path) -> list[Path]:
    """Write the images to the new folder, all or none, and return their paths there, in the same order.

    A number before each name makes it unlike all others, and sorts the names.
    """
    names = [f"{number:05}-{_plain(source)}" for number, source in enumerate(sources, 1)]
    with files.replacing(folder) as partial:
        partial.mkdir()
        for source, name in zip(sources, names, strict=True):
            (partial / name).write_bytes(image_sources.read(source))
    return [folder / name for name in names]


def _plain(source: Source) -> str:
    return UNUSUAL.sub("-", PurePath(str(source)).name)[-LONGEST:]
