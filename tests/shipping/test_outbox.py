"""shipping.outbox: events are never lost and never in the way."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from darkroom.shipping import outbox
from darkroom.shipping.outbox import Outbox, Refused


class Receiver:
    """Takes events while `up`; counts the attempts it turned down."""

    def __init__(self, up: bool = True):
        self.up, self.got, self.attempts = up, [], 0

    def __call__(self, event):
        self.attempts += 1
        if not self.up:
            raise ConnectionError("nobody listens")
        if event["kind"] == "bad":
            raise Refused("wrong name")
        self.got.append(event)


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    monkeypatch.setattr(outbox, "PAUSE", 0.05)


def event(n: int, kind: str = "metrics") -> dict:
    return {"kind": kind, "key": "a", "n": n}


def test_events_arrive_in_their_order_and_nothing_stays(tmp_path):
    receiver = Receiver()
    box = Outbox(tmp_path, receiver)
    for n in range(50):
        box.put(event(n))
    assert box.settle()
    box.close()
    assert [e["n"] for e in receiver.got] == list(range(50))
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_comes_back_gets_everything_once(tmp_path, capfd):
    receiver = Receiver(up=False)
    box = Outbox(tmp_path, receiver)
    for n in range(5):
        box.put(event(n))
    while receiver.attempts < 2:
        time.sleep(0.01)
    receiver.up = True
    box.close()
    assert [e["n"] for e in receiver.got] == list(range(5))
    assert capfd.readouterr().err.count("warning") == 1


def test_putting_and_closing_cost_nothing_while_the_receiver_is_down(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "PAUSE", 60)
    box = Outbox(tmp_path, Receiver(up=False))
    start = time.monotonic()
    for n in range(1000):
        box.put(event(n))
    box.close()
    assert time.monotonic() - start < 5


def test_what_waits_is_complete_on_disk_and_the_next_one_sends_it_first(tmp_path):
    box = Outbox(tmp_path, Receiver(up=False))
    for n in range(3):
        box.put(event(n))
    box.close()
    (waiting,) = tmp_path.iterdir()
    assert [json.loads(line)["n"] for line in waiting.read_text().splitlines()] == [0, 1, 2]
    receiver = Receiver()
    box = Outbox(tmp_path, receiver)
    box.put(event(3))
    box.close()
    assert [e["n"] for e in receiver.got] == [0, 1, 2, 3]
    assert list(tmp_path.iterdir()) == []


def test_a_refused_event_costs_that_event_only(tmp_path, capfd):
    receiver = Receiver()
    box = Outbox(tmp_path, receiver)
    box.put(event(0, kind="bad"))
    box.put(event(1))
    box.close()
    assert [e["n"] for e in receiver.got] == [1]
    assert "wrong name" in capfd.readouterr().err


KILLED = """
    import sys, time
    from pathlib import Path
    from darkroom.shipping.outbox import Outbox
    def deliver(event): raise ConnectionError
    box = Outbox(Path(sys.argv[1]), deliver)
    box.put({"kind": "start", "key": "a"})
    box.put({"kind": "metrics", "key": "a", "n": 1})
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_its_events_and_its_run_ends_as_killed(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout.readline() == b"ready\n"
    receiver = Receiver()
    outbox.deliver_leftovers(tmp_path, receiver)
    assert receiver.got == []  # it lives, so its events are its own
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (path,) = tmp_path.iterdir()
    with path.open("a") as file:
        file.write('{"kind": "metr')  # the line that the kill cut short
    outbox.deliver_leftovers(tmp_path, receiver)
    assert [e["kind"] for e in receiver.got] == ["start", "metrics", "end"]
    assert receiver.got[-1]["status"] == "KILLED"
    assert list(tmp_path.iterdir()) == []
