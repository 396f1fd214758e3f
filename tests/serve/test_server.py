"""A server process: how it starts and ends, and what it does to clients that are slow or send too much."""

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.serving import SERVER, server_process

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
END = 10  # seconds in which a server ends


def image(level=200):
    buffer = BytesIO()
    Image.fromarray(np.full((9, 9, 3), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def request(data=None):
    data = image() if data is None else data
    return HEAD % len(data) + data


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def received(connection):
    """All bytes until the server closes the connection."""
    return b"".join(iter(partial(connection.recv, 1 << 16), b""))


def answer(connection):
    """The next answer on a connection that stays open: its head and its body."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(1 << 16) or pytest.fail("closed without an answer")
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head, body


def test_it_answers_ends_with_zero_and_leaves_the_port_free():
    with server_process() as (process, port):
        with connected(port) as connection:
            for _ in range(2):
                connection.sendall(request())
                head, body = answer(connection)
                assert head.startswith(b"HTTP/1.1 200") and b'"label": "light"' in body
            process.send_signal(signal.SIGTERM)
            assert process.wait(END) == 0 and process.stderr.read() == ""
        socket.create_server(("127.0.0.1", port)).close()


def test_what_is_accepted_is_answered_before_the_end():
    with server_process(pause=0.6) as (process, port), ExitStack() as opened:
        connections = [opened.enter_context(connected(port)) for _ in range(6)]
        for connection in connections:
            connection.sendall(request())
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert all(received(connection).startswith(b"HTTP/1.1 200") for connection in connections)
        assert process.wait(END) == 0


def test_clients_are_told_to_go_before_the_port_closes():
    with server_process() as (process, port), connected(port) as connection:
        connection.sendall(request())
        answer(connection)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(request())
        assert b"connection: close" in answer(connection)[0] and received(connection) == b""
        assert process.wait(END) == 0


def test_a_client_that_never_ends_its_request_delays_the_end_by_the_grace_alone():
    with server_process(grace=1) as (process, port), connected(port) as connection:
        connection.sendall(request()[:-10])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END) == 0


def test_a_slow_head_is_cut_off_and_others_are_answered_meanwhile():
    with server_process(head=1.0) as (_, port), connected(port) as slow, connected(port) as silent:
        slow.sendall(b"POST /predict HT")
        with connected(port) as other:
            other.sendall(request())
            assert answer(other)[0].startswith(b"HTTP/1.1 200")
        assert received(slow) == received(silent) == b""


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_huge_head_is_refused_at_once_or_in_pieces(pieces):
    with server_process() as (_, port), connected(port) as connection:
        head = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 2000) for n in range(50))
        threading.Thread(target=_send, args=(connection, head, pieces), daemon=True).start()
        got = received(connection)
        assert got.startswith(b"HTTP/1.1 431") and len(got) < 1024


def _send(connection, data, pieces):
    size = -(-len(data) // pieces)
    try:
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
            time.sleep(0.01)
        connection.sendall(b"\r\n")
    except OSError:  # refused meanwhile
        pass


def test_what_is_no_http_is_refused():
    with server_process() as (_, port), connected(port) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10)
        assert received(connection).startswith(b"HTTP/1.1 400")


def test_a_client_that_leaves_frees_its_place():
    with server_process(pause=0.3) as (_, port):
        for _ in range(20):
            with connected(port) as leaving:
                leaving.sendall(request())
        with connected(port) as connection:
            connection.sendall(request())
            assert answer(connection)[0].startswith(b"HTTP/1.1 200")
            for _ in range(100):  # an answer may be here before its place is free
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                if b"darkroom_waiting_images 0.0" in answer(connection)[1]:
                    return
                time.sleep(0.05)
    pytest.fail("a place is taken for ever")


def test_a_port_in_use_is_named_with_exit_5():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = [sys.executable, "-c", SERVER.format(pause=0, head=1, grace=1, port=port)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if "prometheus_client" in done.stderr or "httptools" in done.stderr:
        pytest.skip("the extra `serve` is not installed")
    assert done.returncode == 5 and f"port {port} is in use" in done.stderr and done.stderr.count("\n") == 1
