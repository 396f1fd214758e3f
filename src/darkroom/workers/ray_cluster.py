"""The connection to a Ray cluster.

The nodes see the project under the path that it has here, on a shared file system, or get what tasks read from a
bucket: what a stage reads and writes does not go through Ray, only names of images, small results and packed rows do.
The nodes get this package from here, and must have its dependencies in the same versions, because another decoder is
another data set.
"""

import atexit
import logging
import math
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import darkroom
from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import EnvironmentFault, ServiceError, printable
from darkroom.workers import heard, ray_nodes
from darkroom.workers.ray_nodes import SAME_VERSIONS, WHERE, first_line
from darkroom.workers.ray_place import Place

if TYPE_CHECKING:
    from darkroom.params import Engine  # see `engine`

PATIENCE = 10  # seconds for the head to answer
CONNECTED = 25  # seconds for the connection; Ray itself would wait 40 for a head that never answers
STARTED = 120  # seconds for a cluster on this machine alone
POLL = 1.0  # seconds between two looks whether the head lives
MOST = 16  # worker processes of a task, for which one process can pass on what they make
PASSED_ON = (  # environment variables; a node has its own credentials
    "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION",
)  # fmt: skip


class Cluster(NamedTuple):
    """A cluster to which this process is connected."""

    place: Place
    workers: int  # processes at a time
    workers_of_a_task: int  # for items: so many processors are free on any node, and fill it; 1 where others use some
    gpus: float  # for each task that trains
    head: str  # HOST:PORT
    copy: BucketCopy | None = None  # where what nodes read and the state of tasks are, if they do not see the project


@contextmanager
def connected(config: "Engine", reads: Sequence[Path], modules: Sequence[str]) -> Iterator[Cluster]:
    """Connect to the cluster, or start one on this machine alone, for the duration of the block.

    `reads` are the files and folders that tasks read, for nodes that do not see the project, and `modules` what workers
    import before their first item. Raises EnvironmentFault (exit 5) where Ray is missing, where a node has other
    versions or no project folder; ServiceError (exit 6) where no cluster answers, or the bucket does not.
    """
    ray = _import_ray()
    _require_answer(config.address)
    seconds = STARTED if config.address == "local" else CONNECTED
    heard.wait_for(partial(_init, ray, config.address), seconds, partial(_no_answer, config.address))
    free, all_of_them = processors()
    workers = config.workers if config.workers != "auto" else max(1, all_of_them)
    of_nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    own = _workers_of_a_task(workers, of_nodes) if free == all_of_them else 1
    head = ray.get_runtime_context().gcs_address
    place = Place(os.getcwd(), config.shared)
    cluster = Cluster(place, workers, own, config.gpus_per_task, head)
    try:
        asked = ray_nodes.ask(ray, place, modules)
        if config.shared:
            copy = BucketCopy(config.shared)
            cluster = cluster._replace(place=place._replace(inputs=copy.publish(reads)), copy=copy)
        ray_nodes.require_alike(ray, asked)
        yield cluster
    finally:
        _disconnect(ray, cluster)


def _workers_of_a_task(workers: int, processors: Sequence[int]) -> int:
    """The largest common divisor of all `workers` and of the `processors` of the nodes that have any, up to MOST.

    So each node has room for a task of items, and none keeps a processor that no task fits.
    """
    common = math.gcd(workers, *filter(None, processors)) if any(processors) else 1
    return max(size for size in range(1, MOST + 1) if common % size == 0)


def _init(ray: ModuleType, address: str) -> None:
    package = str(Path(darkroom.__file__).parent)
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    logging.getLogger("ray").setLevel(logging.ERROR)  # it warns that it handles no signals, which is as we want it
    try:
        ray.init(
            address=None if address == "local" else address,
            runtime_env={"py_modules": [package], "env_vars": variables},
            logging_level="ERROR",
            log_to_driver=False,
            configure_logging=False,
        )
    except (ConnectionError, SystemExit) as fault:  # Ray ends the process of who asks a head that is none
        raise _no_answer(address, str(fault)) from fault
    except RuntimeError as fault:  # another version of Python or of Ray
        raise EnvironmentFault("E_CLUSTER", first_line(fault), where=WHERE, fix=SAME_VERSIONS) from fault


def wait(tasks: Sequence[Any], cluster: Cluster, timeout: float = POLL) -> list:
    """Wait until one of the tasks has ended, for `timeout` seconds at most; return those that have.

    Raises ServiceError (exit 6) when the head is dead, for which Ray itself would wait a minute, and then end this
    process.
    """
    import ray

    ended, _ = ray.wait(list(tasks), timeout=timeout)
    if not ended:
        _require_answer(cluster.head)
    return ended


def cancel(tasks: Iterable[Any]) -> None:
    """Withdraw tasks, and interrupt those that run."""
    import ray

    for task in tasks:
        ray.cancel(task)


def processors() -> tuple[int, int]:
    """How many processors of the cluster nobody uses now, and how many it has."""
    import ray

    return int(ray.available_resources().get("CPU", 0)), int(ray.cluster_resources().get("CPU", 0))


def lives(cluster: Cluster) -> bool:
    """Whether the head answers."""
    try:
        _require_answer(cluster.head)
    except ServiceError:
        return False
    return True


def _disconnect(ray: ModuleType, cluster: Cluster) -> None:
    """End the connection; one to a dead head ends with this process."""
    if lives(cluster):
        ray.shutdown()
    else:
        atexit.register(_leave)


def _leave() -> None:
    """End this process at once with exit 6: Ray would wait a minute for its head, and then crash."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(ServiceError.exit_code)


def _import_ray() -> ModuleType:
    try:
        import ray  # takes seconds, and most projects have no cluster
    except ImportError as fault:
        fix = "pip install 'darkroom[ray]', or set engine.kind to local"
        raise EnvironmentFault("E_CLUSTER", "Ray is not installed", where=WHERE, fix=fix) from fault
    return ray


def _require_answer(address: str) -> None:
    """Raise ServiceError at once where nobody listens: Ray itself tries for minutes."""
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
    except OSError as fault:
        raise _no_answer(address, fault.strerror or str(fault)) from fault


def _no_answer(address: str, why: str) -> ServiceError:
    fix = "start it (`ray start --head`), run this on one of its nodes, or set engine.kind to local"
    what = f"no Ray cluster answers at {printable(address)}: {first_line(why)}"
    return ServiceError("E_CLUSTER", what, where=WHERE, fix=fix)
