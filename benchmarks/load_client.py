"""A client that keeps connections busy with prepared requests, in one thread, so that it takes little of the machine.

Each connection sends a request, waits for the answer and sends the next one. Answers have Content-Length.
"""

import itertools
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

CONTENT_LENGTH = b"content-length:"
PIECE = 1 << 16  # bytes
PATIENCE = 60  # seconds for an answer


@dataclass
class LoadResult:
    """What came back."""

    statuses: Counter = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of each answer with status 200
    lost: int = 0  # requests that were sent in full and had no answer: the connection was closed, or stayed silent
    refused: int = 0  # connections that could not be opened
    longest_error: int = 0  # bytes of the longest body with a status of 400 or more
    traceback: bool = False  # in any of those


@dataclass
class _Connection:
    socket: socket.socket
    answered: int = 0  # requests on this connection
    sent: float = 0.0
    got: bytes = b""


def post(path: str, kind: str, body: bytes, host: str = "localhost") -> bytes:
    """Return a whole request."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def run(port: int, requests: Sequence[bytes], *, clients: int, seconds: float = 1e9, count: int = 10**9) -> LoadResult:
    """Send `requests`, round and round, over `clients` connections for `seconds`, or `count` of them.

    Ends early when the server no longer takes connections.
    """
    result, ahead, end = LoadResult(), itertools.islice(itertools.cycle(requests), count), time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            _open(selector, port, ahead, result)
        while selector.get_map():
            answered = selector.select(1.0)
            for key, _ in answered:
                _read(selector, key.data, port, ahead if time.monotonic() < end else iter(()), result)
            if not answered:
                _give_up_silent(selector, result)
    return result


def _open(selector: selectors.BaseSelector, port: int, ahead: Iterator[bytes], result: LoadResult) -> None:
    try:
        opened = socket.create_connection(("127.0.0.1", port), timeout=30)
    except OSError:
        result.refused += 1
        return
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = _Connection(opened)
    selector.register(opened, selectors.EVENT_READ, connection)
    _send(selector, connection, ahead)


def _send(selector: selectors.BaseSelector, connection: _Connection, ahead: Iterator[bytes]) -> None:
    request = next(ahead, None)
    if request is None:
        _close(selector, connection)
        return
    connection.sent, connection.got = time.monotonic(), b""
    with suppress(OSError):  # closed by the server: reading says so too
        connection.socket.sendall(request)


def _read(
    selector: selectors.BaseSelector, connection: _Connection, port: int, ahead: Iterator[bytes], result: LoadResult
) -> None:
    try:
        piece = connection.socket.recv(PIECE)
    except OSError:
        piece = b""
    connection.got += piece
    head, separator, body = connection.got.partition(b"\r\n\r\n")
    if not piece:
        result.lost += 1
        _close(selector, connection)
        _open(selector, port, ahead, result)
    elif separator and len(body) >= _length(head):
        _count(result, connection, head, body)
        if b"connection: close" in head.lower():
            _close(selector, connection)
            _open(selector, port, ahead, result)
        else:
            _send(selector, connection, ahead)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next(int(line[len(CONTENT_LENGTH) :]) for line in lines if line.startswith(CONTENT_LENGTH))


def _count(result: LoadResult, connection: _Connection, head: bytes, body: bytes) -> None:
    status = int(head[9:12])
    result.statuses[status] += 1
    if status == 200:
        result.seconds.append(time.monotonic() - connection.sent)
    elif status >= 400:
        result.longest_error = max(result.longest_error, len(body))
        result.traceback |= b"Traceback" in body


def _give_up_silent(selector: selectors.BaseSelector, result: LoadResult) -> None:
    for key in list(selector.get_map().values()):
        if time.monotonic() - key.data.sent > PATIENCE:
            result.lost += 1
            _close(selector, key.data)


def _close(selector: selectors.BaseSelector, connection: _Connection) -> None:
    selector.unregister(connection.socket)
    connection.socket.close()
