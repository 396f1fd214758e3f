"""task_pool: a task that fails or dies costs that task, and memory does not creep."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from darkroom.workers.task_pool import Event, TaskPool

MAX_GROWTH = 1 << 30
HELD = []


def start(worker_id):
    HELD.append(worker_id)


def task(kind, value, send):
    if kind == "raise":
        raise ValueError(f"{value}\nand more")
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "grow":
        HELD.append(bytearray(os.urandom(1 << 10) * (value >> 10)))
    if kind == "send":
        for number in range(value):
            send(number)
    return os.getpid(), HELD[0]


@pytest.fixture
def done():
    """A function that runs tasks and returns the events of each; the last has a (pid, worker id) or a reason."""

    def run(*tasks, workers=1, max_growth=MAX_GROWTH):
        events_of = {number: [] for number in range(len(tasks))}
        with TaskPool(task, start, workers, max_growth=max_growth) as pool:
            for number, arguments in enumerate(tasks):
                pool.submit(number, *arguments)
            while not all(events and events[-1].kind in ("done", "failed") for events in events_of.values()):
                event = pool.next()
                events_of[event.key].append(event)
        return events_of

    return run


def test_each_task_starts_sends_messages_and_ends_in_this_order(done):
    events = done(("send", 3), ("send", 1), workers=2)
    assert [e.kind for e in events[0]] == ["started", "message", "message", "message", "done"]
    assert [e.value for e in events[0][1:4]] == [0, 1, 2]
    assert [e.kind for e in events[1]] == ["started", "message", "done"]


def test_a_worker_lives_from_task_to_task_and_no_two_have_one_id(done):
    ends = [events[-1].value for events in done(*[("", 0)] * 8, workers=3).values()]
    assert len(set(ends)) == len({pid for pid, _ in ends}) == len({worker_id for _, worker_id in ends}) <= 3


def test_a_task_that_raises_or_dies_costs_that_task_alone(done):
    events = done(("", 0), ("raise", "no luck"), ("", 0), ("die", 0), ("", 0))
    kinds = [events[number][-1].kind for number in range(5)]
    assert kinds == ["done", "failed", "done", "failed", "done"]
    assert events[1][-1].value == "ValueError: no luck"
    assert "killed (exit code -9)" in events[3][-1].value
    assert events[4][-1].value[1] == 0  # the id of the dead worker


def test_a_worker_that_grew_is_replaced(done):
    events = done(("", 0), ("grow", 64 << 20), ("", 0), max_growth=32 << 20)
    pids = [events[number][-1].value[0] for number in range(3)]
    assert pids[0] == pids[1] != pids[2]


def test_cancelled_tasks_are_those_that_no_worker_has_begun():
    with TaskPool(task, start, 1, max_growth=MAX_GROWTH) as pool:
        for number in range(3):
            pool.submit(number, "", 0)
        assert pool.next() == Event(0, "started")
        assert pool.cancel() == [1, 2]


PARENT = """
import sys, time
sys.path.insert(0, {here!r})
from darkroom.workers.task_pool import TaskPool
from test_task_pool import sleep, start
with TaskPool(sleep, start, 2, max_growth=1 << 30) as pool:
    pool.submit(0); pool.submit(1)
    messages = 0
    while messages < 2:
        event = pool.next()
        if event.kind == "message":
            messages += 1
            print(event.value, flush=True)
    time.sleep(60)
"""


def sleep(send):
    send(os.getpid())
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
    with TaskPool(task, start, 1, max_growth=MAX_GROWTH) as pool:
        pids = []
        for number in range(2):
            pool.submit(number, "", 0)
            assert pool.next().kind == "started"
            event = pool.next()
            assert event.kind == "done"
            pids.append(event.value[0])
            psutil.Process(event.value[0]).kill()
            psutil.wait_procs([psutil.Process(event.value[0])] if psutil.pid_exists(event.value[0]) else [], timeout=60)
        assert pids[0] != pids[1]
