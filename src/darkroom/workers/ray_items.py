"""Apply a function to items on a Ray cluster.

A chunk of items is one task of Ray, which a node does in a worker process of its own: so an item that kills its
decoder costs that item alone, there as here, and the limits of an item hold. Ray does a chunk again whose node died.
A process of Ray keeps its worker for the next chunk, because starting one takes as long as a hundred small images.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from darkroom.workers import local_items, ray_cluster, ray_order
from darkroom.workers.item_pool import ItemPool
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.serving import Limits

CHUNK = 512  # items of a task, at most: about half a second of work


class Work(NamedTuple):
    """What is done to each item."""

    key: bytes  # of this call of `results`
    function: Callable
    limits: Limits | None


def results(function: Callable, items: Sequence, limits: Limits | None, cluster: Cluster) -> Iterator:
    """Yield the result of each item, Lost and Raised among them, in order. Raises as `ray_order.results` does."""
    import ray  # takes seconds

    run = ray.remote(num_cpus=1, max_retries=ray_order.RETRIES, scheduling_strategy="SPREAD")(_chunk)
    work = ray.put(Work(os.urandom(16), function, limits))  # sent to a node once, not with each chunk
    size = max(1, min(CHUNK, len(items) // (cluster.workers * ray_order.AHEAD)))

    def start(first: int) -> object:
        return run.remote(cluster.root, work, list(items[first : first + size]))

    return chain.from_iterable(ray_order.results(start, range(0, len(items), size), cluster))


def _chunk(root: str, work: Work, items: Sequence) -> list:
    ray_cluster.enter(root)
    pool = _pools.pop(work.key, None) or _new_pool(work)
    made = list(local_items.from_pool(pool, items, local_items.CHUNK))
    _pools[work.key] = pool  # not reached where it is broken
    return made


_pools: dict[bytes, ItemPool] = {}  # of a process of Ray: that of its last chunk, by the key of the work


def _new_pool(work: Work) -> ItemPool:
    while _pools:
        _pools.popitem()[1].close()
    return ItemPool(work.function, 1, work.limits)
