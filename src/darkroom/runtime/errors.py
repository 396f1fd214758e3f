"""Errors that a user can fix, each with one line on stderr and its own exit code.

    error[E_CODE] what | where: path or key | fix: action

Callers of a stage may rely on the exit codes: 0 success, 2 params, 3 data, 4 artefact, 5 environment,
6 service, 7 training, 8 drift, 9 busy, 130 interrupted (Ctrl-C), 143 terminated, 141 when nobody reads the
output any more. DVC turns them all into 255 and prints `exited with N`.
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

BROKEN_PIPE = 141  # what a shell calls the end by SIGPIPE, 128 + 13; Windows has no such signal
RESUME = "finished work is kept; run the same command to go on"
DELIMITERS = r"\s'\"<>"  # characters that end a URL in a sentence
SECRET_FIELD = "token|secret|passw|pwd|key|sig|auth|cred"  # parts of the names of URL parameters that hold a secret
REDACTIONS = {
    # user and password before the host, also where a password holds a raw slash
    rf"(?<=://)(?:[^{DELIMITERS}/:@]*:[^{DELIMITERS}]*|[^{DELIMITERS}/?#]*)@": "***@",
    r"(?i)(?<=%3a%2f%2f)(?:(?!%2f|%40)\S)*%40": "***%40",
    # the same without a scheme, as in "failed to parse: bob:secret@host"
    rf"(?<![\w:/@])[^{DELIMITERS}/:@]{{1,200}}:[^{DELIMITERS}/:@]{{1,200}}@(?=[\w\[])": "***@",
    rf"(?i)(?<=[?&;])([^{DELIMITERS}=&;#]*(?:{SECRET_FIELD})[^{DELIMITERS}=&;#]*=)[^{DELIMITERS}&;#]+": r"\1***",
    r"(?i)(authorization\W{1,4}(?:basic|bearer)\s+)[^\s'\"]+": r"\1***",
}
SECRET_VARIABLE = re.compile(r"(PASSWORD|TOKEN|SECRET|_KEY)$")  # names of environment variables that hold one
MIN_SECRET = 6  # characters of a secret that is redacted by its value; a shorter one may be a word
MAX_MESSAGE = 10_000  # characters of an exception that are searched for secrets


class DarkroomError(Exception):
    """An error that says what went wrong, where, and how to fix it. `exit_code` is that of the process."""

    exit_code = 1

    def __init__(self, code: str, what: str, *, where: object, fix: str):
        self.code, self.what, self.where, self.fix = code, redacted(what), redacted(where), redacted(fix)
        super().__init__(self.what)

    def __str__(self) -> str:
        return f"error[{self.code}] {self.what} | where: {self.where} | fix: {self.fix}"

    def __reduce__(self) -> tuple[Callable[..., "DarkroomError"], tuple[str, str]]:
        """Workers send exceptions to their parent, and pickle keeps the positional arguments alone."""
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


class DriftAlarm(DarkroomError):
    """Nothing failed: new images differ from those that a model knows."""

    exit_code = 8


class BusyError(DarkroomError):
    exit_code = 9


def printable(text: object) -> str:
    """Return `text` on one line, with control characters and ANSI escapes spelled out: file names are untrusted."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def redacted(text: object) -> str:
    """Return `text` without the users, passwords, tokens and signatures of the URLs in it.

    The value of an environment variable that is named password, token, secret or key is hidden everywhere. The price:
    a URL such as `http://host:80/a@b` loses its host.
    """
    shown = str(text)
    for pattern, replacement in REDACTIONS.items():
        shown = re.sub(pattern, replacement, shown)
    for secret in sorted(_secrets(), key=len, reverse=True):
        shown = shown.replace(secret, "***")
    return shown


def brief(fault: BaseException) -> str:
    """Return the first line of an exception, redacted and printable, or its type if its message is empty."""
    lines = redacted(str(fault)[:MAX_MESSAGE]).strip().splitlines()
    return printable(lines[0][:300]) if lines else type(fault).__name__


def line(fault: BaseException) -> str:
    """Return the line that `guard` prints for an exception."""
    return _line_and_code(fault, Path(sys.argv[0]).stem)[0]


