"""Retrain on what the branch holds now, and bring the result to it, whatever others push meanwhile.

The result is a commit of dvc.lock and reports/. DVC's cache goes to its remote first, so a commit never names what
nobody can get. When git refuses the push because the branch moved, the other commits come in below ours, DVC runs what
they change, and the push is tried again. Where they changed the same generated files, ours are given up for theirs:
DVC's run cache still holds what was trained, so making them anew costs seconds.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from subprocess import CompletedProcess

from darkroom.commands import repository
from darkroom.commands.repository import asked, dvc, git, last_line
from darkroom.commands.repro import repro
from darkroom.runtime import errors
from darkroom.runtime.errors import EnvironmentFault, ServiceError, printable

SUBJECT = "Retrain [skip ci]"
GENERATED = ("dvc.lock", "reports")
CHAMPION = "champion"
NAMED = re.compile(rf"^ *- path: {CHAMPION}$", re.MULTILINE)
TRIES = 5


@dataclass(frozen=True)
class Target:
    """The branch that the result goes to: `remote` as git names it, `branch` as that remote names it."""

    remote: str
    branch: str

    @property
    def tracking(self) -> str:
        return f"refs/remotes/{self.remote}/{self.branch}"


def retrain() -> str:
    """Run the pipeline on today's branch, push cache and commit, and return a sentence that says what came of it.

    Without a git remote the commit stays local; without a DVC remote the cache does. Raises EnvironmentFault (exit 5)
    when there is no branch or there are changes that nobody committed, ServiceError (exit 6) when a remote does not
    answer or the branch moved at each of `TRIES` tries; the commit is kept here then, and the message says what to do.
    """
    repository.require_git()
    _refuse_changes()
    target = _target()
    if target is None:
        _run()
        return "the result is committed here: there is no git remote" if _commit() else "nothing changed"
    for _ in range(TRIES):
        _commit(amend=bool(_ours(target)))  # what an interrupted run left
        _take_in(target)
        _run()
        _commit(amend=bool(_ours(target)))
        if not _ours(target):
            return "nothing changed, so nothing is pushed"
        if _pushed(target):
            return f"the result is on {target.remote}/{target.branch}"
    fix = "run `make retrain` again: DVC's run cache holds what was trained, on its remote too"
    what = f"the branch moved at each of {TRIES} tries to push; the result is committed here"
    raise ServiceError("E_PUSH", what, where=f"{target.remote}/{target.branch}", fix=fix)


def _refuse_changes() -> None:
    """What is not committed would be trained on, and the commit would not say so."""
    others = [f":(exclude){place}" for place in GENERATED]
    if changed := asked("status", "--porcelain", "--untracked-files=no", "--", ".", *others):
        what = f"there are changes that are not committed: {', '.join(line[3:] for line in changed.splitlines())}"
        raise EnvironmentFault("E_UNCOMMITTED", what, where="git status", fix="commit or stash them first")


def _target() -> Target | None:
    """The branch that HEAD follows, else the one of its name on the remote `origin`, or None without a remote."""
    found = git("symbolic-ref", "--quiet", "--short", "HEAD")
    if found.returncode:
        fix = "git switch BRANCH, then run the same command again"
        raise EnvironmentFault("E_DETACHED", "HEAD is on no branch, so there is none to push to", where="HEAD", fix=fix)
    branch = found.stdout.strip()
    remote = git("config", f"branch.{branch}.remote").stdout.strip() or "origin"
    if remote not in asked("remote").splitlines():
        return None
    merge = git("config", f"branch.{branch}.merge").stdout.strip()
    return Target(remote, merge.removeprefix("refs/heads/") or branch)


def _take_in(target: Target) -> None:
    """Put the remote branch's commits below our own. On a conflict our generated files give way."""
    if (fetched := _fetch(target)).returncode:
        _give_up("git fetch failed", target, fetched.stderr)
    if git("rev-parse", "--verify", "--quiet", target.tracking).returncode or _rebased(target):
        return
    for _ in _ours(target):
        asked("reset", "--quiet", "--hard", "HEAD~1")
    if not _rebased(target):
        what = "the branch and local commits change the same lines"
        fix = "git pull --rebase, mend the conflict, then run the same command again"
        raise ServiceError("E_CONFLICT", what, where=f"{target.remote}/{target.branch}", fix=fix)


