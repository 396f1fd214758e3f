"""crew: a task that fails or dies costs that task, and memory does not creep."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from darkroom.workers.task_pool import Crew, Event

ROOM = 1 << 30
HELD = []


def sit(seat):
    HELD.append(seat)


def task(kind, value, tell):
    if kind == "raise":
        raise ValueError(f"{value}\nand more")
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "grow":
        HELD.append(bytearray(os.urandom(1 << 10) * (value >> 10)))
    if kind == "tell":
        for number in range(value):
            tell(number)
    return os.getpid(), HELD[0]


@pytest.fixture
def done():
    """A function that does the tasks and returns the events of each, the last one's value a (pid, seat) or a line."""

    def run(*tasks, workers=1, growth=ROOM):
        found = {number: [] for number in range(len(tasks))}
        with Crew(task, sit, workers, growth=growth) as crew:
            for number, arguments in enumerate(tasks):
                crew.submit(number, *arguments)
            while not all(events and events[-1].kind in ("done", "failed") for events in found.values()):
                event = crew.next()
                found[event.key].append(event)
        return found

    return run


def test_each_task_starts_tells_and_ends_in_this_order(done):
    events = done(("tell", 3), ("tell", 1), workers=2)
    assert [e.kind for e in events[0]] == ["started", "told", "told", "told", "done"]
    assert [e.value for e in events[0][1:4]] == [0, 1, 2]
    assert [e.kind for e in events[1]] == ["started", "told", "done"]


def test_a_worker_lives_from_task_to_task_and_no_seat_is_taken_twice(done):
    ends = [events[-1].value for events in done(*[("", 0)] * 8, workers=3).values()]
    assert len(set(ends)) == len({pid for pid, _ in ends}) == len({seat for _, seat in ends}) <= 3


def test_a_task_that_raises_or_dies_costs_that_task_alone(done):
    events = done(("", 0), ("raise", "no luck"), ("", 0), ("die", 0), ("", 0))
    kinds = [events[number][-1].kind for number in range(5)]
    assert kinds == ["done", "failed", "done", "failed", "done"]
    assert events[1][-1].value == "ValueError: no luck"
    assert "killed (exit code -9)" in events[3][-1].value
    assert events[4][-1].value[1] == 0  # the seat of the dead


def test_a_worker_that_grew_is_replaced(done):
    events = done(("", 0), ("grow", 64 << 20), ("", 0), growth=32 << 20)
    pids = [events[number][-1].value[0] for number in range(3)]
    assert pids[0] == pids[1] != pids[2]


def test_cancelled_tasks_are_those_that_no_worker_has_begun():
    with Crew(task, sit, 1, growth=ROOM) as crew:
        for number in range(3):
            crew.submit(number, "", 0)
        assert crew.next() == Event(0, "started")
        assert crew.cancel() == [1, 2]


PARENT = """
import sys, time
sys.path.insert(0, {here!r})
from darkroom.workers.task_pool import Crew
from test_task_pool import sleep, sit
with Crew(sleep, sit, 2, growth=1 << 30) as crew:
    crew.submit(0); crew.submit(1)
    told = 0
    while told < 2:
        event = crew.next()
        if event.kind == "told":
            told += 1
            print(event.value, flush=True)
    time.sleep(60)
"""


def sleep(tell):
    tell(os.getpid())
    time.sleep(60)


def test_workers_die_with_a_killed_parent():
    here = os.path.dirname(__file__)
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(here=here)], stdout=subprocess.PIPE, text=True)
    pids = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, alive = psutil.wait_procs([psutil.Process(p) for p in pids if psutil.pid_exists(p)], timeout=60)
    assert not alive


def test_a_worker_that_was_killed_between_tasks_costs_nothing():
    with Crew(task, sit, 1, growth=ROOM) as crew:
        pids = []
        for number in range(2):
            crew.submit(number, "", 0)
            assert crew.next().kind == "started"
            event = crew.next()
            assert event.kind == "done"
            pids.append(event.value[0])
            psutil.Process(event.value[0]).kill()
            psutil.wait_procs([psutil.Process(event.value[0])] if psutil.pid_exists(event.value[0]) else [], timeout=60)
        assert pids[0] != pids[1]
