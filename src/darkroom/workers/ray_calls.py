"""Calls of seconds or minutes on a Ray cluster: each is one task of Ray, and what they have in common is read once.

A process of Ray keeps what was read for its next task. The price: its memory, until a call reads something else.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from darkroom.workers import ray_order, ray_place
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.ray_place import Place
from darkroom.workers.serving import Raised


def results(call: Callable, read: Callable[[], Any], items: Iterable, cluster: Cluster) -> Iterator:
    """Yield `call(read(), item)` of each item, in order. Raises what a call raises, and as `ray_order.results`."""
    import ray  # takes seconds

    run = ray.remote(num_cpus=1, num_gpus=cluster.gpus, max_retries=ray_order.RETRIES, scheduling_strategy="SPREAD")(
        _called
    )
    key, shared = os.urandom(16), [ray.put(read)]  # in a list it stays a reference, which most tasks need not follow

    def start(item: object) -> object:
        return run.remote(cluster.place, key, shared, call, item)

    for result in ray_order.results(start, items, cluster, cluster.workers):
        if isinstance(result, Raised):
            raise result.exception
        yield result


def _called(place: Place, key: bytes, shared: list, call: Callable, item: object) -> Any:
    """On a node: what the call returns or raises."""
    try:
        ray_place.enter(place)
        return call(_read(key, shared), item)
    except Exception as fault:
        return Raised(fault)


_contexts: dict[bytes, Any] = {}  # of a process of Ray: what its last task read, by the key of the calls


def _read(key: bytes, shared: list) -> Any:
    import ray

    if key not in _contexts:
        _contexts.clear()
        _contexts[key] = ray.get(shared[0])()
    return _contexts[key]
