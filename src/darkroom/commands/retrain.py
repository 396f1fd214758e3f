"""Retrain on the current state of the branch and push the result, whatever others push meanwhile.

The result is a commit of dvc.lock and reports/. DVC's cache is pushed first, so a commit never names outputs that
nobody can pull. When git rejects the push because the branch moved, this commit is rebased onto the others, DVC runs
what they change, and the push is tried again. Generated files that conflict are dropped and made again, which takes
seconds because DVC's run cache still holds what was trained.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from subprocess import CompletedProcess

from darkroom.commands import repository
from darkroom.commands.repository import dvc, git, git_output, last_line
from darkroom.commands.repro import repro
from darkroom.runtime import errors
from darkroom.runtime.errors import EnvironmentFault, ServiceError, printable

SUBJECT = "Retrain [skip ci]"
GENERATED = ("dvc.lock", "reports")
CHAMPION = "champion"
CHAMPION_OUT = re.compile(rf"^ *- path: {CHAMPION}$", re.MULTILINE)
TRIES = 5


@dataclass(frozen=True)
class Target:
    """The branch to push to: `remote` as git names it, `branch` as that remote names it."""

    remote: str
    branch: str

    @property
    def tracking(self) -> str:
        return f"refs/remotes/{self.remote}/{self.branch}"


def retrain() -> str:
    """Run the pipeline on the current branch, push cache and commit, and return a sentence about the outcome.

    Without a git remote the commit stays local; without a DVC remote the cache does. Raises EnvironmentFault (exit 5)
    without a branch or with uncommitted changes, ServiceError (exit 6) when a remote does not answer or the branch
    moved at each of `TRIES` tries; the commit then stays local, and the message says what to do.
    """
    repository.require_git()
    _require_clean_tree()
    target = _target()
    if target is None:
        _run()
        return "the result is committed here: there is no git remote" if _commit() else "nothing changed"
    for _ in range(TRIES):
        _commit(amend=bool(_own_commits(target)))  # the changes of an interrupted run
        _rebase_onto(target)
        _run()
        _commit(amend=bool(_own_commits(target)))
        if not _own_commits(target):
            return "nothing changed, so nothing is pushed"
        if _pushed(target):
            return f"the result is on {target.remote}/{target.branch}"
    fix = "run `make retrain` again: DVC's run cache holds what was trained, on its remote too"
    what = f"the branch moved at each of {TRIES} tries to push; the result is committed here"
    raise ServiceError("E_PUSH", what, where=f"{target.remote}/{target.branch}", fix=fix)


def _require_clean_tree() -> None:
    """Raise EnvironmentFault with uncommitted changes: they would be trained on, and the commit would lack them."""
    excluded = [f":(exclude){path}" for path in GENERATED]
    if changed := git_output("status", "--porcelain", "--untracked-files=no", "--", ".", *excluded):
        what = f"there are uncommitted changes: {', '.join(line[3:] for line in changed.splitlines())}"
        raise EnvironmentFault("E_UNCOMMITTED", what, where="git status", fix="commit or stash them first")


def _target() -> Target | None:
    """Return the upstream of HEAD, else the branch of the same name on `origin`, or None without a remote."""
    head = git("symbolic-ref", "--quiet", "--short", "HEAD")
    if head.returncode:
        fix = "git switch BRANCH, then run the same command again"
        raise EnvironmentFault("E_DETACHED", "HEAD is on no branch, so there is none to push to", where="HEAD", fix=fix)
    branch = head.stdout.strip()
    remote = git("config", f"branch.{branch}.remote").stdout.strip() or "origin"
    if remote not in git_output("remote").splitlines():
        return None
    merge = git("config", f"branch.{branch}.merge").stdout.strip()
    return Target(remote, merge.removeprefix("refs/heads/") or branch)


def _rebase_onto(target: Target) -> None:
    """Rebase local commits onto the remote branch. On a conflict, drop the commits of generated files."""
    if (fetched := _fetch(target)).returncode:
        raise _git_error("git fetch failed", target, fetched.stderr)
    if git("rev-parse", "--verify", "--quiet", target.tracking).returncode or _rebased(target):
        return
    for _ in _own_commits(target):
        git_output("reset", "--quiet", "--hard", "HEAD~1")
    if not _rebased(target):
        what = "the branch and local commits change the same lines"
        fix = "git pull --rebase, resolve the conflict, then run the same command again"
        raise ServiceError("E_CONFLICT", what, where=f"{target.remote}/{target.branch}", fix=fix)


def _rebased(target: Target) -> bool:
    if git("rebase", "--quiet", target.tracking).returncode == 0:
        return True
    git("rebase", "--abort")
    return False


def _run() -> None:
    """Pull data and cache, run the pipeline, and push the cache to the DVC remote."""
    if remote := repository.dvc_output("config", "core.remote"):
        # the data first, and completely: DVC would take a partial folder for a new version
        if data := git_output("ls-files", "*.dvc").splitlines():
            _exchange("pull", *data, remote=remote)
        _exchange("pull", "--allow-missing", remote=remote)
    _require_champion(remote)
    repro(*(["--pull"] if remote else []))
    if remote:
        _exchange("push", "--run-cache", remote=remote)


def _require_champion(remote: str) -> None:
    """Raise ServiceError without the champion that dvc.lock names: the next model would replace it unopposed.

    Without a DVC remote a fresh clone can never have it, so this is a warning then.
    """
    lock = Path("dvc.lock")
    is_missing = lock.exists() and CHAMPION_OUT.search(lock.read_text()) and not Path(CHAMPION).exists()
    if is_missing and remote:
        fix = "`dvc push` where it was made; to start without it, delete dvc.lock and commit that"
        what = "the champion that dvc.lock names is neither here nor on the DVC remote"
        raise ServiceError("E_REMOTE", what, where=f"DVC remote {printable(remote)}", fix=fix)
    if not remote:
        unopposed = ", and there is no champion here to beat" if is_missing else ""
        errors.warn(f"no DVC remote is set (`dvc remote add --default`): models stay on this machine{unopposed}")


def _exchange(*words: str, remote: str) -> None:
    if dvc(*words):
        fix = f"see DVC's message, check `dvc remote list` and the access to {printable(remote)}; nothing was trained"
        fix = fix if words[0] == "pull" else "when it answers, run `make retrain` again: nothing is trained twice"
        raise ServiceError("E_REMOTE", f"dvc {words[0]} failed", where=f"DVC remote {printable(remote)}", fix=fix)


def _commit(*, amend: bool = False) -> bool:
    """Commit the generated files, with `amend` into the last commit; return False if none of them changed."""
    if generated := [path for path in GENERATED if Path(path).exists() or git_output("ls-files", "--", path)]:
        git_output("add", "--all", "--", *generated)
    if git("diff", "--cached", "--quiet").returncode == 0:
        return False
    git_output("commit", "--quiet", *(["--amend"] if amend else []), "--message", SUBJECT)
    return True


def _own_commits(target: Target) -> list[str]:
    """Return the subjects of the newest commits that this command made and that no branch of the remote has."""
    subjects = git_output("log", "--format=%s", "HEAD", "--not", f"--remotes={target.remote}").splitlines()
    return list(takewhile(SUBJECT.__eq__, subjects))


def _fetch(target: Target) -> CompletedProcess[str]:
    return git("fetch", "--quiet", target.remote, f"+refs/heads/*:refs/remotes/{target.remote}/*")


def _pushed(target: Target) -> bool:
    """Push; return False if the branch moved. Raises ServiceError when the push fails for another reason."""
    push = git("push", "--quiet", target.remote, f"HEAD:refs/heads/{target.branch}")
    if push.returncode == 0:
        return True
    _fetch(target)
    if git("merge-base", "--is-ancestor", target.tracking, "HEAD").returncode == 0:
        raise _git_error("git push failed, and not because the branch moved", target, push.stderr)
    return False


def _git_error(what: str, target: Target, stderr: str) -> ServiceError:
    fix = "when it answers, run `make retrain` again: what was trained is kept"
    return ServiceError("E_GIT", f"{what}: {last_line(stderr)}", where=f"{target.remote}/{target.branch}", fix=fix)
