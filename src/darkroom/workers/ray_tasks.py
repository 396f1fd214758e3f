"""Tasks of minutes on a Ray cluster, as `task_pool` has them on this machine.

Ray starts a task again whose node died; a task that keeps its state in the project, or in a bucket, goes
on where it was.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from darkroom.workers import ray_cluster, ray_place
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.ray_place import Place
from darkroom.workers.task_pool import Event

POLL = 0.2  # seconds between two looks at the messages
TRIES = 3  # of a task whose worker or node dies


class ClusterTaskPool:
    """Runs `task(*arguments, send)` on the cluster, as many at a time as it has workers. To be used in a `with` block.

    A task that raises, or kills its worker at each try, fails, and costs that task alone.
    """

    def __init__(self, task: Callable, cluster: Cluster):
        import ray  # takes seconds
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self._ray = ray
        self._cluster = cluster
        self._run = ray.remote(num_cpus=1, num_gpus=cluster.gpus, max_retries=TRIES - 1)(_attempt)
        self._task = ray.put(task)
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        # no other node's death ends it
        self._messages: Any = ray.remote(_Messages).options(num_cpus=0, scheduling_strategy=here).remote()
        self._waiting: deque[tuple[Hashable, tuple]] = deque()
        self._running: dict[Any, Hashable] = {}
        self._events: deque[Event] = deque()

    def __enter__(self) -> "ClusterTaskPool":
        return self

    def __exit__(self, *_: object) -> None:
        if not ray_cluster.lives(self._cluster):  # nobody is left to cancel anything
            return
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._ray.kill(self._messages)

    def submit(self, key: Hashable, *arguments: object) -> None:
        self._waiting.append((key, arguments))

    def cancel(self) -> list[Hashable]:
        """Withdraw the tasks that were not given to the cluster, and return their keys."""
        keys = [key for key, _ in self._waiting]
        self._waiting.clear()
        return keys

    def next(self) -> Event:
        """Wait for the next event. There must be a task that has not ended."""
        while self._waiting and len(self._running) < self._cluster.workers:
            key, arguments = self._waiting.popleft()
            task = self._run.remote(self._cluster.place, self._task, self._messages, key, arguments)
            self._running[task] = key
            self._events.append(Event(key, "started"))
        while not self._events:
            self._receive()
        return self._events.popleft()

    def _receive(self) -> None:
        ended = ray_cluster.wait(list(self._running), self._cluster, POLL)
        self._events.extend(Event(*message) for message in self._sent())
        for task in ended:
            self._events.append(self._ended(self._running.pop(task), task))

    def _sent(self) -> list[tuple]:
        """The messages since the last call; a task sends before it ends, so those of a task that has ended are here."""
        asked = self._messages.take.remote()
        while not ray_cluster.wait([asked], self._cluster):
            pass
        return self._ray.get(asked)

    def _ended(self, key: Hashable, task: Any) -> Event:
        try:
            return Event(key, *self._ray.get(task))
        except self._ray.exceptions.RayError as fault:
            reason = str(fault).strip().splitlines()[0]
            return Event(key, "failed", f"its worker died at each of {TRIES} tries: {reason}")


class _Messages:
    """An actor that keeps what tasks send until it is taken."""

    def __init__(self) -> None:
        self._kept: list[tuple] = []

    def put(self, message: tuple) -> None:
        self._kept.append(message)

    def take(self) -> list[tuple]:
        taken, self._kept = self._kept, []
        return taken


def _attempt(place: Place, task: Callable, messages: Any, key: Hashable, arguments: tuple) -> tuple[str, object]:
    """On a node: the kind of the last event of the task, and its value."""
    import ray

    try:
        ray_place.enter(place)
        return "done", task(*arguments, lambda value: ray.get(messages.put.remote((key, "message", value))))
    except Exception as fault:  # whatever a task raises, the next ones run
        return "failed", f"{type(fault).__name__}: {fault}".splitlines()[0]
