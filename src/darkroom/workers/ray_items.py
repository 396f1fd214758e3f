"""Apply a function to items on a Ray cluster.

A chunk of items is one task of Ray, which a node does in a worker process of its own: so an item that kills its
decoder costs that item alone, there as here, and the limits of an item hold. Ray does a chunk again whose node died.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from darkroom.runtime.errors import EnvironmentFault
from darkroom.workers import local_items, ray_cluster
from darkroom.workers.item_pool import WorkerStartError
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.serving import Limits

CHUNK = 512  # items of a task, at most: about half a second of work
AHEAD = 3  # tasks per worker whose results may wait, which bounds what the store of objects holds
TRIES = 4  # of a task whose node dies


def results(function: Callable, items: Sequence, limits: Limits | None, cluster: Cluster) -> Iterator:
    """Yield the result of each item, Lost and Raised among them, in order.

    Raises EnvironmentFault (exit 5) when a task fails at each try.
    """
    import ray  # takes seconds

    run = ray.remote(num_cpus=1, max_retries=TRIES - 1, scheduling_strategy="SPREAD")(_chunk)
    work = ray.put((function, limits))  # sent to a node once, not with each chunk
    size = max(1, min(CHUNK, len(items) // (cluster.workers * AHEAD)))
    running: deque = deque()
    for start in range(0, len(items), size):
        if len(running) >= cluster.workers * AHEAD:
            yield from _received(running.popleft())
        running.append(run.remote(cluster.root, work, list(items[start : start + size])))
    while running:
        yield from _received(running.popleft())


def _chunk(root: str, work: tuple[Callable, Limits | None], items: Sequence) -> list:
    ray_cluster.enter(root)
    function, limits = work
    return list(local_items.results(function, items, 1, limits))


def _received(task: Any) -> list:
    import ray

    try:
        return ray.get(task)
    except WorkerStartError:  # as a worker's of this machine
        raise
    except ray.exceptions.RayError as fault:
        what = f"a task failed, at each of {TRIES} tries where a node died: {str(fault).strip().splitlines()[-1]}"
        raise EnvironmentFault("E_CLUSTER", what, where="Ray", fix="see `ray status` and Ray's logs") from fault
