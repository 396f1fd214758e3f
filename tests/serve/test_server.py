"""A server process: how it starts and ends, and what it does for clients that are there then."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from tests.fixtures.http_sockets import answer, connected, received, request
from tests.fixtures.serving import SERVER, server_process

END = 10  # seconds in which a server ends


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
