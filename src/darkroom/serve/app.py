"""The application: its routes, and how their errors become answers."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from darkroom.serve import describe, prediction_routes, protocol_routes, refusal, status_routes
from darkroom.serve.gate import App, Gate, Message, Receive, Send
from darkroom.serve.refusal import Refusal
from darkroom.serve.service import Service

Running = Callable[[], AbstractAsyncContextManager[Service]]  # entered in the event loop, left when the server ends
Route = Callable[..., Coroutine[Any, Any, Response]]

PREDICT = "/predict"
MODEL = "/v2/models/{name}"
VERSION = MODEL + "/versions/{version}"
PREDICTING: dict[str, tuple[Route, dict[str, Any]]] = {  # first, because routes are tried in order
    PREDICT: (prediction_routes.predict, describe.PREDICT),
    f"{MODEL}/infer": (protocol_routes.infer, describe.INFER),
    "/invocations": (protocol_routes.invoke, describe.INVOCATIONS),
    "/explain": (prediction_routes.explain, describe.EXPLAIN),
}
TELLING: dict[str, Route] = {
    "/health": status_routes.health,
    "/ready": status_routes.ready,
    "/metrics": status_routes.metrics,
    "/v2": protocol_routes.server,
    "/v2/health/live": protocol_routes.live,
    "/v2/health/ready": status_routes.ready,
    MODEL: protocol_routes.metadata,
    f"{MODEL}/ready": protocol_routes.model_ready,
}
UNLISTED: dict[str, Route] = {  # pages, and what the Open Inference Protocol offers once more by version
    "/": status_routes.page,
    "/docs": status_routes.docs,
    "/page/{name}": status_routes.part,
    VERSION: protocol_routes.metadata,
    f"{VERSION}/ready": protocol_routes.model_ready,
}
WORDS = {404: "not_found", 405: "method_not_allowed"}


def make(running: Running, token: str | None = None) -> App:
    """Return the ASGI application that answers with the service of `running`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running() as service:
            app.state.service = service
            yield

    title, release = "darkroom serve", version("darkroom")
    app = FastAPI(title=title, version=release, lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_routes(app)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_query)
    app.add_exception_handler(Exception, _failed)
    return Gate(_with_shortcut(app), lambda: app.state.service, token)


def _with_shortcut(app: FastAPI) -> App:
    """Hand `POST /predict` to its function without the layers of FastAPI, which find nothing to do for it."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PREDICT or scope["method"] != "POST":
            return await app(scope, receive, send)
        scope["app"], scope["endpoint"] = app, prediction_routes.predict
        try:
            response = await prediction_routes.predict(Request(scope, receive))
        except Refusal as fault:
            response = fault.response()
        await response(scope, receive, send)

    return answer


def _add_routes(app: FastAPI) -> None:
    for path, (post, described) in PREDICTING.items():
        app.add_api_route(path, post, methods=["POST"], openapi_extra=described)
    for path, get in TELLING.items():
        app.add_api_route(path, get, response_class=Response)
    for path, get in UNLISTED.items():
        app.add_api_route(path, get, include_in_schema=False)
    app.add_api_route(f"{VERSION}/infer", protocol_routes.infer, methods=["POST"], include_in_schema=False)


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Refusal)
    return fault.response()


async def _http_error(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    headers = dict(fault.headers) if fault.headers else None
    return Refusal(fault.status_code, WORDS.get(fault.status_code, "refused"), str(fault.detail), headers).response()


async def _bad_query(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    where = ", ".join(".".join(map(str, error["loc"])) for error in fault.errors())
    return refusal.bad_request("bad_query", f"cannot be read: {where}").response()


async def _failed(request: Request, fault: Exception) -> Response:
    """A model that fails, or a bug; Starlette raises it again, for the last resort of `gate` to print."""
    return Refusal(500, "internal", "the server has failed").response()
