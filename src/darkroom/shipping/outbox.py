"""Events that are never lost and never in the way.

Whoever puts an event only appends a line to a file. A thread delivers the events in their order, waits while the
receiver is down and goes on when it is back. What a process could not deliver, because the receiver stayed
down or because the process was killed, the next one delivers. So delivering an event twice must do no harm.
The price: the events of a killed process arrive when the next one starts.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

from darkroom.errors import printable, warn

Event = dict
PAUSE = 10.0  # seconds between two attempts while the receiver is down
GRACE = 15.0  # seconds that the end of a run may wait for deliveries


class Refused(Exception):
    """The receiver will never take this event; the ones after it may be fine."""


class Outbox:
    """The events of this process. `deliver` raises Refused, or anything else to be asked again."""

    def __init__(self, folder: Path, deliver: Callable[[Event], None]):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{os.getpid()}-{time.time_ns()}.jsonl"
        self._file = self.path.open("a", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)  # held until this process ends, however it ends
        self._deliver, self._events, self._settled = deliver, SimpleQueue(), threading.Event()
        self._closing, self._warned, self._left = threading.Event(), False, 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        with self._lock:
            self._left += 1
            self._settled.clear()
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
            self._events.put(event)

    def settle(self, patience: float = GRACE) -> bool:
        """Whether everything put so far was delivered within `patience` seconds; at once while the receiver is down."""
        if self._left and not self._warned:
            self._settled.wait(patience)
        return not self._left

    def close(self) -> None:
        """Deliver what can be delivered now; the rest stays on disk."""
        self._closing.set()
        self._events.put(None)
        self._thread.join(GRACE)
        self._file.close()
        if self._left:
            warn(f"{self._left} events for MLflow wait in {self.path}; the next run sends them")
        else:
            self.path.unlink(missing_ok=True)

    def _work(self) -> None:
        deliver_leftovers(self.path.parent, self._deliver)
        for event in iter(self._events.get, None):
            if not self._insist(event):
                return
            with self._lock:
                self._left -= 1
                if not self._left:
                    self._settled.set()

    def _insist(self, event: Event) -> bool:
        """Deliver `event`, however often that takes. False when the outbox closes before."""
        while True:
            last = self._closing.is_set()
            if _attempt(event, self._deliver, self._complain):
                self._warned = False
                return True
            if last:
                return False
            self._closing.wait(PAUSE)

    def _complain(self, fault: Exception) -> None:
        if not self._warned:
            self._warned = True
            self._settled.set()  # nobody waits for a receiver that is down
            warn(f"MLflow does not answer ({_brief(fault)}); work goes on, the events wait in {self.path}")


def deliver_leftovers(folder: Path, deliver: Callable[[Event], None]) -> None:
    """Deliver the events of processes that ended before they could; what began there and never ended was killed."""
    for path in sorted(folder.glob("*.jsonl")):
        with suppress(FileNotFoundError), _claimed(path) as lines:
            events = [event for event in map(_event, lines) if event]
            events += [{"kind": "end", "key": key, "status": "KILLED"} for key in _unfinished(events)]
            if lines and all(_attempt(event, deliver, lambda fault: None) for event in events):
                path.unlink(missing_ok=True)


def _attempt(event: Event, deliver: Callable[[Event], None], complain: Callable[[Exception], None]) -> bool:
    try:
        deliver(event)
    except Refused as fault:
        warn(f"MLflow refused {event['kind']} of a run: {_brief(fault)}")
    except Exception as fault:  # a receiver can fail in any way; training must not
        complain(fault)
        return False
    return True


@contextmanager
def _claimed(path: Path) -> Iterator[list[str]]:
    """The lines of a file that no living process holds, for this process alone; none of any other."""
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield []
        else:
            yield file.readlines()


def _event(line: str) -> Event | None:
    """The event of a line, None for one that a kill cut short."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _unfinished(events: list[Event]) -> list[str]:
    ended = {event["key"] for event in events if event["kind"] == "end"}
    return [event["key"] for event in events if event["kind"] == "start" and event["key"] not in ended]


def _brief(fault: Exception) -> str:
    return printable(str(fault).splitlines()[0][:200]) if str(fault) else type(fault).__name__
