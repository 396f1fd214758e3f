"""How many images are accepted and have no result yet: a batch does not wait for images that nobody has sent."""

import threading


class OnWay:
    """A count that any thread may change."""

    def __init__(self) -> None:
        self.images, self._lock = 0, threading.Lock()

    def add(self, images: int) -> None:
        """Take away with a negative number."""
        with self._lock:
            self.images += images
