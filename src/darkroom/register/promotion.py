"""The promotion gate: a challenger replaces the champion only if it is better on today's test images.

The champion is a model folder that DVC keeps (`champion/`), so that a fresh clone or a CI machine with an empty
MLflow store still compares with it. Each model gets today's test images as its own input spec says: they are decoded
to its size, colour and fit, and it scales its own input. So no change of the data, of a parameter or of the
architecture switches the comparison off. The price: a champion that was trained on images that are test images now
looks better than it is, so the gate errs on its side; and test images are decoded again where the two specs differ.

When classes were added or removed, both models are compared on the test images of the classes that they share. The
champion cannot name today's classes, so there the challenger need only be as good. Only a challenger ever replaces
the champion: without one that is good enough, the champion stays.

A person may choose the champion too (`choice`). The gate then judges the next challenger against it, and leaves alone
those that had been judged before: the person has decided about them.

The champion was chosen for its value on the test images, so that value flatters it; its value on those that are newer
than its coronation does not (see `looks`).
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from darkroom.inference import inference
from darkroom.metrics import design
from darkroom.register import class_losses, identity, judging, match, reasons
from darkroom.register.judging import TestImages
from darkroom.register.match import CHALLENGER, CHAMPION, Answers, Gate, Result
from darkroom.register.registration import By, Fresh, Score
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import printable
from darkroom.saving.model_folder import MODEL

PROMOTION = "promotion.json"  # in the champion's folder: the decision that made it champion, or why there is none


@dataclass(frozen=True)
class Decision:
    """The outcome for the challenger `name`, as promotion.json holds it; scores are those on `n` test images.

    `data` is the digest of the packed data; `champion` is None where there was none, or nothing to compare. `fresh`
    is about the test images that are newer than the champion's coronation; None where there are none. `clusters` is
    how many independent groups the images form; None in a decision of a release that did not know them, as `metric`.
    `settled` are the digests of the challengers that had been judged when a person decided: none of them comes back
    without a person. It is empty in a decision of the gate.
    """

    name: str
    promoted: bool
    reason: str
    data: str
    n: int
    challenger: Score
    champion: Score | None
    fresh: Fresh | None = None
    clusters: int | None = None
    metric: str | None = None
    by: By = "gate"
    settled: list[str] = field(default_factory=list)


def has_champion(folder: Path) -> bool:
    """Whether `folder` holds a champion. Without one it holds the reason, or does not exist yet."""
    return (folder / MODEL).exists()


def champion_digest(folder: Path) -> str | None:
    """The digest of the champion in `folder`, see `identity`; None where there is none."""
    return identity.digest(folder) if has_champion(folder) else None


def decide(challenger: Path, champion: Path, test: TestImages, gate: Gate) -> Decision:
    """Decide between two model folders. The same models and images get the same decision, word for word.

    Raises ArtifactError (exit 4) when a model cannot be used.
    """
    name, minimum, own = printable(challenger.name), gate.register.min_accuracy, judging.predictions(challenger, test)
    accuracy = float((own == test.labels).mean())
    failure = reasons.below_minimum(accuracy, minimum) if accuracy < minimum else ""
    why_not = failure or _settled(challenger, champion)
    classes = inference.read_spec(champion)["classes"] if has_champion(champion) else []
    shared, drawn = np.isin(test.labels, classes), design.of_split(test.split)
    if not shared.any():
        result = match.compare(Answers(test.labels, {CHALLENGER: own}, drawn), gate)
        reason = why_not or reasons.unopposed(accuracy, minimum, is_first=not classes)
        return replace(_decision(challenger.name, result, test), promoted=not why_not, reason=f"{name} {reason}")
    answers = Answers(test.labels, {CHALLENGER: own, CHAMPION: judging.predictions(champion, test)}, drawn)
    result, fresh = match.compare(answers.on(shared), gate), _on_fresh(answers.on(shared & test.fresh), gate)
    stays = replace(_decision(challenger.name, result, test), fresh=fresh)
    if champion_digest(champion) == identity.digest(challenger):
        return _repeated(champion, replace(stays, reason=f"{name} is the champion already"))
    if why_not:
        return replace(stays, reason=f"{name} {why_not}")
    wins, reason = _verdict(result, classes, test.split.classes)
    if wins and (loss := class_losses.ruined(answers.on(shared), gate.register)):
        wins, reason = False, reasons.ruined_class(reason, loss, gate.register)
    return replace(stays, promoted=wins, reason=f"{name} {reason}", fresh=None if wins else fresh)


def promote(decision: Decision, challenger: Path, champion: Path) -> None:
    """Replace `champion` by a copy of the challenger if that won; without any champion leave the reason there."""
    if decision.promoted and champion_digest(champion) != identity.digest(challenger):
        install(decision, challenger, champion)
    elif not has_champion(champion):
        with files.durable(champion) as folder:
            folder.mkdir()
            files.write_json(folder / PROMOTION, asdict(decision))


def install(decision: Decision, model: Path, champion: Path) -> None:
    """Replace `champion` by a copy of the folder `model`, with the decision that makes it so."""
    with files.durable(champion) as folder:
        shutil.copytree(model, folder)
        files.write_json(folder / PROMOTION, asdict(decision))
        sealing.seal(folder)


def made_by(champion: Path) -> Decision:
    """The decision that made the champion. Raises ArtifactError (exit 4) when it cannot be read."""
    return Decision(**files.read_object(champion / PROMOTION))


def _repeated(champion: Path, decision: Decision) -> Decision:
    """For a challenger that is the champion: the decision that made it so, if on the same images, else `decision`."""
    made = made_by(champion)
    return replace(made, fresh=decision.fresh) if made.data == decision.data else decision


def _settled(challenger: Path, champion: Path) -> str:
    """Why the challenger does not come back; empty unless a person chose the champion when it had been judged."""
    if not has_champion(champion) or identity.digest(challenger) not in (made := made_by(champion)).settled:
        return ""
    return reasons.settled(made.by, made.reason)


def _decision(name: str, result: Result, test: TestImages) -> Decision:
    """A decision with the scores of `result`, and without a reason yet."""
    scores = result.challenger, result.champion
    return Decision(name, False, "", test.digest, result.n, *scores, clusters=result.clusters, metric=result.metric)


def _on_fresh(answers: Answers, gate: Gate) -> Fresh | None:
    if not len(answers.labels):
        return None
    result = match.compare(answers, gate)
    assert result.champion is not None  # its answers are among them
    return {**result.champion, "n": result.n, "clusters": result.clusters, "challenger": result.challenger}


def _verdict(result: Result, old: Sequence[str], new: Sequence[str]) -> tuple[bool, str]:
    """Whether the challenger, of the `new` classes, wins against the champion of the `old` ones, and why."""
    assert result.difference is not None  # there is a champion
    if set(old) == set(new):
        wins = result.difference.is_proven
        return wins, reasons.same_classes(result, wins=wins)
    wins = result.difference.value >= 0
    return wins, reasons.other_classes(result, old, new, wins=wins)
