"""Let a person choose the champion: promote a version of the registry, or go back to an earlier champion.

The version's model folder replaces `champion/` at once; everything else that names the champion follows from what
that folder holds: the alias and the tags in MLflow, the history, the count of looks, registration.json. What is to be
done is written down before the folder changes and forgotten when all of it agrees. So a command that was killed
between two steps is completed by giving it again, and a rollback that was killed never goes back twice.
"""

from pathlib import Path
from typing import NamedTuple

from darkroom.register import champions, companions, fetched, identity, looks, outcome, promotion, registry, versions
from darkroom.register.promotion import Decision
from darkroom.register.registration import By
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import model_folder


class Places(NamedTuple):
    """The champion's folder, and the files that follow it."""

    champion: Path
    history: Path
    looks: Path
    registration: Path
    pending: Path  # the choice that is being made
    lock: Path  # that of the stage `register`
    downloads: Path  # of models of the registry


class Choice(NamedTuple):
    """The version that a person made champion, and why."""

    version: int
    by: By
    reason: str


def promotion_of(version: int, reason: str) -> Choice:
    return Choice(version, "promoted by a person", reason)


def rollback(name: str, to: int | None, reason: str, places: Places) -> Choice:
    """Return the choice of an earlier champion: the version `to`, or the champion before the present one.

    Where the same rollback was killed it is that one again. Raises ArtifactError (exit 4) when there is no earlier
    champion, or this MLflow store has not got it; ServiceError (exit 6) when MLflow does not answer.
    """
    pending = _pending(places.pending)
    if pending and pending.by == "rolled back" and pending.reason == reason:
        to = to or pending.version
    return Choice(to or _predecessor(name, places), "rolled back", reason)


def make(name: str, choice: Choice, places: Places) -> bool:
    """Make the choice, or complete it; return False where that version was the champion already.

    `forget` must follow. Raises ArtifactError (exit 4) when the version cannot be used, ServiceError (exit 6) when
    MLflow does not answer.
    """
    if places.pending.exists():
        follow(name, places)  # another choice may have been killed after it changed the folder
    model, temperature = fetched.fetch(f"{fetched.SCHEME}{name}/{choice.version}", places.downloads)
    changed = promotion.champion_digest(places.champion) != identity.digest(model)
    resumed = _pending(places.pending) == choice
    if changed:
        decision = _decision(name, choice, model, places)
        files.write_json(places.pending, choice._asdict())
        promotion.install(decision, model, places.champion)
    if temperature is not None:
        companions.complete(places.champion, model, temperature)
    follow(name, places)
    return changed or resumed


def follow(name: str, places: Places) -> None:
    """Make alias, history, looks and registration.json agree with the champion's folder.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    digest = promotion.champion_digest(places.champion)
    if digest is None:
        return
    version = versions.number(name, digest)
    if version:
        registry.set_champion(name, version)
    champions.note(places.history, outcome.history_row(name, places.champion, version))
    looks.write(places.looks, looks.crowned(looks.read(places.looks), digest))
    outcome.name_champion(places.registration, places.champion, version)


def forget(places: Places) -> None:
    """Note that the choice is made."""
    places.pending.unlink(missing_ok=True)


def require_none_pending(path: Path) -> None:
    """Raise ArtifactError (exit 4) when a choice was killed before all agreed: the gate must not judge meanwhile."""
    if pending := _pending(path):
        command = "darkroom rollback" if pending.by == "rolled back" else f"darkroom promote {pending.version}"
        fix = f"give the same command again, or forget it: rm {path}"
        raise ArtifactError("E_PENDING", f"`{command}` was interrupted", where=path, fix=fix)


def _decision(name: str, choice: Choice, model: Path, places: Places) -> Decision:
    """Return what promotion.json says of a choice: the score is that of the version's last judgement."""
    judged = versions.judgement(name, choice.version)
    settled = list(dict.fromkeys(looks.read(places.looks).rounds))
    return Decision(
        model_folder.read_facts(model)["name"], True, choice.reason, "", judged.n, judged.score, None,
        metric=judged.metric, by=choice.by, settled=settled,
    )  # fmt: skip


def _predecessor(name: str, places: Places) -> int:
    digest = promotion.champion_digest(places.champion)
    before = champions.predecessor(champions.read(places.history), digest or "")
    fix = "name a version: `darkroom rollback --to VERSION`"
    if before is None:
        raise ArtifactError("E_NO_CHAMPION", "there was no champion before this one", where=places.history, fix=fix)
    version = versions.number(name, before["digest"])
    if version is None:
        what = f"the champion before this one ({before['model']}, {before['digest']}) is not in this MLflow store"
        raise ArtifactError("E_VERSION", what, where=name, fix=f"set MLFLOW_TRACKING_URI to its store, or {fix}")
    return version


def _pending(path: Path) -> Choice | None:
    return Choice(**files.read_object(path)) if path.exists() else None
