"""The connection to a Ray cluster.

The nodes see the project under the path that it has here, on a shared file system: what a stage reads and writes does
not go through Ray, only names of images, small results and packed rows do. The nodes get this package from here, and
must have its dependencies in the same versions, because another decoder is another data set.
"""

import atexit
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import darkroom
from darkroom.runtime.errors import EnvironmentFault, ServiceError, printable

if TYPE_CHECKING:
    from darkroom.params import Engine  # see `engine`

PATIENCE = 10  # seconds for the head to answer
POLL = 1.0  # seconds between two looks whether the head lives
NODE_PATIENCE = 60  # seconds for all nodes to say what they have
COMPARED = ("numpy", "pillow", "simplejpeg", "scipy", "keras", "tensorflow", "jax")
PASSED_ON = (  # environment variables; a node has its own credentials
    "KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION",
)  # fmt: skip
WHERE = "params.yaml: engine"
SAME_VERSIONS = "install the same requirements.txt on every node"


class Cluster(NamedTuple):
    """A cluster to which this process is connected."""

    root: str  # of the project, on every node
    workers: int  # tasks at a time
    gpus: float  # for each task that trains
    head: str  # HOST:PORT


class Node(NamedTuple):
    """What a node says of itself."""

    name: str
    has_project: bool
    versions: dict[str, str]


@contextmanager
def connected(config: "Engine") -> Iterator[Cluster]:
    """Connect to the cluster, or start one on this machine alone, for the duration of the block.

    Raises EnvironmentFault (exit 5) where Ray is missing, where a node has other versions or no project folder;
    ServiceError (exit 6) where no cluster answers.
    """
    ray = _import_ray()
    _require_answer(config.address)
    _init(ray, config.address)
    workers = config.workers if config.workers != "auto" else int(ray.cluster_resources().get("CPU", 1))
    head = ray.get_runtime_context().gcs_address
    cluster = Cluster(os.getcwd(), max(1, workers), config.gpus_per_task, head)
    try:
        _require_alike(ray)
        yield cluster
    finally:
        _disconnect(ray, cluster)


def _init(ray: ModuleType, address: str) -> None:
    package = str(Path(darkroom.__file__).parent)
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    terminate = signal.getsignal(signal.SIGTERM)
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
        raise EnvironmentFault("E_CLUSTER", _first_line(fault), where=WHERE, fix=SAME_VERSIONS) from fault
    finally:
        signal.signal(signal.SIGTERM, terminate)  # Ray's own handler would end this process with exit code 15


def enter(root: str) -> None:
    """Make the project the current folder of this worker process."""
    os.chdir(root)


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
    what = f"no Ray cluster answers at {printable(address)}: {_first_line(why)}"
    return ServiceError("E_CLUSTER", what, where=WHERE, fix=fix)


def _first_line(fault: object) -> str:
    return printable((str(fault).strip().splitlines() or ["no reason given"])[0])


def _require_alike(ray: ModuleType) -> None:
    """Raise EnvironmentFault for the first node that lacks the project or has other versions of what decodes."""
    describe = ray.remote(num_cpus=0)(_describe)
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    asked = [describe.options(scheduling_strategy=strategy(node, soft=False)).remote(os.getcwd()) for node in alive]
    nodes = [node for task in asked for node in _answered(ray, task)]
    ours = _versions()
    for node in nodes:
        if other := {name: theirs for name, theirs in node.versions.items() if theirs != ours[name]}:
            what = ", ".join(
                f"{name} {theirs or 'missing'} (here {ours[name] or 'missing'})" for name, theirs in other.items()
            )
            raise EnvironmentFault("E_CLUSTER", f"node {node.name} has {what}", where=WHERE, fix=SAME_VERSIONS)
        if not node.has_project:
            what = f"node {node.name} does not see {os.getcwd()}"
            raise EnvironmentFault("E_CLUSTER", what, where=WHERE, fix="mount the project there under the same path")


def _answered(ray: ModuleType, task: Any) -> list[Node]:
    """What a node said of itself; nothing of one that died since the cluster listed it."""
    try:
        return [ray.get(task, timeout=NODE_PATIENCE)]
    except ray.exceptions.TaskUnschedulableError:
        return []
    except ray.exceptions.RayError as fault:
        what = f"a node does not run a task: {_first_line(fault)}"
        raise ServiceError("E_CLUSTER", what, where=WHERE, fix="see `ray status`") from fault


def _describe(root: str) -> Node:
    return Node(socket.gethostname(), Path(root, "params.yaml").exists(), _versions())


def _versions() -> dict[str, str]:
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for name in COMPARED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found
