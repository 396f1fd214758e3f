"""The event queue: events are never lost and never in the way."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from tests.fixtures.programs import PATIENCE, wait_until

from darkroom.mlflow_client import event_queue, journal
from darkroom.mlflow_client.event_queue import EventQueue, Refused


class Receiver:
    """Accepts events while `up`; counts the attempts."""

    def __init__(self, up: bool = True):
        self.up, self.received, self.attempts = up, [], 0

    def __call__(self, event):
        self.attempts += 1
        if not self.up:
            raise ConnectionError("nobody listens")
        if event["kind"] == "bad":
            raise Refused("wrong name")
        self.received.append(event)


@pytest.fixture(autouse=True)
def short_delay(monkeypatch):
    monkeypatch.setattr(event_queue, "RETRY_DELAY", 0.05)


def event(n: int, kind: str = "metrics") -> dict:
    return {"kind": kind, "key": "a", "n": n}


def test_events_arrive_in_order_and_nothing_stays_on_disk(tmp_path):
    receiver = Receiver()
    queue = EventQueue(tmp_path, receiver)
    for n in range(50):
        queue.put(event(n))
    assert queue.flush()
    queue.close()
    assert [e["n"] for e in receiver.received] == list(range(50))
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_comes_back_gets_everything_once(tmp_path, capfd):
    receiver = Receiver(up=False)
    queue = EventQueue(tmp_path, receiver)
    for n in range(5):
        queue.put(event(n))
    while receiver.attempts < 2:
        time.sleep(0.01)
    receiver.up = True
    queue.close()
    assert [e["n"] for e in receiver.received] == list(range(5))
    assert capfd.readouterr().err.count("warning") == 1


def test_put_and_close_return_at_once_while_the_receiver_is_down(tmp_path, monkeypatch):
    monkeypatch.setattr(event_queue, "RETRY_DELAY", 60)
    queue = EventQueue(tmp_path, Receiver(up=False))
    start = time.monotonic()
    for n in range(1000):
        queue.put(event(n))
    queue.close()
    assert time.monotonic() - start < 5


def test_waiting_events_are_all_on_disk_and_the_next_queue_sends_them_first(tmp_path):
    queue = EventQueue(tmp_path, Receiver(up=False))
    for n in range(3):
        queue.put(event(n))
    queue.close()
    (path,) = tmp_path.iterdir()
    assert [journal.decode(line)["n"] for line in path.read_bytes().splitlines()] == [0, 1, 2]
    receiver = Receiver()
    queue = EventQueue(tmp_path, receiver)
    queue.put(event(3))
    queue.close()
    assert [e["n"] for e in receiver.received] == [0, 1, 2, 3]
    assert list(tmp_path.iterdir()) == []


def test_a_refused_event_is_lost_alone(tmp_path, capfd):
    receiver = Receiver()
    queue = EventQueue(tmp_path, receiver)
    queue.put(event(0, kind="bad"))
    queue.put(event(1))
    queue.close()
    assert [e["n"] for e in receiver.received] == [1]
    assert "wrong name" in capfd.readouterr().err
    (rejected,) = tmp_path.iterdir()
    assert journal.decode(rejected.read_bytes()) == event(0, kind="bad")


KILLED = """
    import sys, time
    from pathlib import Path
    from darkroom.mlflow_client.event_queue import EventQueue
    def deliver(event): raise ConnectionError
    queue = EventQueue(Path(sys.argv[1]), deliver)
    queue.put({"kind": "start", "key": "a"})
    queue.put({"kind": "metrics", "key": "a", "n": 1})
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
    event_queue.deliver_leftovers(tmp_path, receiver)
    assert receiver.received == []  # it lives, so its events are its own
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (path,) = tmp_path.iterdir()
    with path.open("ab") as file:
        file.write(b'1a2b3c4d {"kind": "metr')  # the line that the kill cut short
    event_queue.deliver_leftovers(tmp_path, receiver)
    assert [e["kind"] for e in receiver.received] == ["start", "metrics", "tags", "end"]
    assert receiver.received[-1]["status"] == "KILLED"
    assert "darkroom.end" in receiver.received[-2]["values"]  # the line might have been its end
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]


def write_journal(folder, name: str, *lines: bytes) -> None:
    """The journal of a process that ended."""
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))


def sent_from(folder) -> list:
    receiver = Receiver()
    event_queue.deliver_leftovers(folder, receiver)
    return receiver.received


