"""shipping.outbox: events are never lost and never in the way."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from darkroom.mlflow_client import event_queue, journal
from darkroom.mlflow_client.event_queue import Outbox, Refused


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
    monkeypatch.setattr(event_queue, "PAUSE", 0.05)


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
    monkeypatch.setattr(event_queue, "PAUSE", 60)
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
    assert [journal.decode(line)["n"] for line in waiting.read_bytes().splitlines()] == [0, 1, 2]
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
    (rejected,) = tmp_path.iterdir()
    assert journal.decode(rejected.read_bytes()) == event(0, kind="bad")


KILLED = """
    import sys, time
    from pathlib import Path
    from darkroom.mlflow_client.event_queue import Outbox
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
    event_queue.deliver_leftovers(tmp_path, receiver)
    assert receiver.got == []  # it lives, so its events are its own
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (path,) = tmp_path.iterdir()
    with path.open("ab") as file:
        file.write(b'1a2b3c4d {"kind": "metr')  # the line that the kill cut short
    event_queue.deliver_leftovers(tmp_path, receiver)
    assert [e["kind"] for e in receiver.got] == ["start", "metrics", "tags", "end"]
    assert receiver.got[-1]["status"] == "KILLED"
    assert "darkroom.end" in receiver.got[-2]["values"]  # the line might have been its end
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]


def waiting(folder, name: str, *lines: bytes) -> None:
    """A journal that an ended process left."""
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))


def sent(folder) -> list:
    receiver = Receiver()
    event_queue.deliver_leftovers(folder, receiver)
    return receiver.got


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
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_bad_line_is_set_aside_and_the_rest_arrives_in_order(tmp_path, capfd, bad, place):
    lines = [*GOOD[:place], BAD[bad], *GOOD[place:]]
    waiting(tmp_path, "1-1.jsonl", *lines)
    assert [e["n"] for e in sent(tmp_path)] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]
    assert (tmp_path / "rejected.jsonl").read_bytes() == BAD[bad] + b"\n"
    assert capfd.readouterr().err.count("warning") == 1


def test_a_line_without_a_checksum_is_taken_as_it_is(tmp_path):
    waiting(tmp_path, "1-1.jsonl", b'{"kind": "metrics", "key": "a", "n": 7}')
    assert [e["n"] for e in sent(tmp_path)] == [7]


def test_a_line_longer_than_memory_allows_is_set_aside_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LONGEST", 100)
    waiting(tmp_path, "1-1.jsonl", GOOD[0], b"x" * 1234, GOOD[1])
    assert [e["n"] for e in sent(tmp_path)] == [0, 1]
    assert (tmp_path / "rejected.jsonl").read_bytes() == b"x" * 1234 + b"\n"


def test_the_oldest_journal_goes_first_whatever_its_process_was_called(tmp_path):
    for n, name in enumerate(["99999-5.jsonl", "7-30.jsonl", "8-200.jsonl"]):
        waiting(tmp_path, name, GOOD[n])
    assert [e["n"] for e in sent(tmp_path)] == [0, 1, 2]


def test_nothing_of_a_later_run_arrives_before_what_waits(tmp_path):
    waiting(tmp_path, "1-1.jsonl", GOOD[0])
    waiting(tmp_path, "1-2.jsonl", GOOD[1])
    receiver = Receiver()
    taken = receiver.__call__

    def once(event):  # the receiver goes down after the first event of the first journal, for a while
        receiver.up = receiver.attempts != 1
        taken(event)

    box = Outbox(tmp_path, once)
    box.put(event(2))
    assert box._thread.is_alive()
    while len(receiver.got) < 3:
        time.sleep(0.01)
    box.close()
    assert [e["n"] for e in receiver.got] == [0, 1, 2]


def test_a_journal_that_is_no_file_or_cannot_be_read_holds_up_nothing(tmp_path, capfd):
    (tmp_path / "1-1.jsonl").mkdir()
    os.mkfifo(tmp_path / "1-2.jsonl")
    (tmp_path / "1-3.jsonl").symlink_to("nowhere")
    waiting(tmp_path, "1-4.jsonl", GOOD[0])
    assert [e["n"] for e in sent(tmp_path)] == [0]


def test_an_interrupted_run_waits_for_a_slow_receiver_no_longer_than_asked(tmp_path, capfd):
    asked = threading.Event()

    def slow(event):
        asked.set()
        release.wait(30)

    release = threading.Event()
    box = Outbox(tmp_path, slow)
    box.put(event(0))
    asked.wait()
    start = time.monotonic()
    box.close(0.05)
    release.set()
    assert time.monotonic() - start < 5
    assert "the next run sends them" in capfd.readouterr().err


def test_on_a_full_disk_events_are_delivered_all_the_same(tmp_path, capfd):
    receiver = Receiver()
    box = Outbox(tmp_path, receiver)
    box._file.close()
    box._file = open("/dev/full", "ab", buffering=0)
    for n in range(3):
        box.put(event(n))
    assert box.settle()
    box.close()
    assert [e["n"] for e in receiver.got] == [0, 1, 2]
    assert capfd.readouterr().err.count("warning") == 1


def test_whatever_byte_is_flipped_no_other_event_is_lost_and_none_is_changed(tmp_path):
    draw = random.Random(1)
    good = b"".join(line + b"\n" for line in GOOD)
    for n in range(60):
        (home := tmp_path / str(n)).mkdir()
        spoilt = bytearray(good)
        spoilt[draw.randrange(len(good))] ^= draw.randrange(1, 256)
        (home / "1-1.jsonl").write_bytes(spoilt)
        got = [e["n"] for e in sent(home)]
        assert len(got) >= 1 and set(got) <= {0, 1, 2} and got == sorted(got)
        assert not (home / "1-1.jsonl").exists()
