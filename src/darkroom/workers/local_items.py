"""Apply a function to items in worker processes of this machine."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush

from darkroom.workers.item_pool import ItemPool
from darkroom.workers.serving import Limits

CHUNK = 32  # items sent to a worker at a time, at most
AHEAD = 3  # chunks per worker that may be done before the first result is consumed


def results(function: Callable, items: Sequence, workers: int, limits: Limits | None) -> Iterator:
    """Yield the result of each item, Lost and Raised among them, in order. Raises WorkerStartError."""
    size = max(1, min(CHUNK, len(items) // (workers * AHEAD)))
    with ItemPool(function, min(workers, -(-len(items) // size)), limits) as pool:
        yield from from_pool(pool, items, size)


def from_pool(pool: ItemPool, items: Sequence, size: int) -> Iterator:
    """As `results`, from workers that are `pool`'s, to which `size` items are sent at a time.

    None of them may be busy, and if all results are consumed, none is busy afterwards.
    """
    # a heap: a chunk that a dead worker leaves is done before later ones, or what is due would wait behind them
    chunks = [(start, min(start + size, len(items))) for start in range(0, len(items), size)]
    ready: dict[int, object] = {}
    done, ahead = 0, pool.size * AHEAD * size
    while done < len(items):
        while chunks and pool.has_room() and chunks[0][0] < done + ahead:
            start, stop = heappop(chunks)
            pool.submit(range(start, stop), items[start:stop])
        for numbers, made in pool.receive():
            ready.update(zip(numbers, made, strict=False))
            if not made:  # a worker died before it began them
                heappush(chunks, (numbers.start, numbers.stop))
        while done in ready:
            yield ready.pop(done)
            done += 1
