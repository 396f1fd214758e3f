"""Tasks of Ray whose results come in order, with a bounded number under way."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from darkroom.runtime.errors import DarkroomError, EnvironmentFault
from darkroom.workers import ray_cluster
from darkroom.workers.item_pool import WorkerStartError
from darkroom.workers.ray_cluster import Cluster

Item = TypeVar("Item")

AHEAD = 3  # tasks for each that runs whose results may wait, which bounds what the store of objects holds
TRIES = 4  # of a task whose node dies
RETRIES = TRIES - 1


class Stalled(Exception):
    """No result comes, and other tasks have to be started in place of these."""


def results(
    start: Callable[[Item], Any],
    items: Iterable[Item],
    cluster: Cluster,
    side_by_side: int,
    waiting: Callable[[float], None] = lambda seconds: None,
) -> Iterator:
    """Yield what becomes of the task that `start` starts for each item, of which so many run `side_by_side`.

    `waiting` is called about each second with how long the next result has been waited for, in seconds; if it raises
    Stalled, the tasks that have not ended are cancelled. Raises EnvironmentFault (exit 5) when a task fails at each
    try, ServiceError (exit 6) when the head is dead, and what a task raised that is an error of ours.
    """
    running: deque = deque()
    try:
        for item in items:
            if len(running) >= side_by_side * AHEAD:
                yield _received(running, cluster, waiting)
            running.append(start(item))
        while running:
            yield _received(running, cluster, waiting)
    except Stalled:
        ray_cluster.cancel(running)
        raise


def _received(running: deque, cluster: Cluster, waiting: Callable[[float], None]) -> Any:
    """The result of the first task, which is no longer under way then."""
    import ray

    begun = time.monotonic()
    try:
        while not ray_cluster.wait([running[0]], cluster):
            waiting(time.monotonic() - begun)
        return ray.get(running.popleft())
    except WorkerStartError:  # as a worker's of this machine
        raise
    except ray.exceptions.RayError as fault:
        if isinstance(cause := getattr(fault, "cause", None), DarkroomError):  # such as of a bucket
            raise cause from fault
        what = f"a task failed, at each of {TRIES} tries where a node died: {str(fault).strip().splitlines()[-1]}"
        raise EnvironmentFault("E_CLUSTER", what, where="Ray", fix="see `ray status` and Ray's logs") from fault
