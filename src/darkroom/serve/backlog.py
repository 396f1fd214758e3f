"""Bound what all requests that are accepted and not answered hold; one that would exceed it is refused at once."""

from darkroom.serve import refusal
from darkroom.serve.limits import Limits


class Backlog:
    """How many images and bytes the requests hold. Only the event loop changes it."""

    def __init__(self, limits: Limits):
        self.limits, self.images, self.bytes = limits, 0, 0

    def take(self, images: int, size: int) -> None:
        """Raise Refusal (503) when there is no room."""
        if self.images + images > self.limits.waiting or self.bytes + size > self.limits.held:
            raise refusal.busy()
        self.give(-images, -size)

    def give(self, images: int, size: int) -> None:
        """Give back what was taken."""
        self.images -= images
        self.bytes -= size


class Admission:
    """The part of one request, from `with` to the end of the block; each request holds one image at least."""

    def __init__(self, backlog: Backlog):
        self._backlog, self._images, self._bytes = backlog, 0, 0

    def __enter__(self) -> "Admission":
        self.add_images(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._backlog.give(self._images, self._bytes)

    def add_images(self, count: int) -> None:
        """Raise Refusal (503) when there is no room for `count` more images."""
        self._backlog.take(count, 0)
        self._images += count

    def add_bytes(self, size: int) -> None:
        """Raise Refusal (503) when there is no room for `size` more bytes."""
        self._backlog.take(0, size)
        self._bytes += size
