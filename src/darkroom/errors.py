"""Faults a user can mend, each one line on stderr and an exit code of its own.

    error[E_CODE] what | where: path or key | fix: action

The exit codes are a contract with whoever calls a stage: 0 ok, 2 params, 3 data, 4 artefact,
5 environment, 6 service, 7 training, 9 busy, 130 interrupted. DVC flattens them all to 255
and prints `exited with N`.
"""

import sys
import traceback
from collections.abc import Callable
from functools import partial


class DarkroomError(Exception):
    """What went wrong, where, and what to do about it. `exit_code` is that of the process."""

    exit_code = 1

    def __init__(self, code: str, what: str, *, where: object, fix: str):
        super().__init__(what)
        self.code, self.what, self.where, self.fix = code, what, str(where), fix

    def __str__(self) -> str:
        return f"error[{self.code}] {self.what} | where: {self.where} | fix: {self.fix}"

    def __reduce__(self):
        """Exceptions are pickled by their positional arguments alone, and workers send theirs home."""
        return partial(type(self), where=self.where, fix=self.fix), (self.code, self.what)


class ParamsError(DarkroomError):
    exit_code = 2


class DataError(DarkroomError):
    exit_code = 3


class ArtifactError(DarkroomError):
    exit_code = 4


class EnvironmentFault(DarkroomError):
    exit_code = 5


class ServiceError(DarkroomError):
    exit_code = 6


class TrainingError(DarkroomError):
    exit_code = 7


class BusyError(DarkroomError):
    exit_code = 9


def printable(text: object) -> str:
    """`text` on one line, control characters and ANSI escapes spelled out: names come from strangers."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def warn(what: str) -> None:
    print(f"warning: {printable(what)}", file=sys.stderr, flush=True)


def guard(main: Callable[..., None]) -> None:
    """Run `main` on the command line's arguments; turn a fault into one line and its exit code.

    `--debug` anywhere among the arguments shows the traceback as well.
    """
    words = sys.argv[1:]
    debug = "--debug" in words
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        main(*(word for word in words if word != "--debug"))
    except KeyboardInterrupt:
        _leave("interrupted, finished work is kept; run the same command to go on", 130, debug)
    except DarkroomError as fault:
        _leave(printable(fault), fault.exit_code, debug)
    except OSError as fault:
        _leave(printable(_of_system(fault)), EnvironmentFault.exit_code, debug)
    except Exception as fault:  # a bug of ours: say so in one line, keep the details for --debug
        what = f"{type(fault).__name__}: {fault}".splitlines()[0]
        bug = DarkroomError("E_BUG", what, where=main.__module__, fix="run it again with --debug")
        _leave(printable(bug), 1, debug)


def _of_system(fault: OSError) -> EnvironmentFault:
    fix = "free space on this disk" if fault.errno == 28 else "check that the path exists and is yours"
    return EnvironmentFault("E_SYSTEM", fault.strerror or str(fault), where=fault.filename or "-", fix=fix)


def _leave(line: str, code: int, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(line, file=sys.stderr, flush=True)
    sys.exit(code)
