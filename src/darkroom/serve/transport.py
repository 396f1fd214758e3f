"""Send what is written in one turn of the event loop together.

uvicorn writes the head of an answer and then its body. Each would be a system call and a packet that wakes the client,
and they take a third of the event loop's time.
"""

import asyncio


class Joining:
    """Around a transport of asyncio: what uvicorn's protocol for HTTP calls of one."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop):
        self._transport, self._loop = transport, loop
        self._written: list[bytes] = []
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._written:
            data = b"".join(self._written)
            self._written.clear()
            self._transport.write(data)
