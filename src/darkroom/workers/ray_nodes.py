"""What the nodes of a cluster have: all must decode and train as this machine does."""

import os
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from darkroom.runtime.errors import EnvironmentFault, ServiceError, printable
from darkroom.workers import worker_process
from darkroom.workers.ray_place import Place

PATIENCE = 60  # seconds for all nodes to say what they have
COMPARED = ("numpy", "pillow", "simplejpeg", "scipy", "keras", "tensorflow", "jax")
WHERE = "params.yaml: engine"
SAME_VERSIONS = "install the same requirements.txt on every node"


class Node(NamedTuple):
    """What a node says of itself."""

    name: str
    has_project: bool
    versions: dict[str, str]


def ask(ray: ModuleType, place: Place, modules: Sequence[str]) -> list:
    """Begin to ask each node what it has; this starts the process of Ray there that will work.

    That in turn starts the process from which its workers are forked, which imports the `modules` meanwhile.
    """
    describe = ray.remote(num_cpus=0)(_describe)
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    return [describe.options(scheduling_strategy=strategy(node, soft=False)).remote(place, modules) for node in alive]


def require_alike(ray: ModuleType, asked: list) -> None:
    """Raise EnvironmentFault for the first node that lacks the project or has other versions of what decodes."""
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
            fix = "mount the project there under the same path, or set engine.shared"
            raise EnvironmentFault("E_CLUSTER", what, where=WHERE, fix=fix)


def _answered(ray: ModuleType, task: Any) -> list[Node]:
    """What a node said of itself; nothing of one that died since the cluster listed it."""
    try:
        return [ray.get(task, timeout=PATIENCE)]
    except ray.exceptions.TaskUnschedulableError:
        return []
    except ray.exceptions.RayError as fault:
        what = f"a node does not run a task: {first_line(fault)}"
        raise ServiceError("E_CLUSTER", what, where=WHERE, fix="see `ray status`") from fault


def _describe(place: Place, modules: Sequence[str]) -> Node:
    if modules:
        worker_process.preload(list(modules))
    has_project = bool(place.shared) or Path(place.root, "params.yaml").exists()
    return Node(socket.gethostname(), has_project, _versions())


def _versions() -> dict[str, str]:
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for name in COMPARED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def first_line(fault: object) -> str:
    return printable((str(fault).strip().splitlines() or ["no reason given"])[0])
