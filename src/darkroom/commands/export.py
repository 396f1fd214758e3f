"""Export a model from the command line."""

from pathlib import Path
from typing import NamedTuple

from darkroom.commands.chosen_model import ChosenModel
from darkroom.commands.export_table import Row, table
from darkroom.export import comparison, evidence, exporting
from darkroom.export.evidence import Evidence
from darkroom.export.exporting import Int8, Order
from darkroom.inference import inference
from darkroom.metrics import significance
from darkroom.register import promotion
from darkroom.runtime import errors
from darkroom.runtime.errors import ArtifactError, ParamsError, printable
from darkroom.saving.export_folder import FACTS, ExportFacts, Format


class Source(NamedTuple):
    """A model folder, the temperature of its model (None: not known), and the images that it was trained for."""

    folder: Path
    temperature: float | None
    packed: Path


def default_model(champion: Path, models: Path, compared: Path) -> Path:
    """Return the champion, or the model that stands for the run while there is none."""
    if promotion.has_champion(champion):
        return champion
    if not compared.exists():
        raise ArtifactError("E_MODEL", "there is no model yet", where=compared, fix="run `dvc repro`, or name a folder")
    return models / significance.read(compared)["best"]


def source(chosen: ChosenModel, packed: Path) -> Source:
    """Return what to export, with the packed images. Raises ParamsError (exit 2) for what is an export already."""
    if chosen.exported:
        raise ParamsError("E_EXPORT", "is an export already", where=chosen.folder, fix="name the folder of a model")
    return Source(chosen.folder, chosen.temperature, packed)


def folder_name(model: Path, form: Format, *, int8: bool) -> str:
    return f"{model.resolve().name}-{form}{'-int8' if int8 else ''}"


def export(source: Source, form: Format, out: Path) -> str:
    """Write the export to `out`; return what became of it, and what it costs. Raises as `exporting.export` does."""
    _require_own(out)
    seen = _evidence(source)
    facts = exporting.export(Order(source.folder, form, source.temperature), seen, out)
    return (
        f"{_line(facts, out)}; largest difference from the model {facts['largest_difference']:.1e}{_table(facts, out)}"
    )


def export_int8(source: Source, form: Format, out: Path, confidence: float) -> str:
    """Do as `export`, in 8 bits. Raises ArtifactError (exit 4) also when there are no packed training images."""
    if form == "saved_model":
        fix = "use --to onnx or --to litert"
        raise ParamsError("E_EXPORT", "a SavedModel has no int8 form", where="--to saved_model --int8", fix=fix)
    _require_own(out)
    images = evidence.calibration_images(source.packed, inference.read_spec(source.folder))
    if images is None:
        what = "int8 needs training images as this model takes them, and there are none"
        raise ArtifactError("E_EXPORT", what, where=source.packed, fix="run `dvc repro preprocess`")
    seen = _evidence(source)
    facts = exporting.export(Order(source.folder, form, source.temperature, Int8(images, confidence)), seen, out)
    return f"{_line(facts, out)}; {_verdict(facts, seen)}{_table(facts, out)}"


def _evidence(source: Source) -> Evidence:
    seen = evidence.read(source.packed, inference.read_spec(source.folder))
    if seen.labels is None:
        errors.inform(f"no labelled test images for this model in {source.packed}; it is compared on other ones")
    return seen


def _require_own(out: Path) -> None:
    """Raise ParamsError (exit 2) when `out` holds anything but an earlier export, which would be lost."""
    if out.exists() and not (out / FACTS).is_file():
        raise ParamsError("E_EXPORT", "there is something else already", where=out, fix="name a new folder with --out")


def _line(facts: ExportFacts, out: Path) -> str:
    return f"{printable(out)}: compared on {facts['images']} images"


def _verdict(facts: ExportFacts, seen: Evidence) -> str:
    result = facts.get("comparison")
    if result is None or seen.labels is None:
        return "without labelled test images, its accuracy is not known"
    return comparison.sentence(result, seen.labels)


def _table(facts: ExportFacts, out: Path) -> str:
    before = facts["before"]
    model = Row(facts["model"], before["bytes"], before["ms"], before["accuracy"])
    return f"\n{table([model, Row(printable(out.name), facts['bytes'], facts['ms'], facts['accuracy'])])}"
