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
from darkroom.params import Register
from darkroom.shipping import predict


@dataclass(frozen=True)
class Decision:
    """`folder` is the model that reigns from now on, None when nobody may; `scores` are of today's test pictures."""

    challenger: str
    folder: Path | None
    promoted: bool
    reason: str
    scores: dict


def decide(
    challenger: Path,
    champion: Path,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: tuple[str, ...],
    how: Register,
    metric: str,
    resamples: int,
    seed: int,
) -> Decision:
    """Judge two model folders on test pictures uint8 `(n, s, s, c)` with labels int64 `(n,)`."""
    common = {"resamples": resamples, "confidence": how.confidence, "seed": seed}
    new = predict.probabilities(predict.load(challenger)[0], images)
    scores = {"challenger": metrics.summary(labels, new, k=len(classes), **common)}
    accuracy = scores["challenger"]["accuracy"]["value"]
    good, name = accuracy >= how.min_accuracy, challenger.name
    rival = _rival(champion, challenger, classes)
    if not rival or not good:
        reason = _without_rival(name, accuracy, how.min_accuracy, champion.exists())
        reigning = challenger if good else champion if champion.exists() else None
        return Decision(name, reigning, good, reason, scores)
    if _sha(champion) == _sha(challenger):
        return Decision(name, champion, False, f"{printable(name)} is the champion already", scores)
    old = predict.probabilities(predict.load(champion)[0], images)
    scores["champion"] = metrics.summary(labels, old, k=len(classes), **common)
    proof = significance.better(labels, new, old, metric=metric, **common)
    verdict = "better beyond chance" if proof["proven"] else "not proven better"
    reason = (
        f"{printable(name)} is {verdict} than the champion: {metric} {proof['difference']:+.4f} "
        f"({proof['low']:+.4f} to {proof['high']:+.4f}, p = {proof['p']:.3g}, n = {len(labels)})"
    )
    return Decision(name, challenger if proof["proven"] else champion, proof["proven"], reason, scores)


def enthrone(winner: Path | None, champion: Path) -> None:
    """Make `champion` a copy of `winner`; nothing to do when it is that already or nobody may reign."""
    if winner in (None, champion):
        return
    with files.replacing(champion) as partial:
        shutil.copytree(winner, partial)


def _rival(champion: Path, challenger: Path, classes: tuple[str, ...]) -> bool:
    """Whether there is a champion that answers the same question: same classes, same kind of input."""
    if not champion.exists():
        return False
    files.verify(champion)
    return files.read_json(champion / "classes.json") == files.read_json(challenger / "classes.json")


def _without_rival(name: str, accuracy: float, least: float, reigns: bool) -> str:
    if accuracy < least:
        return f"{printable(name)} stays below register.min_accuracy: {accuracy:.4f} < {least:g}"
    why = "the classes or the input changed, so the old champion cannot judge" if reigns else "it is the first"
    return f"{printable(name)} becomes champion: {why}, and its accuracy {accuracy:.4f} is at least {least:g}"


def _sha(folder: Path) -> str:
    return files.sha256(folder / "model.keras")
