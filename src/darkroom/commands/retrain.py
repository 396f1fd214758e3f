"""Retrain on the current state of the branch and push the result, whatever others push meanwhile.

The result is a commit of dvc.lock and reports/. DVC's cache is pushed first, so a commit never names outputs that
nobody can pull. When git rejects the push because the branch moved, this commit is rebased onto the others, DVC runs
what they change, and the push is tried again. What was dropped is made again in seconds, because DVC's run cache still
holds what was trained.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from darkroom import plain_yaml
from darkroom.commands import branch, repository, retrain_summary
from darkroom.commands.branch import GENERATED, TRIES, Target
from darkroom.commands.repository import dvc, git_output
from darkroom.commands.repro import repro
from darkroom.runtime import errors
from darkroom.runtime.errors import BusyError, EnvironmentFault, ServiceError, printable
from darkroom.runtime.locks import try_lock

CHAMPION = "champion"
CHAMPION_OUT = re.compile(rf"^ *- path: {CHAMPION}$", re.MULTILINE)
UP_TO_DATE = "Data and pipelines are up to date."  # DVC's words
STALE = re.compile(r"(?:Running stage|failed to reproduce) '([^']+)'")  # a dry run fails where data are missing
BUSY = Path(".dvc/tmp/retrain.lock")


def retrain(*, update: bool = False) -> str:
    """Run the pipeline on the current branch, push cache and commit, and return a sentence about the outcome.

    `update` fetches new versions of imported data first. Without a git remote the commit stays local; without a DVC
    remote the cache does. Raises EnvironmentFault (exit 5) without a branch or with uncommitted changes, ServiceError
    (exit 6) when a remote does not answer or the branch moved at each of `TRIES` tries; the commit then stays local,
    and the message says what to do; BusyError (exit 9) while another retraining works in this clone. A stage that
    fails ends the process with its own exit code.
    """
    imports = prepare(update=update)
    generated = (*GENERATED, *imports)
    target = branch.target()
    with alone():
        if target is not None:
            return _pushed(target, generated, imports)
        run(imports)
        retrain_summary.write("HEAD")
        return "the result is committed here: there is no git remote" if branch.commit(generated) else "nothing changed"


def plan(*, update: bool = False) -> str:
    """Say what `retrain` would do, in a sentence; nothing here or elsewhere changes but git's view of its remote.

    Raises as `retrain` does, and EnvironmentFault (exit 5) where DVC cannot read its files.
    """
    imports = prepare(update=update)
    target = branch.target()
    if target is not None:
        branch.fetch(target)
    steps = [*_incoming(target), *([f"ask for new versions of {', '.join(imports)}"] if imports else []), *_stale()]
    if not steps:
        return "nothing changed: nothing would run, and nothing would be pushed"
    end = f"push the result to {target}" if target else "commit the result here: there is no git remote"
    return f"would {', then '.join([*steps, end])}"


def prepare(*, update: bool) -> list[str]:
    """Return the imported data to update. Raises EnvironmentFault (exit 5) without git or with uncommitted changes."""
    repository.require_git()
    imports = _imports() if update else []
    branch.require_clean_tree((*GENERATED, *imports))
    return imports


@contextmanager
def alone() -> Iterator[None]:
    """Keep other retrainings out of this clone. Raises BusyError (exit 9) while one works."""
    BUSY.parent.mkdir(parents=True, exist_ok=True)
    with BUSY.open("a") as file:
        if not try_lock(file):
            fix = "wait until it ends, then run the same command again"
            raise BusyError("E_BUSY", "another `darkroom retrain` works in this clone", where=BUSY, fix=fix)
        yield


def run(imports: Sequence[str], *, push: bool = True) -> None:
    """Pull data and cache, run the pipeline, and push the cache to the DVC remote."""
    remote = pull(imports)
    repro(*(["--pull"] if remote else []))
    if remote and push:
        exchange("push", "--run-cache", remote=remote)


def pull(imports: Sequence[str]) -> str:
    """Get new versions of `imports`, and everything that the DVC remote has. Return its name, "" without one.

    Raises ServiceError (exit 6) when it does not answer, or lacks the champion.
    """
    remote = repository.dvc_output("config", "core.remote")
    if imports:
        exchange("update", *imports, remote="of the data")
    if remote:
        # the data first, and completely: DVC would take a partial folder for a new version
        if data := git_output("ls-files", "*.dvc").splitlines():
            exchange("pull", *data, remote=remote)
        exchange("pull", "--allow-missing", remote=remote)
    _require_champion(remote)
    return remote


def is_up_to_date(generated: Sequence[str]) -> bool:
    """Whether the last commit holds the result already, so that nothing has to be pulled. Data need not be here."""
    has_remote = bool(repository.dvc_output("config", "core.remote"))
    return has_remote and not branch.has_changes(generated) and UP_TO_DATE in _dry_run()


def exchange(*words: str, remote: str) -> None:
    """Run DVC with these words, waiting for its lock. Raises ServiceError (exit 6) when it fails."""
    if dvc("--wait-for-lock", *words):
        fix = f"see DVC's message, check `dvc remote list` and the access to {printable(remote)}; nothing was trained"
        fix = fix if words[0] != "push" else "when it answers, run `make retrain` again: nothing is trained twice"
        raise ServiceError("E_REMOTE", f"dvc {words[0]} failed", where=f"DVC remote {printable(remote)}", fix=fix)


def _pushed(target: Target, generated: Sequence[str], imports: Sequence[str]) -> str:
    for _ in range(TRIES):
        branch.commit(generated, amend=bool(branch.own_commits(target)))  # the changes of an interrupted run
        branch.rebase_onto(target)
        own = len(branch.own_commits(target))
        if own or imports or not is_up_to_date(generated):
            run(imports)
            retrain_summary.write(f"HEAD~{own}")
        branch.commit(generated, amend=bool(own))
        if not branch.own_commits(target):
            return "nothing changed, so nothing is pushed"
        if branch.pushed(target):
            return f"the result is on {target}"
    fix = "run `make retrain` again: DVC's run cache holds what was trained, on its remote too"
    what = f"the branch moved at each of {TRIES} tries to push; the result is committed here"
    raise ServiceError("E_PUSH", what, where=target, fix=fix)


def _imports() -> list[str]:
    """Return the `.dvc` files of data that DVC imported from elsewhere: those with a dependency."""
    pointers = git_output("ls-files", "*.dvc").splitlines()
    documents = {pointer: plain_yaml.load(Path(pointer)) for pointer in pointers}
    return [pointer for pointer, document in documents.items() if isinstance(document, dict) and document.get("deps")]


def _incoming(target: Target | None) -> list[str]:
    if target is None or not branch.exists(target):
        return []
    count = int(git_output("rev-list", "--count", f"HEAD..{target.tracking}"))
    return [f"take {count} commit{'s' if count != 1 else ''} from {target}"] if count else []


def _stale() -> list[str]:
    output = _dry_run()
    if UP_TO_DATE in output:
        return []
    names = list(dict.fromkeys(STALE.findall(output)))
    if not names:
        raise EnvironmentFault("E_DVC", repository.last_line(output), where="dvc repro --dry", fix="see DVC's message")
    return [f"run {', '.join(names)} and what depends on {'them' if len(names) != 1 else 'it'}"]


def _dry_run() -> str:
    return repository.dvc_messages("--wait-for-lock", "repro", "--dry", "--allow-missing")


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
