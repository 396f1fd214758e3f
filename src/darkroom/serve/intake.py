"""From the body of a request to probabilities: what the routes that predict have in common."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from fastapi import Request

from darkroom.serve import body, refusal
from darkroom.serve.backlog import Admission
from darkroom.serve.job import Picture
from darkroom.serve.model import ServedModel
from darkroom.serve.service import Service

LARGE = 1 << 16  # bytes of JSON that are parsed beside the event loop
GONE = "darkroom.is_gone"  # the extension of the ASGI scope that `connection` adds

Parsed = TypeVar("Parsed")


class Predicted(NamedTuple):
    model: ServedModel
    rows: Sequence[np.ndarray]  # float32 (k,) for each image


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def read(request: Request, admission: Admission) -> bytes:
    """Return the body. Raises Refusal as `body.read` does."""
    return await body.read(request, service_of(request).limits, admission)


async def parsed(parse: Callable[[bytes], Parsed], data: bytes) -> Parsed:
    """Return `parse(data)`; large data are parsed in a thread, so that other requests go on."""
    return parse(data) if len(data) < LARGE else await asyncio.to_thread(parse, data)


async def predict(request: Request, admission: Admission, pictures: Sequence[Picture]) -> Predicted:
    """Predict with the model that is current now. Raises Refusal: 413 for too many, 422 for no image, 503 no room."""
    service = service_of(request)
    if len(pictures) > service.limits.images:
        raise refusal.too_large(f"a request has at most {service.limits.images} images")
    admission.add_images(len(pictures) - 1)
    model = service.model
    rows = await service.predict(model, pictures, is_gone(request))
    for row in rows:
        service.counters.label(model.label(row))
    return Predicted(model, rows)


def is_gone(request: Request) -> Callable[[], bool]:
    """Return a function that says whether the client has closed the connection, as far as the server can tell."""
    found: Callable[[], bool] = request.scope.get("extensions", {}).get(GONE, _never)
    return found


def _never() -> bool:
    return False