def warn(what: str) -> None:
    """Print a line on stderr about something that may need action."""
    process.print_error(f"warning: {printable(redacted(what))}")


def inform(what: str) -> None:
    """Print a line on stderr about something that needs no action."""
    process.print_error(f"note: {printable(redacted(what))}")


def guard(main: Callable[..., None]) -> None:
    """Run `main` on the command line's arguments; turn an exception into one line and an exit code.

    Ctrl-C and SIGTERM unwind the stack, so that finished work is kept and workers end; a second signal ends the
    process at once. `--debug` anywhere among the arguments shows the traceback as well.
    """
    process.open_streams()
    words = sys.argv[1:]
    with process.stoppable():
        line, code = _outcome(main, [word for word in words if word != "--debug"], debug="--debug" in words)
    # Only now: the exception and its frames are gone, and with them generators that hold worker processes.
    if (broken := process.output_fails()) and code == 0:
        line, code = _without_output(broken)
    if line:
        process.print_error(line)
    if code:
        sys.exit(code)


def program(main: Callable[..., None]) -> None:
    """Run `main` as `guard` does; after a signal end the process and its children at once, without cleanup."""
    try:
        guard(main)
    except SystemExit as end:
        if end.code in process.STOPPED:
            process.leave(end.code)
        raise


def _outcome(main: Callable[..., None], words: list[str], *, debug: bool) -> tuple[str, int]:
    """Return the line to print and the exit code."""
    try:
        main(*words)
    except SystemExit:  # raised by argparse, which has printed why
        raise
    except BaseException as fault:
        if debug:
            process.print_error(redacted(traceback.format_exc()))
        return _line_and_code(fault, Path(sys.argv[0]).stem)
    return "", 0


def _line_and_code(fault: BaseException, where: str) -> tuple[str, int]:
    if isinstance(fault, KeyboardInterrupt):
        return f"interrupted, {RESUME}", 128 + signal.SIGINT
    if isinstance(fault, process.Terminated):
        return f"terminated, {RESUME}", fault.exit_code
    if isinstance(fault, OSError) and not fault.filename and process.output_fails(probed=True):
        return _without_output(fault)
    error = _as_darkroom_error(fault, where)
    return printable(error), error.exit_code


def _as_darkroom_error(fault: BaseException, where: str) -> DarkroomError:
    """Return any exception as a DarkroomError; `where` is used if the exception names no place."""
    if isinstance(fault, DarkroomError):
        return fault
    if isinstance(fault, OSError):
        return _system_error(fault, where)
    if isinstance(fault, MemoryError):
        return EnvironmentFault("E_MEMORY", "there is not enough memory", where=where, fix="free memory")
    if isinstance(fault, ModuleNotFoundError) and (fault.name or "darkroom").partition(".")[0] != "darkroom":
        fix = "pip install 'darkroom[pipeline]'"
        return EnvironmentFault("E_LIBRARY", f"{fault.name} is not installed", where=where, fix=fix)
    what = f"{type(fault).__name__}: {brief(fault)}"  # a bug of darkroom; --debug has the details
    return DarkroomError("E_BUG", what, where=where, fix="run it again with --debug")


def _system_error(fault: OSError, where: str) -> EnvironmentFault:
    full = fault.errno in (errno.ENOSPC, errno.EDQUOT)
    fix = "free space on this disk" if full else "check that the path exists and is yours"
    return EnvironmentFault("E_SYSTEM", fault.strerror or str(fault), where=fault.filename or where, fix=fix)


def _without_output(fault: OSError) -> tuple[str, int]:
    """Print nothing, as other tools do, if the reader has gone away, as in `| head -1`."""
    if isinstance(fault, BrokenPipeError):
        return "", BROKEN_PIPE
    return printable(_system_error(fault, "standard output")), EnvironmentFault.exit_code


def _secrets() -> set[str]:
    variables = os.environ.items()
    secrets = {value for name, value in variables if SECRET_VARIABLE.search(name)}
    secrets |= {password for _, value in variables for password in re.findall(r"://[^/:@]*:([^@]*)@", value)}
    return {form for secret in secrets for form in (secret, unquote(secret)) if len(form) >= MIN_SECRET}
