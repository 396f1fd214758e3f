"""Events that are never lost and never in the way.

Whoever puts an event only appends a line to a file. A thread delivers the events in their order, waits while the
receiver is down and goes on when it is back. What a process could not deliver, because the receiver stayed
down or because the process was killed, the next one delivers first. So delivering an event twice must do no harm.
The price: the events of a killed process arrive when the next one starts.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from darkroom.mlflow_client import journal
from darkroom.mlflow_client.journal import Event
from darkroom.runtime.errors import brief, warn

PAUSE = 10.0  # seconds between two attempts while the receiver is down
GRACE = 15.0  # seconds that the end of a run may wait for deliveries
HURRY = 2.0  # the same when the run was interrupted: whoever stops a process kills it soon after


class Refused(Exception):
    """The receiver will never take this event; the ones after it may be fine."""


class Outbox:
    """The events of this process. `deliver` raises Refused, or anything else to be asked again."""

    def __init__(self, folder: Path, deliver: Callable[[Event], None]):
        self._file = journal.new(folder)
        self.path = Path(self._file.name)
        self._rejected = journal.Rejected(folder / "rejected.jsonl")
        self._deliver, self._events, self._settled = deliver, SimpleQueue(), threading.Event()
        self._closing, self._warned, self._left = threading.Event(), False, 0
        self._slow = False
        self._unwritten, self._unborn = False, set[str]()  # the second: runs whose start was refused
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Write `event` down and have it delivered; on a full disk it is only delivered."""
        line = journal.encode(event)
        with self._lock:
            self._write(line)
            self._left += 1
            self._settled.clear()
            self._events.put(event)

    def settle(self, patience: float = GRACE) -> bool:
        """Whether everything put so far was delivered within `patience` seconds; at once while the receiver is down.

        A receiver so slow that it once took longer counts as down until it has taken an event.
        """
        if self._left and not self._warned and not self._slow:
            self._slow = not self._settled.wait(patience)
        return not self._left

    def close(self, patience: float = GRACE) -> None:
        """Deliver what can be delivered within `patience` seconds; the rest stays on disk."""
        self._closing.set()
        self._events.put(None)
        self._thread.join(patience)
        self._file.close()
        if self._left:
            warn(f"{self._left} events for MLflow wait in {self.path}; the next run sends them")
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as fault:
            if not self._unwritten:
                warn(f"events for MLflow cannot be written down ({brief(fault)}); those that it misses are lost")
            self._unwritten = True

    def _work(self) -> None:
        if not all(map(self._send_left, journal.left(self.path.parent))):
            return  # the events of this process come after those, so they wait as well
        for event in iter(self._events.get, None):
            if not self._insist(event):
                return
            with self._lock:
                self._left -= 1
                if not self._left:
                    self._settled.set()

    def _send_left(self, path: Path) -> bool:
        """Deliver the events of a process that ended before it could. False when the outbox closes before."""
        try:
            with journal.claimed(path) as file:
                if file is not None:
                    if not self._send_all(file):
                        return False
                    path.unlink(missing_ok=True)
        except Exception as fault:  # a journal that cannot be read must not hold up the others
            with suppress(OSError, ValueError):
                warn(f"the events in {path} cannot be sent ({brief(fault)})")
        return True

    def _send_all(self, file: BinaryIO) -> bool:
        begun: dict[str, bool] = {}  # whether a run is still open, by its key
        damaged = self._rejected.count
        for event in filter(None, map(self._decoded, journal.lines(file))):
            if not self._insist(event):
                return False
            if event["kind"] in ("start", "end"):
                begun[event["key"]] = event["kind"] == "start"
        keys = [key for key, is_open in begun.items() if is_open and key not in self._unborn]
        return all(self._insist(event) for key in keys for event in _killed(key, self._rejected.count > damaged))

    def _decoded(self, line: bytes) -> Event | None:
        try:
            return journal.decode(line)
        except ValueError as fault:
            self._rejected.add(line, fault)
            return None

    def _insist(self, event: Event) -> bool:
        """Deliver `event`, however often that takes. False when the outbox closes before."""
        while True:
            last = self._closing.is_set()
            if self._attempt(event):
                return True
            if last:
                return False
            self._closing.wait(PAUSE)

    def _attempt(self, event: Event) -> bool:
        try:
            self._deliver(event)
        except Refused as fault:
            self._rejected.add(journal.encode(event), fault)
            if event["kind"] == "start":
                self._unborn.add(event["key"])
        except Exception as fault:  # a receiver can fail in any way; training must not
            self._complain(fault)
            return False
        self._warned = self._slow = False
        return True

    def _complain(self, fault: Exception) -> None:
        if not self._warned:
            self._warned = True
            self._settled.set()  # nobody waits for a receiver that is down
            with suppress(OSError, ValueError):
                warn(f"MLflow does not answer ({brief(fault)}); work goes on, the events wait in {self.path}")


def deliver_leftovers(folder: Path, deliver: Callable[[Event], None]) -> None:
    """Deliver what ended processes left in `folder`, as far as the receiver takes it now."""
    Outbox(folder, deliver).close()


def _killed(key: str, damaged: bool) -> list[Event]:
    """What ends a run that began and never ended: its process was killed, or the line of its end is damaged."""
    end = {"kind": "end", "key": key, "status": "KILLED"}
    doubt = {"kind": "tags", "key": key, "values": {"darkroom.end": "not known: its journal was damaged"}}
    return [doubt, end] if damaged else [end]
