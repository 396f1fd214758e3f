"""parallel.map: the same results in the same order, wherever the work runs."""

import importlib
import multiprocessing
import os
import subprocess
import sys
from functools import partial
from multiprocessing import synchronize

import psutil
import pytest

from darkroom.runtime.errors import EnvironmentFault
from darkroom.workers import parallel, serving
from darkroom.workers.serving import Batched, Limits

WORK = """
import os
import time

def square(number):
    return number * number

def pid(_):
    return os.getpid()

def fails_at_seventy(number):
    if number == 70:
        raise ValueError("seventy")
    return number

def sleeps(_):
    time.sleep(0.05)
    return os.getpid()

def dies(_):
    os.kill(os.getpid(), 9)

def dies_at_seventies(number):
    if number // 10 == 7:
        os.kill(os.getpid(), 9)
    return number

def notes_and_spins_at_sevens(item):
    folder, number = item
    if number % 10 == 7:
        (folder / f"{number} by {os.getpid()}").touch()
        pow(3, 1 << 999_999, (1 << 9999) - 3)  # a minute in one call of C code
    return number

def allocates(megabytes):
    return len(bytearray(megabytes << 20)) >> 20

def all_doubled(numbers):
    if len(numbers) > 1 and 13 in numbers:
        raise MemoryError
    return [2 * number for number in numbers]

def how_many(numbers):
    return [len(numbers)] * len(numbers)

def exits_at_five(number):
    if number == 5:
        os._exit(0)
    return number
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A module that workers can import, which they cannot do with a test."""
    (tmp_path / "darkroom_test_work.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("darkroom_test_work")
    del sys.modules["darkroom_test_work"]


@pytest.fixture
def impatient(monkeypatch):
    """Workers are started before the first item."""
    monkeypatch.setattr(parallel, "PROBE", -1.0)
    monkeypatch.setattr(parallel, "WORTHWHILE", -1.0)


@pytest.mark.parametrize("n", [0, 1, 7, 500])
def test_workers_keep_the_order(work, impatient, n):
    assert list(parallel.map(work.square, range(n), title="", workers=2)) == [i * i for i in range(n)]


def test_little_work_stays_in_this_process(work):
    assert set(parallel.map(work.pid, range(50), title="", workers=2)) == {os.getpid()}


def test_long_work_goes_to_workers_after_a_probe(work):
    pids = list(parallel.map(work.sleeps, range(20), title="", workers=2))
    assert pids[0] == os.getpid() and os.getpid() not in pids[3:]


def test_much_work_goes_to_workers(work, impatient):
    assert os.getpid() not in set(parallel.map(work.pid, range(200), title="", workers=2))


def test_an_exception_of_the_function_is_raised_here(work, impatient):
    results = parallel.map(work.fails_at_seventy, range(200), title="", workers=2)
    with pytest.raises(ValueError, match="seventy"):
        list(results)


def test_a_killed_worker_is_one_sentence_and_exit_5(work, impatient):
    with pytest.raises(EnvironmentFault, match="killed") as fault:
        list(parallel.map(partial(work.dies), range(4), title="scanning", workers=2))
    assert fault.value.where == "scanning"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_item_that_kills_its_worker_costs_that_item_only(work, workers):
    results = parallel.map(
        work.dies_at_seventies, range(76), title="", workers=workers, lost=lambda number, reason: -number
    )
    assert list(results) == [number if number < 70 else -number for number in range(76)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_function_of_two_steps_takes_the_second_for_many_items_and_keeps_their_order(work, impatient, workers):
    def results(function):
        return list(parallel.map(function, range(70), title="", workers=workers, lost=lambda number, reason: -number))

    doubled = results(Batched(work.dies_at_seventies, work.all_doubled))
    assert doubled == [2 * number for number in range(70)]  # 13, too, whose batch failed
    assert max(results(Batched(work.square, work.how_many))) > 4
    assert Batched(work.square, work.all_doubled)(3) == 18


def test_an_item_that_kills_its_worker_costs_no_other_item_of_its_batch(work):
    function = Batched(work.dies_at_seventies, work.all_doubled)
    results = parallel.map(function, range(90), title="", workers=2, lost=lambda number, reason: -number)
    assert list(results) == [-number if 70 <= number < 80 else 2 * number for number in range(90)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_item_that_takes_too_long_is_tried_once_and_costs_that_item_only(work, tmp_path, workers):
    """Also inside one call of C code, which no signal handler of Python and no thread could end."""
    items = [(tmp_path, number) for number in range(20)]
    config = {"title": "", "workers": workers, "limits": Limits(seconds=0.1, memory=1 << 30)}
    results = parallel.map(work.notes_and_spins_at_sevens, items, lost=lambda item, reason: reason, **config)
    assert list(results) == ["slow" if number % 10 == 7 else number for number in range(20)]
    assert sorted(path.name.split()[0] for path in tmp_path.glob("* by *")) == ["17", "7"]


def test_an_item_that_takes_too_much_memory_costs_that_item_only(work):
    limits = Limits(seconds=10, memory=256 << 20)
    results = parallel.map(
        work.allocates, [1, 900, 2], title="", workers=1, lost=lambda item, reason: reason, limits=limits
    )
    assert list(results) == [1, "large", 2]


def test_a_worker_that_ends_in_any_other_way_has_crashed(work):
    results = parallel.map(work.exits_at_five, range(9), title="", workers=2, lost=lambda item, reason: reason)
    assert list(results) == [0, 1, 2, 3, 4, "crashed", 6, 7, 8]


def test_without_shared_memory_or_semaphores_the_results_are_the_same(work, impatient, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(synchronize.SemLock, "__init__", refuse)
    assert list(parallel.map(work.square, range(99), title="", workers=2)) == [i * i for i in range(99)]


def test_a_machine_that_starts_no_process_is_one_sentence_and_exit_5(work, impatient, monkeypatch):
    def refuse(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "start", refuse)
    with pytest.raises(EnvironmentFault, match="cannot be started: Resource") as fault:
        list(parallel.map(work.square, range(4), title="scanning", workers=2))
    assert fault.value.where == "scanning" and fault.value.exit_code == 5 and "ulimit -u" in fault.value.fix


def test_workers_that_die_at_their_start_are_not_started_for_ever(work, impatient, monkeypatch):
    monkeypatch.setattr(serving, "serve", os.abort)
    with pytest.raises(EnvironmentFault, match="die at their start"):
        list(parallel.map(work.square, range(4), title="", workers=2, lost=str))


def test_work_that_may_crash_is_never_done_in_this_process(work):
    assert os.getpid() not in parallel.map(work.pid, range(3), title="", workers=1, lost=str)


def test_results_are_not_computed_ahead_without_bound(work, impatient):
    results = parallel.map(work.square, range(10_000), title="", workers=2)
    next(results)
    results.close()  # would wait for all 10,000 items if they had been submitted


def test_workers_of_a_killed_parent_are_gone(work, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import darkroom_test_work as w\nfrom darkroom.workers import parallel\n"
        "if __name__ == '__main__':\n"
        "    for _ in parallel.map(w.sleeps, range(999), title='', workers=2, lost=str): print(flush=True)"
    )
    # its output is closed when the last process that holds it is gone
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path)
    parent.stdout.readline()
    family = [psutil.Process(parent.pid), *psutil.Process(parent.pid).children(recursive=True)]
    assert len(family) >= 4  # the parent, the server of workers, and two of them
    parent.kill()
    parent.communicate(timeout=60)
    assert psutil.wait_procs(family, timeout=60)[1] == []


def test_importing_it_brings_no_heavy_library():
    script = (
        "import sys, darkroom.workers.parallel; print(sorted({'tensorflow', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
