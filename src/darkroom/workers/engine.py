"""Where the work of a stage is done: in processes of this machine, or on a Ray cluster.

A stage opens the engine of params.yaml, and what it calls asks here for workers. So no function between the two needs
to know of it. Results are the same, byte for byte, wherever they were computed.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import ServiceError, warn
from darkroom.workers import local_items
from darkroom.workers.ray_calls import results as cluster_calls
from darkroom.workers.ray_cluster import Cluster, connected
from darkroom.workers.ray_items import results as cluster_results
from darkroom.workers.ray_tasks import ClusterTaskPool
from darkroom.workers.serving import Limits
from darkroom.workers.task_pool import Event, TaskPool

if TYPE_CHECKING:
    from darkroom.params import Engine  # half of the start of a worker, which needs none

Context = TypeVar("Context")
Item = TypeVar("Item")
Result = TypeVar("Result")

_cluster: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


class Tasks(Protocol):
    """What `TaskPool` and `ClusterTaskPool` have in common."""

    def submit(self, key: Hashable, *arguments: object) -> None: ...

    def cancel(self) -> list[Hashable]: ...

    def next(self) -> Event: ...


@contextmanager
def opened(config: "Engine", reads: Sequence[Path] = (), modules: Sequence[str] = ()) -> Iterator[None]:
    """Let the work inside the block be done where `config` says.

    `reads` are the files and folders of the project that it reads, for machines that do not see the project, and
    `modules` what workers of a cluster import before their first item. Raises EnvironmentFault (exit 5) where Ray is
    missing or a node is not like this machine, ServiceError (exit 6) where the cluster, or the bucket, does not answer.
    """
    if config.kind == "local":
        yield
        return
    with connected(config, reads, modules) as cluster:
        token = _cluster.set(cluster)
        try:
            yield
        finally:
            _cluster.reset(token)


def images_copy(config: "Engine", folder: Path) -> str | Mapping[str, str] | None:
    """Where workers read the shards of images: None where they see the `folder`, which is sealed.

    Else the URL of a folder, or that of each file by its name: if all that they see is a bucket, the files are sent
    there. Raises ServiceError (exit 6) where it refuses, ArtifactError (exit 4) for a file that is not the sealed one.
    """
    if config.images or config.kind == "local" or not config.shared:
        return config.images
    return BucketCopy(config.shared).publish_sealed(folder)


def results(function: Callable, items: Sequence, workers: int, limits: Limits | None) -> Iterator:
    """Yield the result of each item, Lost and Raised among them, in order.

    `workers` counts on this machine; a cluster has its own number.
    """
    cluster = _cluster.get()
    return (
        cluster_results(function, items, limits, cluster)
        if cluster
        else local_items.results(function, items, workers, limits)
    )


def each(
    call: Callable[[Context, Item], Result], read: Callable[[], Context], items: Iterable[Item]
) -> Iterator[Result]:
    """Yield `call(read(), item)` of each item, in order: one after the other here, side by side on a cluster.

    For calls of seconds or minutes. A process calls `read` once. Raises what a call raises.
    """
    cluster = _cluster.get()
    if cluster:
        yield from cluster_calls(call, read, items, cluster)
    else:
        context = read()
        yield from (call(context, item) for item in items)


@contextmanager
def task_pool(task: Callable, start: Callable[[int], None], workers: int, *, max_growth: int) -> Iterator[Tasks]:
    """Open a `TaskPool`, or its like on the cluster, to which `start` and `max_growth` do not matter."""
    cluster = _cluster.get()
    with ClusterTaskPool(task, cluster) if cluster else TaskPool(task, start, workers, max_growth=max_growth) as pool:
        yield pool


def keep(path: Path) -> None:
    """Copy a small file that was written, from which another machine would go on, to where the cluster's state is."""
    if copy := _copy():
        copy.keep(path)


def recall(path: Path) -> None:
    """Fetch a file that is about to be read, if another machine kept it."""
    if copy := _copy():
        copy.recall(path)


def forget(state: Path) -> None:
    """Remove what was kept below the folder, by this machine or a node.

    Where the bucket refuses, that is a warning: whoever is done needs none of it, and a rule of the bucket removes it.
    """
    if copy := _copy():
        try:
            copy.forget(state)
        except ServiceError as fault:
            warn(f"{state} stays in the bucket: {fault.what}, {fault.where}")


def _copy() -> BucketCopy | None:
    cluster = _cluster.get()
    return cluster.copy if cluster else None
