"""Drop the start-up lines of TensorFlow, which its C++ writes to file descriptor 2 before it reads any log level.

A child process reads what is written there and passes on every other line, so the last words of a process that
crashes arrive too. `sys.stderr` goes around it: a progress bar still sees a terminal. The price: one more small process
per stage, and a line of C++ may come a little later than a line of Python that was written after it.
"""

import os
import re
import select
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from darkroom.runtime.process import ERR, OUT, STOPS

LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # of TensorFlow: 0 shows everything, 2 hides information and warnings
PAUSE = 0.1  # seconds after which the begin of a line is passed on without its end
CHUNK = 1 << 16  # bytes
KNOWN = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|I\d{4} \d\d:\d\d:[\d.]+ +\d+ \w+\.cc:\d+\] "  # information, which LEVEL hides once it was read
    rb"|[WE]\d{4} \d\d:\d\d:[\d.]+ +\d+ \w+\.cc:\d+\] "
    rb"(failed call to cuInit|Unable to register cu\w+ factory|computation placer already registered"
    rb"|Could not find (cuda|TensorRT)|TF-TRT Warning|All log messages before)"
    rb"|\d{4}-\d\d-\d\d [\d:.]+: I |To enable the following instructions: "
)


def install() -> None:
    """Filter what this process and its children write to file descriptor 2 from now on.

    Does nothing where LEVEL is 0, the stream is closed or no process can fork (Windows). Call it before threads are
    started: it forks.
    """
    if os.environ.setdefault(LEVEL, "2") == "0" or not hasattr(os, "fork"):
        return
    try:
        outer = os.dup(ERR)
    except OSError:
        return
    source, sink = os.pipe()
    sys.stderr.flush()
    if not os.fork():
        os.close(sink)
        _forward(source, outer)
    os.close(source)
    os.dup2(sink, ERR)
    os.close(sink)
    sys.stderr = os.fdopen(outer, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")


def _forward(source: int, target: int) -> NoReturn:
    """Pass lines on until every writer has closed the pipe, and end."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    for stream in (0, OUT, ERR):
        with suppress(OSError):
            os.close(stream)
    rest, begun = b"", False  # of the last line, and whether its begin was passed on
    while True:
        ready = select.select([source], [], [], PAUSE if rest else None)[0]
        chunk = os.read(source, CHUNK) if ready else b""
        *lines, rest = (rest + chunk).split(b"\n")
        passed = [line + b"\n" for i, line in enumerate(lines) if (begun and not i) or not KNOWN.match(line)]
        begun = begun and not lines
        if not chunk:
            passed, rest, begun = [*passed, rest], b"", True
        with suppress(OSError):  # a full disk costs these lines alone
            os.write(target, b"".join(passed))
        if ready and not chunk:
            os._exit(0)