def _rebased(target: Target) -> bool:
    if git("rebase", "--quiet", target.tracking).returncode == 0:
        return True
    git("rebase", "--abort")
    return False


def _run() -> None:
    """Get data and cache, run the pipeline, and give the cache to the DVC remote."""
    if remote := repository.dvc_says("config", "core.remote"):
        # the data first, and all of them: DVC would take a folder that came half for a new version
        if data := asked("ls-files", "*.dvc").splitlines():
            _exchange("pull", *data, remote=remote)
        _exchange("pull", "--allow-missing", remote=remote)
    _require_champion(remote)
    repro(*(["--pull"] if remote else []))
    if remote:
        _exchange("push", "--run-cache", remote=remote)


def _require_champion(remote: str) -> None:
    """Refuse to go on without the champion that dvc.lock names: the next model would take its place unopposed.

    Without a DVC remote a fresh clone can never have it, so that is a warning.
    """
    lock = Path("dvc.lock")
    gone = lock.exists() and NAMED.search(lock.read_text()) and not Path(CHAMPION).exists()
    if gone and remote:
        fix = "`dvc push` where it was made; to begin without it, delete dvc.lock and commit that"
        what = "the champion that dvc.lock names is neither here nor on the DVC remote"
        raise ServiceError("E_REMOTE", what, where=f"DVC remote {printable(remote)}", fix=fix)
    if not remote:
        unopposed = ", and there is no champion here to beat" if gone else ""
        errors.warn(f"no DVC remote is set (`dvc remote add --default`): what is trained here stays here{unopposed}")


def _exchange(*words: str, remote: str) -> None:
    if dvc(*words):
        fix = f"see what DVC says, check `dvc remote list` and the access to {printable(remote)}; nothing was trained"
        fix = fix if words[0] == "pull" else "when it answers, run `make retrain` again: nothing is trained twice"
        raise ServiceError("E_REMOTE", f"dvc {words[0]} failed", where=f"DVC remote {printable(remote)}", fix=fix)


def _commit(*, amend: bool = False) -> bool:
    """Commit the generated files, with `amend` into the last commit; False where none of them changed."""
    if places := [place for place in GENERATED if Path(place).exists() or asked("ls-files", "--", place)]:
        asked("add", "--all", "--", *places)
    if git("diff", "--cached", "--quiet").returncode == 0:
        return False
    asked("commit", "--quiet", *(["--amend"] if amend else []), "--message", SUBJECT)
    return True


def _ours(target: Target) -> list[str]:
    """The newest commits that this command made and that the remote has on no branch: their subjects."""
    subjects = asked("log", "--format=%s", "HEAD", "--not", f"--remotes={target.remote}").splitlines()
    return list(takewhile(SUBJECT.__eq__, subjects))


def _fetch(target: Target) -> CompletedProcess[str]:
    return git("fetch", "--quiet", target.remote, f"+refs/heads/*:refs/remotes/{target.remote}/*")


def _pushed(target: Target) -> bool:
    """Whether the push was taken; False when others were faster. Raises ServiceError when it was refused otherwise."""
    done = git("push", "--quiet", target.remote, f"HEAD:refs/heads/{target.branch}")
    if done.returncode == 0:
        return True
    _fetch(target)
    if git("merge-base", "--is-ancestor", target.tracking, "HEAD").returncode == 0:
        _give_up("git push failed, and not because the branch moved", target, done.stderr)
    return False


def _give_up(what: str, target: Target, said: str) -> None:
    fix = "when it answers, run `make retrain` again: what was trained is kept"
    raise ServiceError("E_GIT", f"{what}: {last_line(said)}", where=f"{target.remote}/{target.branch}", fix=fix)
