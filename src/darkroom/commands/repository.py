"""git and DVC as commands in the repository root.

DVC runs from this interpreter's environment, whose `bin` comes first in PATH, so that the stages use the same Python
whether the environment is activated or not.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from darkroom.runtime.errors import EnvironmentFault


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """Run git and capture its output; the caller checks `returncode`."""
    return subprocess.run(["git", *words], capture_output=True, text=True, errors="replace")


def git_output(*words: str) -> str:
    """Return what git prints, without the last line feed. Raises EnvironmentFault (exit 5) when git fails."""
    process = git(*words)
    if process.returncode:
        what = f"git {words[0]} failed: {last_line(process.stderr)}"
        fix = "see git's message, then run the same command again"
        raise EnvironmentFault("E_GIT", what, where=Path.cwd(), fix=fix)
    return process.stdout.rstrip("\n")


def dvc(*words: str) -> int:
    """Run DVC in this terminal and return its exit code.

    Ctrl-C reaches DVC and its stage too, which saves its state; this process ignores it and waits for them.
    """
    return _wait([sys.executable, "-m", "dvc", *words], _environment())


def quiet_dvc(*words: str, **variables: str) -> int:
    """As `dvc`, with environment `variables` for its stages, and without what DVC prints but warnings and errors."""
    return _wait([sys.executable, "-m", "darkroom.commands.quiet_dvc", *words], _environment() | variables)


def dvc_output(*words: str) -> str:
    """Return what DVC prints, without the last line feed; empty if it fails."""
    command = [sys.executable, "-m", "dvc", *words]
    return subprocess.run(command, env=_environment(), capture_output=True, text=True).stdout.rstrip("\n")


def dvc_messages(*words: str) -> str:
    """Return what DVC prints on either stream, whether it fails or not."""
    command = [sys.executable, "-m", "dvc", *words]
    pipes = subprocess.PIPE, subprocess.STDOUT
    return subprocess.run(command, env=_environment(), stdout=pipes[0], stderr=pipes[1], text=True).stdout


def _wait(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def require_git() -> None:
    """Raise EnvironmentFault (exit 5) outside a git repository: DVC refuses to work there."""
    process = git("rev-parse", "--git-dir")
    if process.returncode:
        what = f"DVC needs a git repository, and git says: {last_line(process.stderr)}"
        raise EnvironmentFault("E_NO_GIT", what, where=Path.cwd(), fix="run `git init`, then the same command again")


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def _environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
