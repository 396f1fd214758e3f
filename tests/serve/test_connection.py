"""What a server process does to clients that are slow, send too much or send no HTTP, over sockets."""

import threading
import time
from contextlib import ExitStack

import pytest
from tests.fixtures.http_sockets import answer, connected, large_image, received, request
from tests.fixtures.serving import server_process

HALF = b"GET /ready HTTP/1.1\r\nHo"  # a head
UPLOAD = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"  # answered before its body is here
CHUNKED = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
HUGE = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 2000) for n in range(50))
ENDLESS = HUGE + b"X: %s\r\n" % (b"a" * 2000) * 200  # comes in several reads, however busy the machine is


def statuses(got):
    return [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:]]


def send(connection, data, pieces, pause=0.01):
    """Send the data in pieces, or what is taken of them, beside the test."""
    threading.Thread(target=_send, args=(connection, data, pieces, pause), daemon=True).start()


def _send(connection, data, pieces, pause):
    size = -(-len(data) // pieces)
    try:
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
            time.sleep(pause)
    except OSError:  # refused meanwhile
        pass


def test_a_slow_head_is_cut_off_and_others_are_answered_meanwhile():
    with server_process(head=1.0) as (_, port), connected(port) as slow, connected(port) as silent:
        slow.sendall(b"POST /predict HT")
        with connected(port) as other:
            other.sendall(request())
            assert answer(other)[0].startswith(b"HTTP/1.1 200")
        assert received(slow) == received(silent) == b""


@pytest.mark.parametrize("first", [b"", request(), UPLOAD], ids=["at first", "after an answer", "before a body"])
def test_who_sends_no_whole_head_is_cut_off_however_often_a_byte_comes(first):
    with server_process(head=1.0) as (_, port), ExitStack() as opened:
        connections = [opened.enter_context(connected(port)) for _ in range(5)]
        for connection in connections:
            connection.sendall(first)
            if first:
                answer(connection)
        for connection, sent in zip(connections, [b"", b"\r\n", HALF], strict=False):
            connection.sendall(sent)
        send(connections[3], b"\r\n" * 400, pieces=400, pause=0.1)  # for 40 s
        send(connections[4], b"GET /" + b"a" * 395, pieces=400, pause=0.1)
        start = time.monotonic()
        assert [received(connection) for connection in connections] == [b""] * 5 and time.monotonic() - start < 20


def test_a_head_that_has_begun_does_not_cut_off_the_answer_of_the_request_before():
    with server_process(head=0.5, pause=1.5) as (_, port), connected(port) as connection:
        connection.sendall(request() + HALF)
        assert statuses(received(connection)) == [200]


def test_the_body_of_a_request_is_no_part_of_the_next_head():
    with server_process() as (_, port), connected(port) as connection:
        data = request(large_image())
        assert len(data) > 100_000
        connection.sendall(data + HALF)
        assert answer(connection)[0].startswith(b"HTTP/1.1 200")
        connection.sendall(b"st: x\r\n\r\n" + HALF)
        assert answer(connection)[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_huge_head_is_refused_at_once_or_in_pieces(pieces):
    with server_process() as (_, port), connected(port) as connection:
        send(connection, HUGE + b"\r\n", pieces)
        got = received(connection)
        assert statuses(got) == [431] and len(got) < 1024


@pytest.mark.parametrize(
    "refused, status",
    [(ENDLESS, 431), (HUGE + b"\r\n", 431), (b"\x16\x03\x01\r\n" * 9, 400), (CHUNKED + b"no size\r\n", 400)],
    ids=["a head without end", "a huge head", "no HTTP", "a body that is no HTTP"],
)
def test_a_refusal_comes_after_the_answers_of_the_requests_before(refused, status):
    with server_process(pause=0.3) as (_, port), connected(port) as connection:
        send(connection, request() * 2 + refused, pieces=10)
        assert statuses(received(connection)) == [200, 200, status]


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10, CHUNKED + b"no size\r\n"])
def test_what_is_no_http_is_refused_once_in_json(sent):
    with server_process() as (_, port), connected(port) as connection:
        connection.sendall(sent)
        got = received(connection)
        body = b'{"error": "no_http", "what": "what was sent is no HTTP request"}'
        assert statuses(got) == [400] and got.endswith(b"\r\n\r\n" + body)
