"""The requests of other servers' clients: the Open Inference Protocol, and MLflow's scoring server."""

from fastapi import Request, Response

from darkroom.serve import answers, intake, invocations, open_inference
from darkroom.serve.backlog import Admission
from darkroom.serve.binary_tensors import HEADER_LENGTH
from darkroom.serve.model import ServedModel


async def infer(request: Request, name: str, version: str | None = None) -> Response:
    """Open Inference Protocol: one tensor, BYTES (n,) of image files or UINT8 (n, h, w, c) of pixels."""
    _named(request, name, version)
    with Admission(intake.service_of(request).backlog) as admission:
        data, length = await intake.read(request, admission), request.headers.get(HEADER_LENGTH)
        inference = await intake.parsed(lambda body: open_inference.read(body, length), data)
        model, rows = await intake.predict(request, admission, inference.pictures)
    return answers.inferred(open_inference.response(inference, model, rows))


async def metadata(request: Request, name: str, version: str | None = None) -> Response:
    """Open Inference Protocol: the tensors that the model takes and returns."""
    return answers.as_json(open_inference.metadata(_named(request, name, version)))


async def model_ready(request: Request, name: str, version: str | None = None) -> Response:
    """Open Inference Protocol: whether the model answers."""
    model = _named(request, name, version)
    return answers.as_json({"name": model.name, "ready": True})


async def server(request: Request) -> Response:
    """Open Inference Protocol: the server."""
    return answers.as_json({"name": "darkroom", "version": request.app.version, "extensions": ["binary_tensor_data"]})


async def live() -> Response:
    """Open Inference Protocol: whether the server runs."""
    return answers.as_json({"live": True})


async def invoke(request: Request) -> Response:
    """MLflow's scoring server: base64 of image files, or pixels, as `dataframe_split` or `inputs`."""
    with Admission(intake.service_of(request).backlog) as admission:
        pictures = await intake.parsed(invocations.read, await intake.read(request, admission))
        model, rows = await intake.predict(request, admission, pictures)
    return answers.as_json({"predictions": [invocations.answer(model, row) for row in rows]})


def _named(request: Request, name: str, version: str | None) -> ServedModel:
    """The current model. Raises Refusal (404) where it is another than the path names."""
    model = intake.service_of(request).model
    if name != model.name or version not in (None, model.digest):
        raise open_inference.not_this_model(name, model)
    return model
