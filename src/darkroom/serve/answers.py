"""Probabilities as JSON."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TypedDict

import numpy as np
from fastapi import Response

from darkroom.serve.binary_tensors import HEADER_LENGTH
from darkroom.serve.model import ServedModel
from darkroom.serve.open_inference import Reply


class Answer(TypedDict):
    label: str  # the likeliest class
    probabilities: dict[str, float]  # of every class, the likeliest first


def answer(model: ServedModel, row: np.ndarray) -> Answer:
    """What the probabilities float (k,) of an image say."""
    values = row.tolist()
    order = _order(values)
    return {
        "label": model.classes[order[0]],
        "probabilities": {model.classes[number]: values[number] for number in order},
    }


def named(model: ServedModel) -> dict[str, str]:
    """What tells which model has answered."""
    return {"model": model.name, "digest": model.digest}


def single(model: ServedModel, row: np.ndarray) -> Response:
    """The response to a request that is an image."""
    return _json(f"{_text(model, row)[:-1]}, {_named_text(model.name, model.digest)}")


def several(model: ServedModel, rows: Sequence[np.ndarray]) -> Response:
    """The response to a request that holds images."""
    predictions = ", ".join([_text(model, row) for row in rows])
    return _json(f'{{"predictions": [{predictions}], {_named_text(model.name, model.digest)}')


def inferred(reply: Reply) -> Response:
    """The response to a request of the Open Inference Protocol."""
    if not reply.binary:
        return as_json(reply.head)
    text = json.dumps(reply.head).encode()
    headers = {HEADER_LENGTH: str(len(text))}
    return Response(text + reply.binary, headers=headers, media_type="application/octet-stream")


def as_json(value: object) -> Response:
    """Return a response that is JSON, which has no NaN. Raises ValueError for a value that has."""
    return _json(json.dumps(value, allow_nan=False))


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def _order(values: Sequence[float]) -> list[int]:
    """The numbers of the classes, the likeliest first, the first of equal ones first."""
    return sorted(range(len(values)), key=values.__getitem__, reverse=True)


def _text(model: ServedModel, row: np.ndarray) -> str:
    """What `json.dumps` makes of `answer`, in a third of its time. Raises ValueError for NaN and infinity."""
    names, values = _quoted(model.classes), row.tolist()
    if not math.isfinite(sum(values)):
        raise ValueError("the probabilities are not finite")
    order = _order(values)
    pairs = ", ".join([f"{names[number]}: {values[number]!r}" for number in order])
    return f'{{"label": {names[order[0]]}, "probabilities": {{{pairs}}}}}'


@lru_cache(maxsize=2)  # of the model and of the one before it
def _quoted(classes: tuple[str, ...]) -> list[str]:
    return [json.dumps(name) for name in classes]


@lru_cache(maxsize=2)
def _named_text(name: str, digest: str) -> str:
    """The end of an object: `named`, as JSON."""
    return json.dumps({"model": name, "digest": digest})[1:]
