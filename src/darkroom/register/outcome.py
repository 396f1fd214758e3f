"""Say what became of champion and challenger: in registration.json, and in the history of champions."""

from pathlib import Path
from typing import NamedTuple

from darkroom.register import identity, promotion, registry, versions
from darkroom.register.champions import Row
from darkroom.register.promotion import Decision
from darkroom.register.registration import Champion, Registration, Score
from darkroom.runtime import files
from darkroom.saving import model_folder


class Versions(NamedTuple):
    """The versions of a registered model."""

    name: str  # of the registered model
    challenger: int
    champion: int | None  # after the promotion


def record(decision: Decision, champion: Path, versions: Versions, metric: str, looks: int) -> Registration:
    """The content of registration.json after `promote`. `looks` is how many challengers the images have judged."""
    score = decision.challenger if decision.promoted else decision.champion
    return {
        "name": versions.name,
        "candidate": decision.name,
        "version": versions.challenger,
        "promoted": decision.promoted,
        "reason": decision.reason,
        "metric": metric,
        "n": decision.n,
        "clusters": decision.clusters,
        "looks": looks,
        "scores": {"challenger": decision.challenger, "champion": decision.champion},
        "fresh": decision.fresh,
        "champion": _champion(champion, versions.champion, score) if promotion.has_champion(champion) else None,
    }


def name_champion(path: Path, champion: Path, version: int | None) -> None:
    """Make the registration.json at `path`, if there is one, name the champion that a person chose.

    Its score is the one that it had when it was judged. What the file says of the last challenger stays.
    """
    registration = files.read_object(path) if path.exists() else None
    if not registration or promotion.champion_digest(champion) == (registration["champion"] or {}).get("digest"):
        return
    made = promotion.made_by(champion)
    entry = _champion(champion, version, made.challenger)
    reason = f"{registration['reason']}; since then {entry['model']} was {made.by}: {made.reason}"
    files.write_json(path, {**registration, "champion": entry, "fresh": None, "reason": reason})


def history_row(name: str, champion: Path, version: int | None) -> Row | None:
    """Return the row of the champion for the history; None without a champion.

    Raises ServiceError (exit 6) when MLflow, which knows since when, does not answer.
    """
    if not promotion.has_champion(champion):
        return None
    made = promotion.made_by(champion)
    return {
        "when": (versions.since(name, version) if version else None) or registry.now(),
        "version": version,
        "model": model_folder.read_facts(champion)["name"],
        "digest": identity.digest(champion),
        "metric": made.metric,
        "value": made.challenger["value"],
        "low": made.challenger["low"],
        "high": made.challenger["high"],
        "n": made.n or None,
        "by": made.by,
        "reason": made.reason,
    }


def _champion(folder: Path, version: int | None, score: Score | None) -> Champion:
    return {
        "version": version,
        "model": model_folder.read_facts(folder)["name"],
        "digest": identity.digest(folder),
        "value": score["value"] if score else None,
        "low": score["low"] if score else None,
        "high": score["high"] if score else None,
        "reason": promotion.made_by(folder).reason,
    }
