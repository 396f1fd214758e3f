"""A log of what a model was asked and what it answered: JSON lines, one per image, without any picture.

`darkroom predict --log FILE` and `darkroom serve` append to it. From the light, the colour and the sharpness of the
images and from the probabilities one sees later whether they still are like those that the model was trained on.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, cast

import numpy as np

from darkroom.dataset import image_stats, small_copies
from darkroom.decoding import decode
from darkroom.decoding.decode import PackSettings


class Appearance(TypedDict):
    """What is logged of an image: width and height in pixels, the rest as in `dataset.image_stats`."""

    sha256: str  # of its file
    width: int
    height: int
    brightness: float
    contrast: float
    colour: float
    sharpness: float


class Row(Appearance):
    """One line of the log."""

    time: str  # ISO 8601, UTC
    model: str  # the digest of the model, see `register.identity`
    label: str  # as it was given: "unknown" or "rejected" in place of a class
    probabilities: list[float]  # in the order of the model's classes
    temperature: float | None  # by which the logits were divided; None: the probabilities are the network's


class Measured(NamedTuple):
    """The input of a model, uint8 `(s, s, c)`, and what is logged of its image."""

    pixels: np.ndarray
    appearance: Appearance


def measured(data: bytes, settings: PackSettings) -> Measured:
    """Decode the file `data` once, for the model and for the log. Raises BadImage."""
    facts, small, pixels = decode.inspect_and_pack(data, settings)
    (stats,) = image_stats.compute(small_copies.stack([small]))
    return Measured(
        pixels,
        Appearance(
            sha256=hashlib.sha256(data).hexdigest(),
            width=facts["width"],
            height=facts["height"],
            brightness=stats["brightness"],
            contrast=stats["contrast"],
            colour=stats["colour"],
            sharpness=stats["sharpness"],
        ),
    )


def row(
    model: str, label: str, probabilities: Sequence[float], temperature: float | None, appearance: Appearance
) -> Row:
    """Return the line about an answer that is given now; `model` is the digest of the model."""
    return Row(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        model=model,
        label=label,
        probabilities=list(probabilities),
        temperature=temperature,
        **appearance,
    )


def append(log: Path, rows: Sequence[Row]) -> None:
    """Append `rows` to the file, made if it is missing, in one write, so that several processes may log to it."""
    with log.open("ab", buffering=0) as file:
        file.write("".join(f"{json.dumps(line, allow_nan=False)}\n" for line in rows).encode())


def read(log: Path) -> Iterator[Row | None]:
    """Yield the row of each line; None for a line that is no row, such as the half of one after a full disk.

    Rows of earlier releases had no temperature: they get None.
    """
    with log.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            yield _row(line)


def _row(line: str) -> Row | None:
    try:
        parsed = {"temperature": None, **json.loads(line)}
        return cast(Row, parsed) if _is_row(parsed) else None
    except (TypeError, ValueError, RecursionError):  # no JSON, or no object
        return None


def _is_row(parsed: dict[str, Any]) -> bool:
    texts = all(isinstance(parsed.get(key), str) for key in ("time", "model", "label", "sha256"))
    numbers = [parsed.get(key) for key in Appearance.__annotations__ if key != "sha256"]
    probabilities, temperature = parsed.get("probabilities"), parsed["temperature"]
    if not texts or not isinstance(probabilities, list) or not probabilities:
        return False
    return all(map(_is_number, [*numbers, *probabilities])) and (temperature is None or _is_number(temperature))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