GOOD = [journal.encode({"kind": "metrics", "key": "a", "n": n}).rstrip() for n in range(3)]
BAD = {
    "not UTF-8": b'\xff{"kind": "start", "key": "k"}',
    "not JSON": b'{"kind": "start", "key"',
    "no object": b"[1]",
    "no kind": b'{"key": "k"}',
    "a kind that is no text": b'{"kind": [], "key": "k"}',
    "no key": b'{"kind": "start"}',
    "nested too deep": b'{"kind":' + b"[" * 100_000,
    "a number of 5000 digits": b'{"kind": "end", "key": "k", "time": ' + b"9" * 5000 + b"}",
    "empty": b"",
    "zeros, as after a crash": bytes(4096),
    "a wrong checksum": b"00000000" + GOOD[0][8:],
    "a flipped byte in a value": GOOD[0].replace(b'"n": 0', b'"n": 8'),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("position", [0, 1, 3])
def test_a_bad_line_is_rejected_and_the_rest_arrives_in_order(tmp_path, capfd, bad, position):
    lines = [*GOOD[:position], BAD[bad], *GOOD[position:]]
    write_journal(tmp_path, "1-1.jsonl", *lines)
    assert [e["n"] for e in sent_from(tmp_path)] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]
    assert (tmp_path / "rejected.jsonl").read_bytes() == BAD[bad] + b"\n"
    assert capfd.readouterr().err.count("warning") == 1


def test_a_line_without_a_checksum_is_accepted(tmp_path):
    write_journal(tmp_path, "1-1.jsonl", b'{"kind": "metrics", "key": "a", "n": 7}')
    assert [e["n"] for e in sent_from(tmp_path)] == [7]


def test_a_line_longer_than_the_limit_is_rejected_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LONGEST", 100)
    write_journal(tmp_path, "1-1.jsonl", GOOD[0], b"x" * 1234, GOOD[1])
    assert [e["n"] for e in sent_from(tmp_path)] == [0, 1]
    assert (tmp_path / "rejected.jsonl").read_bytes() == b"x" * 1234 + b"\n"


def test_the_oldest_journal_is_sent_first_whatever_its_process_id(tmp_path):
    for n, name in enumerate(["99999-5.jsonl", "7-30.jsonl", "8-200.jsonl"]):
        write_journal(tmp_path, name, GOOD[n])
    assert [e["n"] for e in sent_from(tmp_path)] == [0, 1, 2]


def test_waiting_events_arrive_before_those_of_a_later_run(tmp_path):
    write_journal(tmp_path, "1-1.jsonl", GOOD[0])
    write_journal(tmp_path, "1-2.jsonl", GOOD[1])
    receiver = Receiver()
    accept = receiver.__call__

    def once(event):  # the receiver goes down after the first event of the first journal, for a while
        receiver.up = receiver.attempts != 1
        accept(event)

    queue = EventQueue(tmp_path, once)
    queue.put(event(2))
    assert queue._thread.is_alive()
    wait_until(lambda: len(receiver.received) == 3, "all events arrive")
    queue.close()
    assert [e["n"] for e in receiver.received] == [0, 1, 2]


def test_an_unreadable_journal_holds_up_nothing(tmp_path, capfd):
    (tmp_path / "1-1.jsonl").mkdir()
    os.mkfifo(tmp_path / "1-2.jsonl")
    (tmp_path / "1-3.jsonl").symlink_to("nowhere")
    write_journal(tmp_path, "1-4.jsonl", GOOD[0])
    assert [e["n"] for e in sent_from(tmp_path)] == [0]


def test_close_waits_for_a_slow_receiver_no_longer_than_its_timeout(tmp_path, capfd):
    called = threading.Event()

    def slow(event):
        called.set()
        release.wait(30)

    release = threading.Event()
    queue = EventQueue(tmp_path, slow)
    queue.put(event(0))
    assert called.wait(PATIENCE)
    start = time.monotonic()
    queue.close(0.05)
    release.set()
    assert time.monotonic() - start < 5
    assert "the next run sends them" in capfd.readouterr().err


def test_events_are_delivered_although_the_disk_is_full(tmp_path, capfd):
    receiver = Receiver()
    queue = EventQueue(tmp_path, receiver)
    queue._file.close()
    queue._file = open("/dev/full", "ab", buffering=0)
    for n in range(3):
        queue.put(event(n))
    assert queue.flush()
    queue.close()
    assert [e["n"] for e in receiver.received] == [0, 1, 2]
    assert capfd.readouterr().err.count("warning") == 1


def test_whatever_byte_is_flipped_no_other_event_is_lost_and_none_is_changed(tmp_path):
    draw = random.Random(1)
    good = b"".join(line + b"\n" for line in GOOD)
    for n in range(60):
        (folder := tmp_path / str(n)).mkdir()
        damaged = bytearray(good)
        damaged[draw.randrange(len(good))] ^= draw.randrange(1, 256)
        (folder / "1-1.jsonl").write_bytes(damaged)
        numbers = [e["n"] for e in sent_from(folder)]
        assert len(numbers) >= 1 and set(numbers) <= {0, 1, 2} and numbers == sorted(numbers)
        assert not (folder / "1-1.jsonl").exists()
