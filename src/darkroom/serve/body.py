"""Read the body of a request, within its limits of size and time."""

import asyncio
from contextlib import nullcontext

from fastapi import Request
from starlette.requests import ClientDisconnect

from darkroom.serve import refusal
from darkroom.serve.backlog import Admission
from darkroom.serve.limits import Limits
from darkroom.serve.refusal import CLOSE, Refusal

WHOLE = "darkroom.is_whole"  # the extension of the ASGI scope that says whether the whole body has arrived


async def read(request: Request, limits: Limits, admission: Admission) -> bytes:
    """Return the body. Raises Refusal: 400 for an empty one, 408 slow, 413 large, 415 compressed, 503 no room."""
    _refuse_by_header(request, limits)
    is_whole = request.scope.get("extensions", {}).get(WHOLE)
    try:
        async with nullcontext() if is_whole and is_whole() else asyncio.timeout(limits.seconds):
            data = await _chunks(request, limits, admission)
    except TimeoutError as fault:
        raise Refusal(408, "too_slow", f"the body took longer than {limits.seconds:g} s", CLOSE) from fault
    except ClientDisconnect as fault:
        raise refusal.bad_request("disconnected", "the client closed the connection") from fault
    if not data:
        raise refusal.bad_request("empty_body", "the body is empty")
    return data


def _refuse_by_header(request: Request, limits: Limits) -> None:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limits.body:
        raise _too_large(limits)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refusal(415, "compressed", "send the body without Content-Encoding", CLOSE)


async def _chunks(request: Request, limits: Limits, admission: Admission) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limits.body:
            raise _too_large(limits)
        admission.add_bytes(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limits: Limits) -> Refusal:
    return refusal.too_large(f"a body has at most {limits.body} bytes")
