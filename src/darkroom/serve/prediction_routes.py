"""`POST /predict` and `POST /explain`: darkroom's own requests."""

import asyncio
from base64 import b64encode

import numpy as np
from fastapi import Request, Response

from darkroom import png
from darkroom.inference import scaling
from darkroom.serve import answers, decoders, intake, occlusion, pictures, refusal
from darkroom.serve.backlog import Admission
from darkroom.serve.intake import Predicted


async def predict(request: Request) -> Response:
    """Label images. One image as the body gets one answer, a form or JSON gets a list of them, in order."""
    calibrated = _is_calibrated(request)
    with Admission(intake.service_of(request).backlog) as admission:
        sent = await pictures.read(request, await intake.read(request, admission))
        found = await intake.predict(request, admission, sent.files)
    model, rows = _calibrated(found) if calibrated else found
    return answers.single(model, rows[0]) if sent.is_one else answers.several(model, rows)


async def explain(request: Request) -> Response:
    """Label an image and say what in it spoke for the label.

    `map` is a square of rows: by how much the probability of the label falls where this part of the image is covered.
    `picture` is the image as the model sees it, base64 of a PNG.
    """
    service = intake.service_of(request)
    with Admission(service.backlog) as admission:
        sent, model = await pictures.read(request, await intake.read(request, admission)), service.model
        if len(sent.files) > 1:
            raise refusal.too_large("one image is explained at a time")
        pixels = await asyncio.to_thread(decoders.pixels, sent.files[0], model.settings)
        copies = occlusion.covered(pixels)
        admission.add_images(len(copies))
        row, *rows = await service.predict(model, [pixels, *copies], intake.is_gone(request))
    label = int(row.argmax())
    drops = occlusion.drops(float(row[label]), [float(other[label]) for other in rows])
    picture = b64encode(png.encode(pixels)).decode()
    return answers.as_json({**answers.answer(model, row), "map": drops, "picture": picture, **answers.named(model)})


def _is_calibrated(request: Request) -> bool:
    """By hand: FastAPI takes a tenth of a millisecond to read a parameter."""
    if not request.scope["query_string"]:
        return False
    value = request.query_params.get("calibrated", "false")
    if value not in ("true", "false", "1", "0"):
        raise refusal.bad_request("bad_query", "calibrated is true or false")
    return value in ("true", "1")


def _calibrated(found: Predicted) -> Predicted:
    if found.model.temperature is None:
        raise refusal.bad_request("no_temperature", "the temperature of this model is not known")
    return found._replace(rows=list(scaling.scale(np.stack(found.rows), found.model.temperature)))
