"""The files of an exported model, in exports/NAME-FORMAT[-int8]/: their names, and what export.json holds.

One of FILES is the network: it takes `images`, uint8 `(batch, s, s, c)`, and returns `probabilities`, float32
`(batch, k)`. Beside it lie classes.json (the input spec of the model folder, unchanged), export.json and MANIFEST.json
(the SHA-256 of each file). `inference.read_spec` reads the spec of this folder too.

The network's own file repeats what another program must know of its input: `metadata`.
"""

import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.saving.model_folder import DECODING, InputSpec

Format = Literal["onnx", "litert", "saved_model"]

FILES: dict[Format, str] = {"onnx": "model.onnx", "litert": "model.tflite", "saved_model": "saved_model"}
FACTS = "export.json"
IMAGES, PROBABILITIES, BATCH = "images", "probabilities", "batch"  # the input, the output, their first dimension


class Comparison(TypedDict):
    """How accurate an int8 model is, beside the model that it was made from, on the same test images."""

    accuracy: float
    accuracy_before: float
    loss: float  # of accuracy; negative where the int8 model is better
    low: float
    high: float  # each end of the interval of the loss holds with `confidence`, whatever the other
    confidence: float
    margin: float  # the largest loss that is allowed
    not_worse: bool | None  # by more than the margin; None: there are too few images to say


class NetworkCost(TypedDict):
    """What the network of a model folder costs, on the machine and the images of its export."""

    bytes: int
    ms: float  # per image, one at a time
    accuracy: float | None  # of the test images; None: there are no labelled ones


class ExportFacts(TypedDict):
    """export.json."""

    model: str  # the name of the model folder
    digest: str  # `register.identity.digest` of the model folder
    format: Format
    int8: bool
    temperature: float | None  # None: not known
    largest_difference: float  # from the probabilities of the Keras model
    images: int  # that the two were compared on
    bytes: int  # of the network
    ms: float  # per image, one at a time, on the machine that exported it
    accuracy: NotRequired[float | None]  # of the test images; None: there are no labelled ones
    before: NotRequired[NetworkCost]  # of the model that it was made from; exports of earlier releases have neither
    comparison: NotRequired[Comparison | None]  # of an int8 model; None: there are no labelled test images


def read_facts(folder: Path) -> ExportFacts:
    """export.json. Raises ArtifactError (exit 4) when it is missing, or is not what `darkroom export` writes."""
    facts: ExportFacts = files.read_object(folder / FACTS)  # type: ignore[assignment]  # checked below
    if not _fits(facts, ExportFacts):
        raise unusable(folder / FACTS, "is not what `darkroom export` writes")
    return facts


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value of JSON is of this type: one of those that ExportFacts has."""
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        return isinstance(value, dict) and all(
            _fits(value[key], hints[key]) if key in value else key not in kind.__required_keys__ for key in hints
        )
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kinds := get_args(kind):  # of a union
        return any(_fits(value, each) for each in kinds)
    return type(value) in (int, float) if kind is float else type(value) is kind


def metadata(spec: InputSpec, temperature: float | None) -> dict[str, str]:
    """Return what the network's file says of itself: `classes`, what its input looks like, and `temperature` if known.

    Each value is JSON.
    """
    values: dict[str, object] = {key: spec[key] for key in ("classes", *DECODING) if key in spec}  # type: ignore[literal-required]
    if temperature is not None:
        values["temperature"] = temperature
    return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}


def unusable(path: Path, why: str) -> ArtifactError:
    """Return the error for a file of an exported model that is missing, damaged or not to be trusted."""
    return ArtifactError("E_EXPORT", f"{path.name} {why}", where=path, fix="run `darkroom export` again")
