"""The order in which items are given to workers."""

from darkroom.workers import local_items

SIZE = 4  # items of a chunk
WINDOW = 2 * local_items.AHEAD * SIZE  # items that may be under way or wait for one before them


class TwoWorkers:
    """One is slow and does half of the first chunk while the other comes to the last one that the window lets in.

    There it does half of that, and both die together.
    """

    size = 2

    def __init__(self):
        self.busy = []

    def has_room(self):
        return len(self.busy) < self.size

    def submit(self, numbers, items):
        self.busy.append(numbers)

    def receive(self):
        assert self.busy, "nobody works, and something is left to do"
        last = self.busy[-1]
        if self.busy[0] == range(SIZE):  # the slow one sends what it has
            self.busy[0] = range(SIZE // 2, SIZE)
            yield range(SIZE // 2), list(range(SIZE // 2))
        elif self.busy[0] == range(SIZE // 2, SIZE) and last.start == WINDOW:
            self.busy = []
            yield range(SIZE // 2, SIZE), []
            yield last[: SIZE // 2], list(last[: SIZE // 2])
            yield last[SIZE // 2 :], []
        else:
            self.busy.remove(last)
            yield last, list(last)


def test_what_is_due_does_not_wait_behind_what_another_worker_left_beyond_the_window():
    items = list(range(3 * WINDOW))
    assert list(local_items.from_pool(TwoWorkers(), items, SIZE)) == items
