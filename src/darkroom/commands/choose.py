"""`darkroom promote` and `darkroom rollback`: a person chooses the champion, and DVC is told.

`champion/` and the files that follow it are outs of the stage `register`. Where nothing else of that stage changed,
`dvc commit` puts the new outs into dvc.lock, so that the stage is up to date. Otherwise it is not, and dvc.lock must
not say so: the next `dvc repro` runs it, and the gate judges the challenger against the champion that was chosen.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from darkroom.commands import repository
from darkroom.register import choice
from darkroom.register.choice import Choice, Places
from darkroom.runtime import errors
from darkroom.runtime.errors import BusyError, EnvironmentFault, ParamsError
from darkroom.runtime.locks import try_lock

STAGE = "register"
NEXT = "next: `git commit` dvc.lock and reports/, `dvc push`, then `dvc repro` for the report"


def promote(name: str, version: int, reason: str, places: Places) -> str:
    """Make `version` of the registered model `name` champion, and return what happened, for the user.

    Raises ArtifactError (exit 4) when the version cannot be used, EnvironmentFault (exit 5) when DVC fails,
    ServiceError (exit 6) when MLflow does, BusyError (exit 9) while the gate judges.
    """
    with _alone(places):
        return _make(name, choice.promotion_of(version, _one_line(reason)), places)


def rollback(name: str, to: int | None, reason: str, places: Places) -> str:
    """Make an earlier champion champion again: the version `to`, or the one before. Raises as `promote` does."""
    with _alone(places):
        return _make(name, choice.rollback(name, to, _one_line(reason), places), places)


def _make(name: str, chosen: Choice, places: Places) -> str:
    changed = choice.make(name, chosen, places)
    _tell_dvc()
    choice.forget(places)
    if not changed:
        return f"version {chosen.version} of {name} is the champion already"
    return f"version {chosen.version} of {name} is champion; {NEXT}"


def _one_line(reason: str) -> str:
    if not (line := " ".join(reason.split())):
        raise ParamsError("E_REASON", "the reason is empty", where="--reason", fix="say why; it is kept")
    return line


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """Keep other choices and the stage `register` out."""
    places.lock.parent.mkdir(parents=True, exist_ok=True)
    with places.lock.open("a+") as file:
        if not try_lock(file):
            fix = "wait until it ends, then give the same command again"
            raise BusyError("E_BUSY", "the champion is being judged or chosen", where=places.lock, fix=fix)
        yield


def _tell_dvc() -> None:
    """Make dvc.lock agree, if the stage is otherwise up to date. Raises EnvironmentFault (exit 5) when DVC fails."""
    status = repository.dvc_output("status", "--json", STAGE)
    if not status:
        fix = f"see `dvc status {STAGE}`, then give the same command again"
        raise EnvironmentFault("E_DVC", "DVC does not answer", where="dvc.yaml", fix=fix)
    changes = json.loads(status).get(STAGE, [])
    if not changes:
        return
    if any("changed outs" not in change for change in changes):
        errors.inform(f"{STAGE} has to run anyway: the next `dvc repro` judges its challenger against this champion")
    elif repository.quiet_dvc("commit", "--force", STAGE):
        fix = "see DVC's message, then give the same command again"
        raise EnvironmentFault("E_DVC", f"`dvc commit {STAGE}` failed", where="dvc.lock", fix=fix)
