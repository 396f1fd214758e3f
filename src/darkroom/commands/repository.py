"""git and DVC as commands in the repository root.

DVC runs from this interpreter's environment, whose folder of programs comes first in the path, so that the stages find
the same Python whether the environment is activated or not.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from darkroom.runtime.errors import EnvironmentFault


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """Run git and keep what it prints; the caller looks at `returncode`."""
    return subprocess.run(["git", *words], capture_output=True, text=True, errors="replace")


def asked(*words: str) -> str:
    """Return what git prints, without the last line feed. Raises EnvironmentFault (exit 5) when git fails."""
    done = git(*words)
    if done.returncode:
        what = f"git {words[0]} failed: {last_line(done.stderr)}"
        raise EnvironmentFault(
            "E_GIT", what, where=Path.cwd(), fix="see what git says, then run the same command again"
        )
    return done.stdout.rstrip("\n")


def dvc(*words: str) -> int:
    """Run DVC on this terminal and return its exit code.

    Ctrl-C reaches DVC and its stage too, which saves its state; who waits for them has to survive it.
    """
    with subprocess.Popen(_dvc(words), env=_environment()) as process:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)


def dvc_says(*words: str) -> str:
    """Return what DVC prints, without the last line feed, empty where it fails."""
    return subprocess.run(_dvc(words), env=_environment(), capture_output=True, text=True).stdout.rstrip("\n")


def require_git() -> None:
    """Raise EnvironmentFault (exit 5) outside a git repository: DVC refuses to work there."""
    found = git("rev-parse", "--git-dir")
    if found.returncode:
        what = f"DVC works in a git repository only, and git says: {last_line(found.stderr)}"
        raise EnvironmentFault("E_NO_GIT", what, where=Path.cwd(), fix="type `git init`, then the same command again")


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it does not say why"])[-1]


def _dvc(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "dvc", *words]


def _environment() -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
