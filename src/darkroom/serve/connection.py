"""A connection to a client: uvicorn's, with limits on the time and the size of the head of a request.

uvicorn limits neither with httptools: a client that sends a byte a second would keep its connection for ever, and one
that sends headers without end would fill the memory.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from darkroom.serve.body import WHOLE
from darkroom.serve.intake import GONE
from darkroom.serve.transport import Joining

SECONDS = 10.0  # for the head of a request
HEAD = 1 << 16  # bytes
LINGER = 0.5  # seconds
BODY = json.dumps({"error": "head_too_large", "what": f"the head of a request has at most {HEAD} bytes"}).encode()
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(BODY), BODY)
)


class Connection(HttpToolsProtocol):
    """Made by uvicorn for each client."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True  # the first one is waited for from the start, the others once they have begun
    _head = 0  # bytes of a head that is not complete
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Joining(transport, self.loop)  # type: ignore[assignment]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._await_head()  # only now: most heads come in one piece, and need no timer
            self._head += len(data)
            if self._head > HEAD:
                self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {GONE: self.transport.is_closing, WHOLE: self._is_whole}  # type: ignore[dict-item]
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._head_complete()
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > HEAD:
            self.app = _refuse
        super().on_headers_complete()

    def shutdown(self) -> None:
        """The port is closed. A request may be on its way, so an idle connection is closed a little later."""
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER, super().shutdown)
        else:
            super().shutdown()

    def _is_whole(self) -> bool:
        """Whether the bodies of all requests that have begun are here: most come with their head, and need no timer."""
        return not self.cycle.more_body

    def _await_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(SECONDS, self.transport.close)

    def _head_complete(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._in_head, self._head = None, False, 0

    def _refuse(self) -> None:
        """Answer, and drop what still comes: closed at once, the system would throw away the answer with it."""
        self._refused = True
        self.transport.write(TOO_LARGE)
        self.loop.call_later(LINGER, self.transport.close)


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(BODY)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
