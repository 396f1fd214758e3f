"""The promotion gate: the champion falls only to a proven better one.

The champion is a model folder that DVC keeps (`champion/`), so that a fresh clone or a CI machine with an
empty MLflow store still judges against it. Both models see the test pictures of today. The price: a champion
that was trained on pictures which are test pictures now looks better than it is, so the gate errs on its side.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkroom import files
from darkroom.errors import printable
from darkroom.judging import metrics, significance
from darkroom.params import Compare, Register
from darkroom.shipping import predict

REIGN = "reign.json"  # beside the model files: why this model became champion


@dataclass(frozen=True)
class Decision:
    """`folder` is the model that reigns from now on, None when nobody may; `score` is its own on today's pictures."""

    challenger: str
    folder: Path | None
    promoted: bool
    reason: str
    score: dict | None  # value, low, high


def decide(
    challenger: Path,
    champion: Path,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    how: Register,
    compared: Compare,
    seed: int,
) -> Decision:
    """Judge two model folders on test pictures uint8 `(n, s, s, c)` with labels int64 `(n,)`.

    As models are compared, but with the confidence of `how`.
    """
    metric, gate = compared.metric, compared.model_copy(update={"confidence": how.confidence})
    common = {"resamples": gate.resamples, "confidence": gate.confidence, "seed": seed}
    new, old = _seen(challenger, images), _seen(champion, images) if _rival(champion, challenger) else None
    mine = metrics.summary(labels, new, **common)
    name, accuracy = challenger.name, mine["accuracy"]["value"]
    if old is None:
        good = accuracy >= how.min_accuracy
        why = _alone(name, accuracy, how.min_accuracy, champion.exists())
        return Decision(name, challenger if good else None, good, why, mine[metric] if good else None)
    theirs = metrics.summary(labels, old, **common)
    if _sha(champion) == _sha(challenger):
        return Decision(name, champion, False, f"{printable(name)} is the champion already", theirs[metric])
    if accuracy < how.min_accuracy:
        return Decision(name, champion, False, _below(name, accuracy, how.min_accuracy), theirs[metric])
    proof = significance.better(labels, new.argmax(1), old.argmax(1), k=new.shape[1], how=gate, seed=seed)
    why = _compared(name, metric, proof, len(labels))
    won = proof["proven"]
    return Decision(name, challenger if won else champion, won, why, (mine if won else theirs)[metric])


def record(decision: Decision, champion: Path, *, name: str, version: int, crowned: int | None, metric: str, n: int):
    """What registration.json holds, once `enthrone` was called."""
    reigning = None
    if decision.folder:
        model = files.read_json(champion / "run.json")["name"]
        why = files.read_json(champion / REIGN)["reason"]
        reigning = {"version": crowned, "model": model, "sha256": _sha(champion), **decision.score, "reason": why}
    found = {"name": name, "candidate": decision.challenger, "version": version, "promoted": decision.promoted}
    return {**found, "reason": decision.reason, "metric": metric, "n": n, "champion": reigning}


def enthrone(decision: Decision, champion: Path) -> None:
    """Make `champion` a copy of the model that reigns, with the reason why it does; no folder when nobody may."""
    if decision.folder == champion:
        return
    if decision.folder is None:
        shutil.rmtree(champion, ignore_errors=True)
        return
    with files.replacing(champion) as partial:
        shutil.copytree(decision.folder, partial)
        files.write_json(partial / REIGN, {"reason": decision.reason})


def _rival(champion: Path, challenger: Path) -> bool:
    """Whether there is a champion that answers the same question: same classes, same kind of input."""
    if not champion.exists():
        return False
    files.verify(champion)
    return files.read_json(champion / "classes.json") == files.read_json(challenger / "classes.json")


def _seen(folder: Path, images: np.ndarray) -> np.ndarray:
    return predict.probabilities(predict.load(folder)[0], images)


def _below(name: str, accuracy: float, least: float) -> str:
    return f"{printable(name)} stays below register.min_accuracy: {accuracy:.4f} < {least:g}"


def _alone(name: str, accuracy: float, least: float, reigned: bool) -> str:
    if accuracy < least:
        return _below(name, accuracy, least)
    why = "the classes or the input changed, so the old champion cannot judge" if reigned else "it is the first"
    return f"{printable(name)} becomes champion: {why}, and its accuracy {accuracy:.4f} is at least {least:g}"


def _compared(name: str, metric: str, proof: dict, n: int) -> str:
    verdict = "better beyond chance" if proof["proven"] else "not proven better"
    return (
        f"{printable(name)} is {verdict} than the champion: {metric} {proof['difference']:+.4f} "
        f"({proof['low']:+.4f} to {proof['high']:+.4f}, McNemar p = {proof['mcnemar_p']:.3g}, n = {n})"
    )


def _sha(folder: Path) -> str:
    return files.sha256(folder / "model.keras")
