"""The branch that a retraining belongs to: what it commits there, and how that reaches the remote.

When git rejects a push because the branch moved, the commit is rebased onto the others. Generated files that conflict
are dropped, for whoever calls to make them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from subprocess import CompletedProcess

from darkroom.commands.repository import git, git_output, last_line
from darkroom.runtime.errors import EnvironmentFault, ServiceError

SUBJECT = "Retrain [skip ci]"
GENERATED = ("dvc.lock", "reports")
TRIES = 5  # pushes, while others push too


@dataclass(frozen=True)
class Target:
    """The branch to push to: `remote` as git names it, `branch` as that remote names it."""

    remote: str
    branch: str

    @property
    def tracking(self) -> str:
        return f"refs/remotes/{self.remote}/{self.branch}"

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}"


def require_clean_tree(generated: Sequence[str]) -> None:
    """Raise EnvironmentFault with uncommitted changes: they would be trained on, and the commit would lack them."""
    excluded = [f":(exclude){path}" for path in generated]
    if changed := git_output("status", "--porcelain", "--untracked-files=no", "--", ".", *excluded):
        what = f"there are uncommitted changes: {', '.join(line[3:] for line in changed.splitlines())}"
        raise EnvironmentFault("E_UNCOMMITTED", what, where="git status", fix="commit or stash them first")


def target() -> Target | None:
    """Return the upstream of HEAD, else the branch of the same name on `origin`, or None without a remote.

    Raises EnvironmentFault (exit 5) when HEAD is on no branch.
    """
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


def has_changes(generated: Sequence[str]) -> bool:
    """Whether generated files differ from those of the last commit."""
    return bool(git_output("status", "--porcelain", "--", *generated))


def commit(generated: Sequence[str], *, amend: bool = False) -> bool:
    """Commit the generated files, with `amend` into the last commit; return False if none of them changed."""
    if present := [path for path in generated if Path(path).exists() or git_output("ls-files", "--", path)]:
        git_output("add", "--all", "--", *present)
    if git("diff", "--cached", "--quiet").returncode == 0:
        return False
    git_output("commit", "--quiet", *(["--amend"] if amend else []), "--message", SUBJECT)
    return True


def own_commits(target: Target) -> list[str]:
    """Return the subjects of the newest commits that this command made and that no branch of the remote has."""
    subjects = git_output("log", "--format=%s", "HEAD", "--not", f"--remotes={target.remote}").splitlines()
    return list(takewhile(SUBJECT.__eq__, subjects))


def fetch(target: Target) -> None:
    """Raises ServiceError (exit 6) when the remote does not answer."""
    if (fetched := _fetch(target)).returncode:
        raise _git_error("git fetch failed", target, fetched.stderr)


def rebase_onto(target: Target) -> None:
    """Rebase local commits onto the remote branch. On a conflict, drop the commits of generated files."""
    fetch(target)
    if not exists(target) or _rebased(target):
        return
    for _ in own_commits(target):
        git_output("reset", "--quiet", "--hard", "HEAD~1")
    if not _rebased(target):
        what = "the branch and local commits change the same lines"
        fix = "git pull --rebase, resolve the conflict, then run the same command again"
        raise ServiceError("E_CONFLICT", what, where=target, fix=fix)


def exists(target: Target) -> bool:
    return git("rev-parse", "--verify", "--quiet", target.tracking).returncode == 0


def pushed(target: Target) -> bool:
    """Push; return False if the branch moved. Raises ServiceError when the push fails for another reason."""
    push = git("push", "--quiet", target.remote, f"HEAD:refs/heads/{target.branch}")
    if push.returncode == 0:
        return True
    _fetch(target)
    if git("merge-base", "--is-ancestor", target.tracking, "HEAD").returncode == 0:
        raise _git_error("git push failed, and not because the branch moved", target, push.stderr)
    return False


def _rebased(target: Target) -> bool:
    if git("rebase", "--quiet", target.tracking).returncode == 0:
        return True
    git("rebase", "--abort")
    return False


def _fetch(target: Target) -> CompletedProcess[str]:
    return git("fetch", "--quiet", target.remote, f"+refs/heads/*:refs/remotes/{target.remote}/*")


def _git_error(what: str, target: Target, stderr: str) -> ServiceError:
    fix = "when it answers, run `make retrain` again: what was trained is kept"
    return ServiceError("E_GIT", f"{what}: {last_line(stderr)}", where=target, fix=fix)
