"""Whether the server answers, what it has measured, and its pages."""

from importlib.resources import files

from fastapi import Request, Response

from darkroom.serve import answers, counters, intake
from darkroom.serve.refusal import Refusal

PAGE = files("darkroom.serve") / "page"
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'"


async def health(request: Request) -> Response:
    """Whether the server runs; it opens its port only after a prediction."""
    return answers.as_json({"status": "ok", **answers.named(intake.service_of(request).model)})


async def ready(request: Request) -> Response:
    """Whether the server takes new requests; 503 once it was told to end."""
    if intake.service_of(request).is_draining:
        raise Refusal(503, "ending", "the server finishes its requests and ends")
    return answers.as_json({"ready": True})


async def metrics(request: Request) -> Response:
    """What Prometheus collects."""
    return Response(intake.service_of(request).counters.text(), media_type=counters.CONTENT_TYPE)


async def page() -> Response:
    """The page on which a person drops an image."""
    return _file("index.html")


async def docs() -> Response:
    """The page that lists the routes."""
    return _file("docs.html")


async def part(name: str) -> Response:
    """A script or a style of the pages."""
    if name not in PARTS:
        raise Refusal(404, "not_found", "there is no such page")
    return _file(name)


PARTS = frozenset(part.name for part in PAGE.iterdir())


def _file(name: str) -> Response:
    headers = {"content-security-policy": POLICY, "x-content-type-options": "nosniff"}
    return Response((PAGE / name).read_bytes(), 200, headers, media_type=TYPES[name.rpartition(".")[2]])
