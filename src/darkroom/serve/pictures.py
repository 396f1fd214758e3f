"""The images in the body of `POST /predict`: the body itself, the files of a form, or base64 in JSON."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from darkroom.serve import intake, json_body, refusal
from darkroom.serve.refusal import Refusal

ACCEPTED = "image/*, application/octet-stream, multipart/form-data or application/json"


class Sent(NamedTuple):
    files: list[bytes]
    is_one: bool  # the body is the image, so its answer is no list


async def read(request: Request, body: bytes) -> Sent:
    """Return the image files in `body`. Raises Refusal: 400 where there are none, 415 for another type of content."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("image/") or kind == "application/octet-stream":
        return Sent([body], is_one=True)
    if kind == "application/json":
        return Sent(await intake.parsed(_from_json, body), is_one=False)
    if kind == "multipart/form-data":
        return Sent(await _files(request, body), is_one=False)
    raise Refusal(415, "unknown_type", f"send {ACCEPTED}")


def _from_json(body: bytes) -> list[bytes]:
    return [json_body.base64(text) for text in json_body.member(json_body.read_object(body), "images")]


async def _files(request: Request, body: bytes) -> list[bytes]:
    try:
        form = await MultiPartParser(request.headers, _whole(body), max_part_size=len(body)).parse()
        parts = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        found = [await part.read() for part in parts]
        await form.close()
    except (MultiPartException, KeyError, ValueError) as fault:
        raise refusal.bad_request("bad_form", "the form cannot be read") from fault
    if not all(found) or not found:
        raise refusal.bad_request("empty_body", "the form has no files, or an empty one")
    return found


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
