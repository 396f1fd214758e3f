"""A queue whose events are never lost and never in the way.

`put` only appends a line to a file. A thread delivers the events in order, waits while the receiver is down and goes
on when it is back. What a process could not deliver, because the receiver stayed down or because the process was
killed, the next process delivers first. So delivering an event twice must do no harm. The price: the events of a
killed process arrive when the next one starts.
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

RETRY_DELAY = 10.0  # seconds between two attempts while the receiver is down
CLOSE_TIMEOUT = 15.0  # seconds that the end of a run may wait for deliveries
INTERRUPT_TIMEOUT = 2.0  # the same after an interrupt: whoever stops a process kills it soon after
THREAD = "mlflow-events"


class Refused(Exception):
    """The receiver will never accept this event; the ones after it may be fine."""


class EventQueue:
    """The events of this process. `deliver` raises Refused, or any other exception to be called again later."""

    def __init__(self, folder: Path, deliver: Callable[[Event], None]):
        self._file = journal.create(folder)
        self.path = Path(self._file.name)
        self._rejected = journal.Rejected(folder / "rejected.jsonl")
        self._deliver = deliver
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._pending = 0  # events put and not yet delivered
        self._flushed, self._closing = threading.Event(), threading.Event()
        self._is_down, self._is_slow, self._is_unwritable = False, False, False
        self._refused_runs: set[str] = set()  # keys of runs whose start was refused
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=THREAD, daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Write `event` to disk and queue it; on a full disk it is only queued."""
        line = journal.encode(event)
        with self._lock:
            self._write(line)
            self._pending += 1
            self._flushed.clear()
            self._events.put(event)

    def flush(self, timeout: float = CLOSE_TIMEOUT) -> bool:
        """Wait up to `timeout` seconds for the deliveries, not at all while MLflow is down; whether all are done.

        A receiver so slow that a flush timed out counts as down until it has accepted an event.
        """
        if self._pending and not self._is_down and not self._is_slow:
            self._is_slow = not self._flushed.wait(timeout)
        return not self._pending

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Deliver what can be delivered within `timeout` seconds; the rest stays on disk."""
        self._closing.set()
        self._events.put(None)
        self._thread.join(timeout)
        self._file.close()
        if self._pending:
            warn(f"{self._pending} events for MLflow wait in {self.path}; the next run sends them")
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as fault:
            if not self._is_unwritable:
                warn(f"events for MLflow cannot be written down ({brief(fault)}); those that it misses are lost")
            self._is_unwritable = True

    def _work(self) -> None:
        if not all(map(self._send_journal, journal.leftovers(self.path.parent))):
            return  # the events of this process come after those, so they wait as well
        for event in iter(self._events.get, None):
            if not self._retry(event):
                return
            with self._lock:
                self._pending -= 1
                if not self._pending:
                    self._flushed.set()

    def _send_journal(self, path: Path) -> bool:
        """Deliver the events of a process that ended before it could. False when the queue closes first."""
        try:
            with journal.claimed(path) as file:
                if file is not None:
                    if not self._send_events(file):
                        return False
                    path.unlink(missing_ok=True)
        except Exception as fault:  # a journal that cannot be read must not hold up the others
            with suppress(OSError, ValueError):
                warn(f"the events in {path} cannot be sent ({brief(fault)})")
        return True

    def _send_events(self, file: BinaryIO) -> bool:
        is_open: dict[str, bool] = {}  # whether a run has started and not ended, by its key
        rejected_before = self._rejected.count
        for event in filter(None, map(self._decoded, journal.lines(file))):
            if not self._retry(event):
                return False
            if event["kind"] in ("start", "end"):
                is_open[event["key"]] = event["kind"] == "start"
        keys = [key for key, value in is_open.items() if value and key not in self._refused_runs]
        is_damaged = self._rejected.count > rejected_before
        return all(self._retry(event) for key in keys for event in _killed(key, is_damaged))

    def _decoded(self, line: bytes) -> Event | None:
        try:
            return journal.decode(line)
        except ValueError as fault:
            self._rejected.add(line, fault)
            return None

    def _retry(self, event: Event) -> bool:
        """Deliver `event`, in as many attempts as that takes. False when the queue closes first."""
        while True:
            is_last = self._closing.is_set()
            if self._attempt(event):
                return True
            if is_last:
                return False
            self._closing.wait(RETRY_DELAY)

    def _attempt(self, event: Event) -> bool:
        try:
            self._deliver(event)
        except Refused as fault:
            self._rejected.add(journal.encode(event), fault)
            if event["kind"] == "start":
                self._refused_runs.add(event["key"])
        except Exception as fault:  # a receiver can fail in any way; training must not
            self._warn_once(fault)
            return False
        self._is_down = self._is_slow = False
        return True

    def _warn_once(self, fault: Exception) -> None:
        if not self._is_down:
            self._is_down = True
            self._flushed.set()  # do not wait for a receiver that is down
            with suppress(OSError, ValueError):
                warn(f"MLflow does not answer ({brief(fault)}); work goes on, the events wait in {self.path}")


def deliver_leftovers(folder: Path, deliver: Callable[[Event], None]) -> None:
    """Deliver what ended processes left in `folder`, as far as the receiver accepts it now."""
    EventQueue(folder, deliver).close()


def _killed(key: str, is_damaged: bool) -> list[Event]:
    """The events that end a run without an end: its process was killed, or the line of its end is damaged."""
    end = {"kind": "end", "key": key, "status": "KILLED"}
    unknown = {"kind": "tags", "key": key, "values": {"darkroom.end": "unknown: its journal was damaged"}}
    return [unknown, end] if is_damaged else [end]
