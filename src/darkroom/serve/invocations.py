"""The requests that clients of MLflow's scoring server send.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from darkroom.serve import json_body
from darkroom.serve.job import Picture
from darkroom.serve.model import ServedModel


class Row(TypedDict):
    """What a registered version of the model answers too, see `register.scoring`."""

    label: str
    probabilities: dict[str, float]  # in the order of the classes
    error: None  # an image that cannot be used refuses the request


FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")


def read(body: bytes) -> Sequence[Picture]:
    """Return the images: base64 in the one column of a table or in a list, or pixels. Raises Refusal (400)."""
    request = json_body.read_object(body)
    forms = [form for form in FORMS if form in request]
    if len(forms) != 1:
        raise json_body.bad(f"the body needs one of {', '.join(FORMS)}")
    values = _values(forms[0], request[forms[0]])
    return [json_body.picture(value) for value in values]


def answer(model: ServedModel, row: np.ndarray) -> Row:
    """The row of an image with probabilities float (k,)."""
    probabilities = dict(zip(model.classes, row.tolist(), strict=True))
    return {"label": model.label(row), "probabilities": probabilities, "error": None}


def _values(form: str, value: Any) -> list[Any]:
    if form == "dataframe_split" and isinstance(value, dict):
        return [_only(row) for row in json_body.member(value, "data")]
    if form != "dataframe_split" and isinstance(value, dict):
        return json_body.member({form: _only(value)}, form)
    values = json_body.member({form: value}, form)
    return [_only(row) if isinstance(row, dict) else row for row in values]


def _only(row: Mapping[str, Any] | Sequence[Any]) -> Any:
    values = list(row.values()) if isinstance(row, dict) else row
    if not isinstance(values, list) or len(values) != 1:
        raise json_body.bad("a row has one column, the image")
    return values[0]
