"""inference.ahead: one thread computes while the next items are made."""

import threading
from itertools import count, islice

import pytest
from tests.fixtures.programs import wait_until

from darkroom.inference import ahead
from darkroom.runtime.process import Terminated


def test_results_come_in_the_order_of_the_items():
    assert list(ahead.map(lambda x: x * x, range(50), 3)) == [x * x for x in range(50)]
    assert list(ahead.map(abs, [], 3)) == []


def test_items_are_made_while_an_earlier_one_is_computed():
    made = threading.Event()

    def items():
        yield 1
        yield 2
        made.set()  # the first is being computed, or nobody would ask for a third

    assert list(ahead.map(lambda x: made.wait(60), items(), 3)) == [True, True]


def test_no_more_items_are_made_than_may_wait():
    taken, go_on = [], threading.Event()
    items = (taken.append(i) or i for i in count())

    def compute(item):
        go_on.wait(60)
        return item

    results = ahead.map(compute, items, 4)
    threading.Timer(0.2, go_on.set).start()
    assert list(islice(results, 1)) == [0]
    assert len(taken) == 5  # the one that is computed, and four that wait
    results.close()


def test_what_a_computation_raises_is_raised_and_earlier_results_are_kept():
    results = ahead.map(lambda x: 1 // x, [2, 1, 0, 5], 10)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_the_thread_ends_with_the_loop_and_leaves_what_waits_undone():
    before, computed = threading.active_count(), []
    results = ahead.map(lambda item: computed.append(item), iter(range(10)), 5)
    next(results)
    results.close()
    assert threading.active_count() == before and len(computed) <= 7
    assert list(ahead.map(abs, range(3), 5)) == [0, 1, 2] and threading.active_count() == before


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, Terminated])
def test_an_interruption_waits_for_no_computation_and_leaves_no_thread(interruption):
    before, go_on, computed = threading.active_count(), threading.Event(), []

    def items():
        yield from range(3)
        raise interruption

    with pytest.raises(interruption):
        list(ahead.map(lambda item: go_on.wait(60) and computed.append(item), items(), 5))
    assert computed == []
    go_on.set()
    wait_until(lambda: threading.active_count() == before, "the thread ends")
    assert computed in ([], [0])  # it may not have begun
