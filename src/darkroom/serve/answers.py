"""Probabilities as JSON."""

import json
from collections.abc import Sequence
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
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)  # stable: the first of equal ones
    return {
        "label": model.classes[order[0]],
        "probabilities": {model.classes[number]: values[number] for number in order},
    }


def named(model: ServedModel) -> dict[str, str]:
    """What tells which model has answered."""
    return {"model": model.name, "digest": model.digest}


def single(model: ServedModel, row: np.ndarray) -> Response:
    """The response to a request that is an image."""
    return as_json({**answer(model, row), **named(model)})


def several(model: ServedModel, rows: Sequence[np.ndarray]) -> Response:
    """The response to a request that holds images."""
    return as_json({"predictions": [answer(model, row) for row in rows], **named(model)})


def inferred(reply: Reply) -> Response:
    """The response to a request of the Open Inference Protocol."""
    if not reply.binary:
        return as_json(reply.head)
    text = json.dumps(reply.head).encode()
    headers = {HEADER_LENGTH: str(len(text))}
    return Response(text + reply.binary, headers=headers, media_type="application/octet-stream")


def as_json(value: object) -> Response:
    """Return a response that is JSON, which has no NaN. Raises ValueError for a value that has."""
    return Response(json.dumps(value, allow_nan=False), media_type="application/json")
