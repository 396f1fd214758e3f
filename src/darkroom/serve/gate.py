"""What happens to every request before and after its route: its id, its token, its measures, its last resort."""

import hmac
import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from darkroom.runtime import errors
from darkroom.serve.refusal import Refusal
from darkroom.serve.service import Service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

ID = re.compile(rb"[\w.:-]{1,128}", re.ASCII)
PROCESS, NUMBERS = secrets.token_hex(4).encode(), itertools.count(1)  # of ids for requests that have none
OPEN = ("/health", "/ready", "/v2/health/live", "/v2/health/ready", "/", "/page/", "/docs")  # hold no secret


class Gate:
    """An ASGI application around another. `token` is what clients must send as a bearer token, None for no token."""

    def __init__(self, app: App, service: Callable[[], Service], token: str | None):
        self._app, self._service, self._token = app, service, token

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, answer = time.perf_counter(), _Answer(send, _id(scope), self._service())
        try:
            await self._answer(scope, receive, answer)
        finally:
            self._service().counters.request(_route(scope), answer.status, time.perf_counter() - start)

    async def _answer(self, scope: Message, receive: Receive, answer: "_Answer") -> None:
        try:
            if self._is_refused(scope):
                refusal = Refusal(401, "no_token", "send `Authorization: Bearer TOKEN`", {"www-authenticate": "Bearer"})
                await refusal.response()(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except Exception as fault:  # the last resort: a bug costs one answer
            errors.warn(f"{scope['method']} {scope['path']}: {type(fault).__name__}: {errors.brief(fault)}")
            if not answer.status:
                await Refusal(500, "internal", "the server has failed").response()(scope, receive, answer.send)

    def _is_refused(self, scope: Message) -> bool:
        path = scope["path"]
        if self._token is None or path in OPEN or path.startswith("/page/"):
            return False
        given = dict(scope["headers"]).get(b"authorization", b"")
        return not hmac.compare_digest(given, b"Bearer " + self._token.encode())


class _Answer:
    """Notes the status of an answer and adds the headers that all have."""

    def __init__(self, send: Send, request_id: bytes, service: Service):
        self._send, self._id, self._service, self.status = send, request_id, service, 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"].append((b"x-request-id", self._id))
            if self._service.is_draining:
                message["headers"].append((b"connection", b"close"))  # the next request goes to another server
        await self._send(message)


def _route(scope: Message) -> str:
    """The path of the route that answered, with names for its variable parts; "none" where there is no such route."""
    if "route" in scope:
        return str(scope["route"].path)
    return scope["path"] if "endpoint" in scope else "none"  # `app` has answered itself, where nothing is variable


def _id(scope: Message) -> bytes:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given if ID.fullmatch(given) else b"%s-%d" % (PROCESS, next(NUMBERS))
