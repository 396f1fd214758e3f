"""List the images of many that are most worth a label."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.commands import image_copies, image_sources
from darkroom.commands.chosen_model import ChosenModel
from darkroom.commands.image_sources import Source
from darkroom.commands.predict import archive_limits
from darkroom.inference import predict, request_log
from darkroom.inference.inference import BATCH
from darkroom.inference.request_log import Measured
from darkroom.labelling import label_files, selection, view
from darkroom.labelling.label_files import Format
from darkroom.labelling.selection import Candidate
from darkroom.labelling.suggestion import Suggestion
from darkroom.labelling.view import View
from darkroom.runtime import progress
from darkroom.runtime.errors import ArtifactError, DataError, ParamsError

SEED = 0  # of k-means: the same images give the same list


class Asked(NamedTuple):
    """What a user wants, and of which images."""

    paths: Sequence[str]
    n: int
    form: Format
    out: Path
    copies: Path | None  # a new folder for copies of the chosen images


class _Image(NamedTuple):
    source: Source
    measured: Measured


class _Found(NamedTuple):
    """An image that may be chosen; its suggestion has the name under which it was found."""

    source: Source
    suggestion: Suggestion


def suggest(asked: Asked, model: ChosenModel, known: Collection[str], params_file: Path) -> str:
    """Write the list and say what is in it. Images whose SHA-256 is in `known` are never suggested.

    `params_file` has the limits of archives, where it exists. Raises ParamsError (exit 2) for a list that no tool
    could use, DataError (exit 3) where there is nothing to label or something would be overwritten, ArtifactError
    (exit 4) for a model that cannot be used.
    """
    _require_usable(asked, model)
    seen_by = view.of_model_folder(model.folder, model.temperature)
    left_out = Counter[str]()
    with image_sources.opened(asked.paths, sys.stdin.buffer, lambda: archive_limits(params_file)) as sources:
        candidates = _candidates(_new_images(sources, seen_by, known, left_out), seen_by)
        chosen = selection.choose(selection.shortlist(candidates, asked.n), asked.n, SEED)
        reasons = "".join(f"; {count} left out {reason}" for reason, count in sorted(left_out.items()))
        if not chosen:
            what, where = f"there is nothing to label{reasons}", " ".join(asked.paths)
            raise DataError("E_IMAGES", what, where=where, fix="name images that are not in the data yet")
        suggestions = _at_hand([candidate.item for candidate in chosen], asked.copies)
    label_files.write(asked.out, asked.form, suggestions, model.digest, seen_by.spec["classes"])
    return f"{asked.out}: {len(suggestions)} of {len(sources)} images{reasons}"


def _require_usable(asked: Asked, model: ChosenModel) -> None:
    if asked.form == "cvat" and not asked.copies:
        what = "CVAT knows images by their names alone, and images in several folders may have the same"
        raise ParamsError("E_COPIES", what, where="command line", fix="add --copy-to FOLDER, and upload that folder")
    for path in filter(None, (asked.out, asked.copies)):
        if path.exists():
            what = "there is something here, and labels may be in it"
            raise DataError("E_EXISTS", what, where=path, fix="remove it, or name another with --out and --copy-to")
    if model.exported:
        what = "an exported model does not say what it sees in an image"
        raise ArtifactError("E_MODEL", what, where=model.folder, fix="name the folder of the model with --model")


def _new_images(
    sources: Sequence[Source], seen_by: View, known: Collection[str], left_out: Counter[str]
) -> Iterator[_Image]:
    """Yield each image once that is not known yet, and count the others by reason in `left_out`."""
    before = set(known)
    images = predict.made(sources, seen_by.spec, image_sources.read, request_log.measured)
    for source, made in progress.each(zip(sources, images, strict=True), len(sources), "looking at images"):
        if isinstance(made, DataError):
            left_out["as they cannot be used"] += 1
        elif made.appearance["sha256"] in before:
            left_out["as they are in the data, or there twice"] += 1
        else:
            before.add(made.appearance["sha256"])
            yield _Image(source, made)


def _candidates(images: Iterable[_Image], seen_by: View) -> Iterator[Candidate[_Found]]:
    images = iter(images)
    while batch := list(islice(images, BATCH)):
        seen = seen_by.look(np.stack([image.measured.pixels for image in batch]))
        margins = selection.margins(seen.probabilities).tolist()
        for image, margin, features, row in zip(batch, margins, *seen, strict=True):
            yield Candidate(_found(image, margin, row, seen_by.spec["classes"]), margin, features)


def _found(image: _Image, margin: float, probabilities: np.ndarray, classes: Sequence[str]) -> _Found:
    likeliest, appearance = int(probabilities.argmax()), image.measured.appearance
    size = appearance["width"], appearance["height"]
    confidence = float(probabilities[likeliest])
    return _Found(image.source, Suggestion(str(image.source), classes[likeliest], confidence, margin, *size))


def _at_hand(found: Sequence[_Found], copies: Path | None) -> list[Suggestion]:
    """The suggestions, of copies in the folder where there is to be one. Raises DataError for what is no file."""
    if copies:
        copied = image_copies.copy([each.source for each in found], copies)
        return [each.suggestion._replace(path=str(path)) for each, path in zip(found, copied, strict=True)]
    if packed := [each for each in found if not isinstance(each.source, Path)]:
        what = f"{len(packed)} of the images to label are no files of their own, the first is {packed[0].source}"
        raise DataError("E_IMAGES", what, where="command line", fix="add --copy-to FOLDER, for copies to label")
    return [each.suggestion for each in found]
