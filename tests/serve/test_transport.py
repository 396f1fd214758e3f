"""What is written in one turn of the event loop leaves in one piece, in order, and before the connection is closed."""

import asyncio

import pytest

transport = pytest.importorskip("darkroom.serve.transport")


class Wire:
    def __init__(self):
        self.pieces, self.is_closed = [], False

    def write(self, data):
        assert not self.is_closed
        self.pieces.append(data)

    def close(self):
        self.is_closed = True

    def is_closing(self):
        return self.is_closed


def after(steps):
    """The wire after functions of a transport, each in a turn of its own."""

    async def run():
        wire = Wire()
        joining = transport.Joining(wire, asyncio.get_running_loop())
        for step in steps:
            step(joining)
            await asyncio.sleep(0)
        return wire

    return asyncio.run(run())


def head_and_body(joining):
    joining.write(b"head")
    joining.write(b"body")


def test_head_and_body_are_one_write_and_the_next_answer_another():
    assert after([head_and_body, head_and_body]).pieces == [b"headbody", b"headbody"]


def test_what_is_written_leaves_before_the_end():
    wire = after([lambda joining: (head_and_body(joining), joining.close())])
    assert wire.pieces == [b"headbody"] and wire.is_closed


def test_it_tells_whether_the_connection_is_closing():
    assert [after([step]).is_closing() for step in (head_and_body, lambda joining: joining.close())] == [False, True]
