"""Label images from the command line."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom import params
from darkroom.commands import image_sources, prediction_rows
from darkroom.commands.chosen_model import ChosenModel
from darkroom.commands.image_sources import Source
from darkroom.commands.prediction_rows import Format, Named
from darkroom.inference import classifier, predict, request_log
from darkroom.inference.answers import REJECTED, UNKNOWN, Choice, Prediction
from darkroom.inference.classifier import Classifier
from darkroom.inference.request_log import Appearance, Measured, Row
from darkroom.novelty import reference
from darkroom.params import Ingest
from darkroom.project import release
from darkroom.runtime import progress
from darkroom.runtime.errors import ArtifactError, DataError, ParamsError
from darkroom.saving import export_folder
from darkroom.workers import parallel

LOGGED = 256  # rows that are appended to the log at once


class Asked(NamedTuple):
    """What a user wants to know, and of which images."""

    paths: Sequence[str]
    form: Format
    choice: Choice
    log: Path | None
    skip_bad: bool


class _Seen(NamedTuple):
    """An image that the model is asked about; `appearance` is None where nothing is logged."""

    source: Source
    appearance: Appearance | None


Answered = tuple[_Seen, Prediction | DataError]


def predict_all(asked: Asked, model: ChosenModel, params_file: Path) -> None:
    """Print what the model says about each image. `params_file` has the limits of archives, where it exists.

    Raises DataError (exit 3) at the end when an image could not be used, unless `skip_bad`; before anything is
    printed, ParamsError (exit 2) and ArtifactError (exit 4) when the model cannot be used, or not as it was asked.
    """
    loaded = opened(model)
    _require_possible(asked.choice, model, loaded.spec["classes"])
    bad: list[DataError] = []
    with image_sources.opened(asked.paths, sys.stdin.buffer, lambda: archive_limits(params_file)) as sources:
        if not sources:
            raise DataError("E_IMAGES", "no image is named", where=" ".join(asked.paths), fix="name files or folders")
        answers = progress.each(_answers(sources, loaded, asked), len(sources), "predicting")
        logged = _logged(answers, asked.log, asked, model, loaded.spec["classes"]) if asked.log else answers
        prediction_rows.print_rows(_named(logged, bad), loaded.spec["classes"], asked.form)
    if bad and not asked.skip_bad:
        what, where = f"{len(bad)} of the images could not be used", " ".join(asked.paths)
        raise DataError("E_IMAGES", what, where=where, fix="see the lines above, or --skip-bad")


def archive_limits(params_file: Path) -> Ingest:
    """Those of the project's params, else those of the defaults. Raises ParamsError (exit 2) on mistakes in them."""
    defaults = release.root() / "presets" / "defaults.yaml"
    return params.load(params_file if params_file.exists() else defaults).ingest


def opened(model: ChosenModel) -> Classifier:
    """Raises ArtifactError (exit 4) when the model cannot be used, or is an export for other programs."""
    if not model.exported:
        return classifier.of_model_folder(model.folder)
    if (form := export_folder.read_facts(model.folder)["format"]) != "onnx":
        what, fix = f"an exported model of format {form}", "export it to onnx, or name the model folder"
        raise ArtifactError("E_MODEL", f"{what} is for other programs", where=model.folder, fix=fix)
    return classifier.of_exported(model.folder, parallel.processors())


def _require_possible(choice: Choice, model: ChosenModel, classes: Sequence[str]) -> None:
    """Raise where the model cannot score what it was not trained on, or a label would have two meanings."""
    if choice.unknown_above is not None and (model.exported or not (model.folder / reference.FILE).exists()):
        what = f"the model cannot say how unlike its training images an image is: it has no {reference.FILE}"
        raise ArtifactError("E_MODEL", what, where=model.folder, fix="train it again, and name the model folder")
    meant = {REJECTED: choice.reject_below > 0, UNKNOWN: choice.unknown_above is not None}
    for label, is_meant in meant.items():
        if is_meant and label in classes:
            what = f'"{label}" is a class of the model, and would also stand for images without a label'
            raise ParamsError("E_LABEL", what, where="command line", fix="leave the option out, and use --out jsonl")


def _answers(sources: Sequence[Source], loaded: Classifier, asked: Asked) -> Iterator[Answered]:
    images: Iterable[tuple[_Seen, np.ndarray | DataError]]
    if asked.log:
        measured = predict.made(sources, loaded.spec, image_sources.read, request_log.measured)
        images = (_seen(*pair) for pair in zip(sources, measured, strict=True))
    else:
        decoded = predict.decoded(sources, loaded.spec, image_sources.read)
        images = ((_Seen(source, None), image) for source, image in zip(sources, decoded, strict=True))
    return predict.predict_images(iter(images), loaded, len(sources), asked.choice)


def _seen(source: Source, made: Measured | DataError) -> tuple[_Seen, np.ndarray | DataError]:
    if isinstance(made, DataError):
        return _Seen(source, None), made
    return _Seen(source, made.appearance), made.pixels


def _logged(
    answers: Iterable[Answered], log: Path, asked: Asked, model: ChosenModel, classes: Sequence[str]
) -> Iterator[Answered]:
    """Yield the answers, after they were written to the log; images that cannot be used are not."""
    rows: list[Row] = []
    digest, temperature = model.digest, asked.choice.temperature
    request_log.append(log, rows)  # a log that cannot be written fails before the first answer
    try:
        for seen, answer in answers:
            if isinstance(answer, Prediction) and seen.appearance:
                probabilities = [answer.probabilities[name] for name in classes]
                rows.append(request_log.row(digest, answer.label, probabilities, temperature, seen.appearance))
            if len(rows) >= LOGGED:
                request_log.append(log, rows)
                rows = []
            yield seen, answer
    finally:
        request_log.append(log, rows)


def _named(answers: Iterable[Answered], bad: list[DataError]) -> Iterator[Named]:
    """Yield the answers under the names of the images, and collect the errors among them in `bad`."""
    for seen, answer in answers:
        if isinstance(answer, DataError):
            bad.append(answer)
        yield str(seen.source), answer
