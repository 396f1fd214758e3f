"""What /openapi.json says of the bodies that the routes read themselves, and of their answers."""

from typing import Any

FILE = {"type": "string", "format": "binary"}
BASE64 = {"type": "string", "format": "byte", "minLength": 1}
IMAGES = {"type": "array", "items": BASE64, "minItems": 1, "maxItems": 32}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required or properties)}


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


ERROR = _object({"error": {"type": "string"}, "what": {"type": "string"}})
REFUSALS = {
    "400": "The body does not hold what the route asks for",
    "401": "The token is missing or wrong",
    "404": "There is no such model",
    "408": "The body took too long",
    "413": "More bytes or images than a request may have",
    "415": "Another type of content than the route reads",
    "422": "Not an image that can be decoded, or one of too many pixels",
    "500": "The model has failed",
    "503": "Too many requests are waiting, see Retry-After",
}
ANSWER = {
    "label": {"type": "string"},
    "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
}
NAMED = {"model": {"type": "string"}, "digest": {"type": "string"}}
SEVERAL = _object({"predictions": _list_of(_object(ANSWER)), **NAMED})


def _operation(bodies: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind, schema in bodies.items()}
    refused = {"application/json": {"schema": ERROR}}
    responses = {status: {"description": text, "content": refused} for status, text in REFUSALS.items()}
    answered = {"description": "Probabilities", "content": {"application/json": {"schema": answer}}}
    return {"requestBody": {"required": True, "content": content}, "responses": {"200": answered, **responses}}


FORM = _object({"files": _list_of(FILE)})
ONE_IMAGE = {"image/*": FILE, "application/octet-stream": FILE, "multipart/form-data": FORM}
CALIBRATED = {
    "name": "calibrated",
    "in": "query",
    "description": "Apply the temperature of the model, where it is known",
    "schema": {"type": "boolean", "default": False},
}
PREDICT = _operation(
    {**ONE_IMAGE, "application/json": _object({"images": IMAGES})}, {"anyOf": [_object({**ANSWER, **NAMED}), SEVERAL]}
) | {"parameters": [CALIBRATED]}
MAP = _list_of(_list_of({"type": "number"}))
EXPLAIN = _operation(
    {**ONE_IMAGE, "application/json": _object({"images": {**IMAGES, "maxItems": 1}})},
    _object({**ANSWER, "map": MAP, "picture": BASE64, **NAMED}),
)
TENSOR = _object(
    {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
        "datatype": {"enum": ["BYTES", "UINT8"]},
        "data": {"type": "array", "minItems": 1, "items": {}},
    }
)
BOOLEAN = {"type": "boolean"}
OUTPUT = _object(
    {"name": {"enum": ["probabilities", "label"]}, "parameters": _object({"binary_data": BOOLEAN})}, "name"
)
INFER = _operation(
    {
        "application/json": _object(
            {
                "id": {"type": "string"},
                "inputs": {"type": "array", "items": TENSOR, "minItems": 1, "maxItems": 1},
                "outputs": _list_of(OUTPUT),
                "parameters": _object({"binary_data_output": BOOLEAN}),
            },
            "inputs",
        )
    },
    _object({"model_name": {"type": "string"}, "outputs": _list_of({"type": "object"})}),
)
INFER["responses"]["200"]["content"]["application/octet-stream"] = {"schema": FILE}  # JSON, then binary tensors
TABLE = _object({"columns": _list_of({"type": "string"}), "data": _list_of(_list_of(BASE64))}, "data")
INVOCATIONS = _operation(
    {"application/json": {"anyOf": [_object({"dataframe_split": TABLE}), _object({"inputs": IMAGES})]}},
    _object({"predictions": _list_of(_object({**ANSWER, "error": {"type": "null"}}))}),
)
