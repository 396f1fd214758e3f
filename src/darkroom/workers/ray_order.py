"""Tasks of Ray whose results come in order, with a bounded number under way."""

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


def results(start: Callable[[Item], Any], items: Iterable[Item], cluster: Cluster, side_by_side: int) -> Iterator:
    """Yield what becomes of the task that `start` starts for each item, of which so many run `side_by_side`.

    Raises EnvironmentFault (exit 5) when a task fails at each try, ServiceError (exit 6) when the head is dead, and
    what a task raised that is an error of ours.
    """
    running: deque = deque()
    for item in items:
        if len(running) >= side_by_side * AHEAD:
            yield _received(running.popleft(), cluster)
        running.append(start(item))
    while running:
        yield _received(running.popleft(), cluster)


def _received(task: Any, cluster: Cluster) -> Any:
    import ray

    try:
        while not ray_cluster.wait([task], cluster):
            pass
        return ray.get(task)
    except WorkerStartError:  # as a worker's of this machine
        raise
    except ray.exceptions.RayError as fault:
        if isinstance(cause := getattr(fault, "cause", None), DarkroomError):  # such as of a bucket
            raise cause from fault
        what = f"a task failed, at each of {TRIES} tries where a node died: {str(fault).strip().splitlines()[-1]}"
        raise EnvironmentFault("E_CLUSTER", what, where="Ray", fix="see `ray status` and Ray's logs") from fault
