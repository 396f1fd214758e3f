"""A connection to a client: uvicorn's, with limits on the time and the size of the head of a request.

uvicorn limits neither with httptools: a client that sends a byte a second would keep its connection for ever, and one
that sends headers without end would fill the memory. It also refuses at once what is no HTTP; here the requests before
it are answered first.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from darkroom.serve.body import WHOLE
from darkroom.serve.intake import GONE
from darkroom.serve.transport import Joining

SECONDS = 10.0  # from when a request is waited for to the end of its head
HEAD = 1 << 16  # bytes
LINGER = 0.5  # seconds


def _body(error: str, what: str) -> bytes:
    return json.dumps({"error": error, "what": what}).encode()


def _answer(status: bytes, body: bytes) -> bytes:
    fields = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close" % len(body)
    return b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status, fields, body)


BODY = _body("head_too_large", f"the head of a request has at most {HEAD} bytes")
TOO_LARGE = _answer(b"431 Request Header Fields Too Large", BODY)
NO_HTTP = _answer(b"400 Bad Request", _body("no_http", "what was sent is no HTTP request"))


class Connection(HttpToolsProtocol):
    """Made by uvicorn for each client."""

    _timer: asyncio.TimerHandle | None = None
    _unanswered = 0  # requests whose head is complete and whose answer is not
    _in_head = False
    _begins = False  # whether the head has begun in what is being parsed
    _head = 0  # bytes of a head that is not complete
    _refusal: bytes | None = None  # the last answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Joining(transport, self.loop)  # type: ignore[assignment]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return
        self._begins = False
        super().data_received(data)
        if self._in_head and not self._begins:  # where it begins, what came with it may be of the request before
            self._head += len(data)
            if self._head > HEAD:
                self._refuse(TOO_LARGE)
        if not self._unanswered and not self.transport.is_closing():
            self._await_head()  # only now: most heads come in one piece, and need no timer

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {GONE: self.transport.is_closing, WHOLE: self._is_whole}  # type: ignore[dict-item]
        self._in_head = self._begins = True

    def on_headers_complete(self) -> None:
        self._head_complete()
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > HEAD:
            self.app = _refuse
        super().on_headers_complete()
        self._unanswered += 1

    def on_response_complete(self) -> None:
        self._unanswered -= 1
        super().on_response_complete()
        if self._refusal and not self._unanswered:
            self._send_refusal(self._refusal)

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this when the parser gives up."""
        if self._unanswered and self.cycle.more_body and not self._in_head:
            self._give_up_last()
        self._refuse(NO_HTTP)

    def shutdown(self) -> None:
        """The port is closed. A request may be on its way, so an idle connection is closed a little later."""
        if self._unanswered:
            super().shutdown()
        else:
            self.loop.call_later(LINGER, super().shutdown)

    def _is_whole(self) -> bool:
        """Whether the bodies of all requests that have begun are here: most come with their head, and need no timer."""
        return not self.cycle.more_body

    def _await_head(self) -> None:
        """Nothing but the end of a head stops the timer: no line ends, no bytes of a head or of an answered request."""
        if self._timer is None:
            self._timer = self.loop.call_later(SECONDS, self.transport.close)

    def _head_complete(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._in_head, self._head = None, False, 0

    def _give_up_last(self) -> None:
        """The body of the last request is no HTTP: the refusal is its answer."""
        self._unanswered -= 1
        if self.pipeline:
            self.pipeline.popleft()
        else:
            self.cycle.disconnected = True  # what the application answers is not sent
            self.cycle.message_event.set()

    def _refuse(self, answer: bytes) -> None:
        """Answer after the requests before, and drop what still comes."""
        self._refusal = answer
        if not self._unanswered:
            self._send_refusal(answer)

    def _send_refusal(self, answer: bytes) -> None:
        """Closed at once, the system would throw away the answer with what was not read."""
        self.transport.write(answer)
        self.loop.call_later(LINGER, self.transport.close)


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(BODY)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
