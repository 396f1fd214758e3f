"""Say whether new images are still like those that a model knows: what moved, and how accurate the model still is."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from darkroom.commands import drift_images, drift_page, drift_text, image_sources
from darkroom.commands.chosen_model import ChosenModel
from darkroom.commands.drift_images import NewImages
from darkroom.commands.predict import archive_limits
from darkroom.drift import comparison
from darkroom.inference import inference
from darkroom.novelty import held_out
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError, DriftAlarm, ParamsError

Format = Literal["text", "json"]


class Asked(NamedTuple):
    """What a user wants to know, and of which images or logs."""

    paths: Sequence[str]
    form: Format
    alpha: float  # the chance of an alarm where nothing changed
    report: Path | None  # an HTML page to write


def drift(asked: Asked, model: ChosenModel, params_file: Path) -> None:
    """Print the comparison, write the page, and raise DriftAlarm (exit 8) where something moved.

    `params_file` has the limits of archives, where it exists. Raises ParamsError (exit 2), DataError (exit 3) when too
    few images can be used, and ArtifactError (exit 4) when the model has no held-out images to compare with.
    """
    spec, known = inference.read_spec(model.folder), held_out.read(model.folder)
    _require_enough(len(known.labels), model)
    new = _new_images(asked, model, len(spec["classes"]), params_file)
    found = comparison.compare(known, new.images, spec["classes"], asked.alpha)
    facts = drift_text.facts(found, new, len(known.labels), model.digest)
    print(json.dumps(facts, indent=2) if asked.form == "json" else "\n".join(drift_text.lines(facts)))
    if asked.report:
        files.write_text(asked.report, drift_page.page(facts, drift_page.pictures(found, new)))
    if found.moved:
        what = f"the images have changed: {', '.join(finding.name for finding in found.moved)}"
        raise DriftAlarm("E_DRIFT", what, where=" ".join(asked.paths), fix="see those farthest away, --report")


def _new_images(asked: Asked, model: ChosenModel, classes: int, params_file: Path) -> NewImages:
    """Raises ParamsError (exit 2) where logs and images are named together, DataError (exit 3) where there are few."""
    are_logs = {drift_images.is_log(path) for path in asked.paths}
    if len(are_logs) > 1:
        fix = "compare one of them at a time"
        raise ParamsError("E_PATHS", "logs and images are named together", where=" ".join(asked.paths), fix=fix)
    if are_logs == {True}:
        new = drift_images.of_logs(asked.paths, model.digest, classes)
    else:
        with image_sources.opened(asked.paths, sys.stdin.buffer, lambda: archive_limits(params_file)) as sources:
            new = drift_images.of_pictures(sources, model)
    if len(new.names) < comparison.LEAST:
        what = f"{len(new.names)} different images can be used, which is too few to tell a change from chance"
        fix = f"name {comparison.LEAST} or more, better 200"
        raise DataError("E_IMAGES", what, where=" ".join(asked.paths), fix=fix)
    return new


def _require_enough(images: int, model: ChosenModel) -> None:
    if images < comparison.LEAST:
        what, fix = f"it was trained with {images} validation images only", "train it with more"
        raise ArtifactError("E_MODEL", f"new images cannot be compared: {what}", where=model.folder, fix=fix)
