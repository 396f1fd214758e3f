"""Apply a function to items on a Ray cluster.

A chunk of items is one task of Ray, which a node does in worker processes of its own: so an item that kills its
decoder costs that item alone, there as here, and the limits of an item hold. Ray does a chunk again whose node died.

A task has as many worker processes as every node can give it. So most nodes run one process of Ray and not one for
each processor, which would take a second of its processor to start. It keeps its workers for the next chunk, and
imports nothing that only they need. Where other jobs use processors of the cluster too, a task has one process: a
larger one might fit no node for as long as they run. Where the nodes do not see the project, what an item adds to a log
of a cache comes here with the results.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

from darkroom.runtime.errors import warn
from darkroom.workers import local_items, ray_cluster, ray_order, ray_place, serving
from darkroom.workers.item_pool import ItemPool
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.ray_place import Place
from darkroom.workers.serving import Limits, Unopened

CHUNK = 512  # items of a task for each of its workers, at most: about half a second of work
FIRST = 64  # of the first tasks and the last ones, so that nobody waits for long
LARGEST = 1024  # of a task, however many workers it has: packed at 224 pixels, they are 154 MB in one object of Ray

PATIENCE = 60  # seconds without a result, after which no task may fit any node


class Work(NamedTuple):
    """What is done to each item."""

    key: bytes  # of this call of `results`
    module: str  # of the function
    function: bytes  # pickled
    limits: Limits | None
    workers: int  # of a task


def results(function: Callable, items: Sequence, limits: Limits | None, cluster: Cluster) -> Iterator:
    """Yield the result of each item, Lost and Raised among them, in order. Raises as `ray_order.results` does.

    Where another job has come to hold processors of each node, so that no task fits any, tasks of one processor go on.
    """
    done = 0
    try:
        for result in _results(function, items, limits, cluster, cluster.workers_of_a_task):
            yield result
            done += 1
    except ray_order.Stalled:
        yield from _results(function, items[done:], limits, cluster, 1)


def _results(
    function: Callable, items: Sequence, limits: Limits | None, cluster: Cluster, workers_of_a_task: int
) -> Iterator:
    import ray  # takes seconds

    own = workers_of_a_task
    # a task of items fills a node, so the next one goes elsewhere by itself, and the same process is given task by task
    run = ray.remote(num_cpus=own, max_retries=ray_order.RETRIES)(_chunk)
    module, pickled = serving.module_of(function), pickle.dumps(function)
    work = ray.put(Work(os.urandom(16), module, pickled, limits, own))  # sent to a node once, not with each chunk
    tasks = cluster.workers // own

    def start(numbers: range) -> object:
        return run.remote(cluster.place, work, list(items[numbers.start : numbers.stop]))

    done = ray_order.results(start, chunks(len(items), tasks, own), cluster, tasks, _Patience(own).look)
    return chain.from_iterable(_with_logs_put(*made) for made in done)


class _Patience:
    """Says once what is waited for when a result takes longer than a task of items should."""

    def __init__(self, workers_of_a_task: int):
        self._own, self._has_said = workers_of_a_task, False

    def look(self, seconds: float) -> None:
        """Raises Stalled if there are processors for smaller tasks."""
        if seconds < PATIENCE:
            return
        free, all_of_them = ray_cluster.processors()
        if free and self._own > 1:
            warn(f"no task of {self._own} processors ended for {PATIENCE} s, yet {free} are free: now it takes one")
            raise ray_order.Stalled
        if not self._has_said:
            warn(f"the cluster has given no result for {PATIENCE} s: {free} of its {all_of_them} processors are free")
        self._has_said = True


def chunks(n: int, tasks: int, workers: int) -> Iterator[range]:
    """The numbers of the items of each task, of which so many run side by side with so many workers each.

    They begin small and grow, so that results come soon, and shrink in the end, so that all workers end together.
    """
    most = min(CHUNK * workers, LARGEST)
    least = max(1, min(FIRST * workers, most, n // (tasks * ray_order.AHEAD)))
    begun = 0
    while begun < n:
        size = max(least, min(most, begun // tasks, (n - begun) // (2 * tasks)))
        yield range(n)[begun : begun + size]
        begun += size


def _with_logs_put(results: list, logs: dict[str, bytes]) -> list:
    for path, records in logs.items():
        with suppress(OSError), Path(path).open("ab", buffering=0) as log:  # as in a cache: all it costs is time
            log.write(records)
    return results


def _chunk(place: Place, work: Work, items: Sequence) -> tuple[list, dict[str, bytes]]:
    """On a node: the results of the items, and what they added to logs, unless that is in the project."""
    ray_place.enter(place)
    pool = _pools.pop(work.key, None) or _new_pool(work)
    size = max(1, min(local_items.CHUNK, len(items) // (work.workers * local_items.AHEAD)))
    try:
        made = list(local_items.from_pool(pool, items, size))
    except BaseException:  # it is broken, or this task is withdrawn
        pool.close()
        raise
    _pools[work.key] = pool
    return made, ray_place.take_logs() if place.shared else {}


_pools: dict[bytes, ItemPool] = {}  # of a process of Ray: that of its last chunk, by the key of the work


def _new_pool(work: Work) -> ItemPool:
    while _pools:
        _pools.popitem()[1].close()
    return ItemPool(cast(Callable, Unopened(work.module, work.function)), work.workers, work.limits)
