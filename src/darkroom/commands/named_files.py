"""Find the files that the words of a command line name."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from darkroom.formats import names
from darkroom.runtime import errors, files


def named_files(arguments: Sequence[str]) -> list[Path]:
    """Return the files that the arguments name, as often as they are named.

    An existing file or folder is taken as such, in either normal form of Unicode; everything else is a pattern. A
    folder or a pattern stands for the images in it: junk is left out, other files too, and these are counted.
    """
    named: list[Path] = []
    for argument in arguments:
        path = _existing(Path(argument))
        matches = [path] if path.exists() else sorted(map(Path, glob.glob(argument, recursive=True)))
        named += [path] if path.is_file() or not matches else _images_in(argument, matches)
    return named


def listed_files(lines: Sequence[str]) -> list[Path]:
    """Return the files that the lines name, each of them one file or folder: other programs write no patterns."""
    named: list[Path] = []
    for line in lines:
        path = _existing(Path(line))
        named += _images_in(line, [path]) if path.is_dir() else [path]
    return named


def _existing(path: Path) -> Path:
    """Return the path as the disk spells it, where that differs in the normal form of Unicode alone."""
    spelled = Path(path.anchor)
    for part in path.parts[len(spelled.parts) :]:
        choices = [] if (spelled / part).exists() or not spelled.is_dir() else os.listdir(spelled)
        spelled /= next((other for other in choices if names.composed(other) == names.composed(part)), part)
    return spelled


def _images_in(argument: str, matches: Sequence[Path]) -> list[Path]:
    pairs = [(path, file) for path in matches for file in (sorted(files.below(path)) if path.is_dir() else [path])]
    wanted = [file for path, file in pairs if not names.is_junk(file.relative_to(path).parts or (file.name,))]
    images = [file for file in wanted if not names.is_other_file(file.name)]
    if len(images) < len(wanted):
        errors.warn(
            f"{argument}: left out {names.kinds(file.name for file in wanted if names.is_other_file(file.name))}"
        )
    return images or list(matches)  # none of which is an image: predict says so
