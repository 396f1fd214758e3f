"""Faults a user can mend, each one line on stderr and an exit code of its own.

    error[E_CODE] what | where: path or key | fix: action

The exit codes are a contract with whoever calls a stage: 0 ok, 2 params, 3 data, 4 artefact,
5 environment, 6 service, 7 training, 9 busy, 130 interrupted (Ctrl-C), 143 terminated, 141 when
nobody reads the output any more. DVC flattens them all to 255 and prints `exited with N`.
"""

import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from darkroom.runtime import process

KEPT = "finished work is kept; run the same command to go on"
QUOTED = r"\s'\"<>"  # what ends an address in a sentence
NAMED = "token|secret|passw|pwd|key|sig|auth|cred"  # parts of the names of fields that hold a secret
HIDDEN = {
    # user and password before the host, also where a password holds a raw slash
    rf"(?<=://)(?:[^{QUOTED}/:@]*:[^{QUOTED}]*|[^{QUOTED}/?#]*)@": "***@",
    r"(?i)(?<=%3a%2f%2f)(?:(?!%2f|%40)\S)*%40": "***%40",
    # the same without a scheme, as in "failed to parse: bob:secret@host"
    rf"(?<![\w:/@])[^{QUOTED}/:@]{{1,200}}:[^{QUOTED}/:@]{{1,200}}@(?=[\w\[])": "***@",
    rf"(?i)(?<=[?&;])([^{QUOTED}=&;#]*(?:{NAMED})[^{QUOTED}=&;#]*=)[^{QUOTED}&;#]+": r"\1***",
    r"(?i)(authorization\W{1,4}(?:basic|bearer)\s+)[^\s'\"]+": r"\1***",
}
SECRET = re.compile(r"(PASSWORD|TOKEN|SECRET|_KEY)$")  # names of environment variables that hold one
SHORTEST = 6  # characters of a secret that is looked for by its value; a shorter one may be a word
READ = 10_000  # characters of what an exception says that are looked at


class DarkroomError(Exception):
    """What went wrong, where, and what to do about it. `exit_code` is that of the process."""

    exit_code = 1

    def __init__(self, code: str, what: str, *, where: object, fix: str):
        self.code, self.what, self.where, self.fix = code, redacted(what), redacted(where), redacted(fix)
        super().__init__(self.what)

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


def redacted(text: object) -> str:
    """`text` without the users, passwords, tokens and signatures of the addresses in it.

    What the environment calls a password, token, secret or key is hidden wherever it appears. The price: a path such
    as `http://host:80/a@b` loses its start.
    """
    shown = str(text)
    for pattern, instead in HIDDEN.items():
        shown = re.sub(pattern, instead, shown)
    for secret in sorted(_secrets(), key=len, reverse=True):
        shown = shown.replace(secret, "***")
    return shown


def brief(fault: BaseException) -> str:
    """The first line of what an exception says, redacted and printable; its type when it says nothing."""
    lines = redacted(str(fault)[:READ]).strip().splitlines()
    return printable(lines[0][:300]) if lines else type(fault).__name__


def warn(what: str) -> None:
    process.tell(f"warning: {printable(redacted(what))}")


def inform(what: str) -> None:
    """One line on stderr about something that needs no action."""
    process.tell(f"note: {printable(redacted(what))}")


def guard(main: Callable[..., None]) -> None:
    """Run `main` on the command line's arguments; turn a fault into one line and its exit code.

    Ctrl-C and SIGTERM unwind the stack, so that finished work is kept and workers end; a second one ends the process
    at once. `--debug` anywhere among the arguments shows the traceback as well.
    """
    process.open_streams()
    words = sys.argv[1:]
    with process.stoppable():
        line, code = _outcome(main, [word for word in words if word != "--debug"], debug="--debug" in words)
    # Only now: the exception and its frames are gone, and with them generators that hold worker processes.
    if (broken := process.output_fails()) and code == 0:
        line, code = _without_output(broken)
    if line:
        process.tell(line)
    if code:
        sys.exit(code)


def program(main: Callable[..., None]) -> None:
    """`guard` for a process that has nothing to do but `main`: after a signal it ends at once, and what it started."""
    try:
        guard(main)
    except SystemExit as end:
        if end.code in process.STOPPED:
            process.leave(end.code)
        raise


def _outcome(main: Callable[..., None], words: list[str], *, debug: bool) -> tuple[str, int]:
    """What to say and the exit code."""
    try:
        main(*words)
    except SystemExit:  # of argparse, which has said why
        raise
    except BaseException as fault:
        if debug:
            process.tell(redacted(traceback.format_exc()))
        return _told(fault, Path(sys.argv[0]).stem)
    return "", 0


def _told(fault: BaseException, place: str) -> tuple[str, int]:
    if isinstance(fault, KeyboardInterrupt):
        return f"interrupted, {KEPT}", 128 + signal.SIGINT
    if isinstance(fault, process.Terminated):
        return f"terminated, {KEPT}", fault.exit_code
    if isinstance(fault, OSError) and not fault.filename and process.output_fails(probed=True):
        return _without_output(fault)
    known = _known(fault, place)
    return printable(known), known.exit_code


def _known(fault: BaseException, place: str) -> DarkroomError:
    """Any fault as one of ours; `place` says where it was when it does not know better."""
    if isinstance(fault, DarkroomError):
        return fault
    if isinstance(fault, OSError):
        return _of_system(fault, place)
    if isinstance(fault, MemoryError):
        return EnvironmentFault("E_MEMORY", "there is not enough memory", where=place, fix="free memory")
    what = f"{type(fault).__name__}: {brief(fault)}"  # a bug of ours; --debug has the details
    return DarkroomError("E_BUG", what, where=place, fix="run it again with --debug")


def _of_system(fault: OSError, place: str) -> EnvironmentFault:
    full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
    fix = "free space on this disk" if full else "check that the path exists and is yours"
    return EnvironmentFault("E_SYSTEM", fault.strerror or str(fault), where=fault.filename or place, fix=fix)


def _without_output(fault: OSError) -> tuple[str, int]:
    """As other tools do, nothing is said to somebody who went away, as in `| head -1`."""
    if isinstance(fault, BrokenPipeError):
        return "", 128 + signal.SIGPIPE
    return printable(_of_system(fault, "standard output")), EnvironmentFault.exit_code


def _secrets() -> set[str]:
    values = os.environ.items()
    named = {value for name, value in values if SECRET.search(name)}
    named |= {found for _, value in values for found in re.findall(r"://[^/:@]*:([^@]*)@", value)}
    return {each for value in named for each in (value, unquote(value)) if len(each) >= SHORTEST}
