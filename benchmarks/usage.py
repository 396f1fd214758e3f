"""What a command takes: time, processor time and memory, of its process and of all that it starts (Linux).

Workers are children of a server that nobody waits for, so the system adds up neither their time nor their memory for
us; this looks at all of them a few times a second. A process loses what it used after the last look.
"""

import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

INTERVAL = 0.1  # seconds between two looks
MIB = 1 << 20
OWNED, SHARED = "RssAnon:", "RssShmem:"  # the rest, pages of files, the system drops when it needs the memory


class Usage(NamedTuple):
    """`memory` is what the processes own; `resident` counts what they share for each of them, and pages of files."""

    seconds: float
    processor_seconds: float
    memory_mib: float  # highest sum over all processes
    resident_mib: float


class _Look(NamedTuple):
    times: dict[tuple[int, float], float]  # processor seconds of each process
    owned: int  # bytes
    resident: int


def measure(command: Sequence[str], folder: Path) -> Usage:
    """Run the command in `folder`. Raises SystemExit with its last words when it fails."""
    start, times, owned, resident = time.monotonic(), {}, 0, 0
    log = folder / "stage.log"
    with log.open("w") as file, subprocess.Popen(command, cwd=folder, stdout=file, stderr=file) as process:
        while process.poll() is None:
            look = _look(process.pid)
            times.update(look.times)
            owned, resident = max(owned, look.owned), max(resident, look.resident)
            time.sleep(INTERVAL)
    if process.returncode:
        raise SystemExit(f"{command}: {log.read_text()[-2000:]}")
    seconds = time.monotonic() - start
    return Usage(round(seconds, 1), round(sum(times.values()), 1), round(owned / MIB, 1), round(resident / MIB, 1))


def _look(pid: int) -> _Look:
    times, owned, resident = {}, 0, 0
    with suppress(psutil.Error):
        for process in [(own := psutil.Process(pid)), *own.children(recursive=True)]:
            with suppress(psutil.Error, OSError):
                cpu = process.cpu_times()
                times[process.pid, process.create_time()] = cpu.user + cpu.system
                resident += process.memory_info().rss
                owned += memory(process.pid, OWNED)
    return _Look(times, owned, resident)


def memory(pid: int, *kinds: str) -> int:
    """Bytes of these kinds that the process has, see proc_pid_status(5)."""
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(words[1]) << 10 for words in lines if words[0] in kinds)
