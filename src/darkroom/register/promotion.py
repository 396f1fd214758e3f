"""The promotion gate: a challenger replaces the champion only if it is better on today's test images.

The champion is a model folder that DVC keeps (`champion/`), so that a fresh clone or a CI machine with an empty
MLflow store still compares with it. Each model gets today's test images as its own input spec says: they are decoded
to its size, colour and fit, and it scales its own input. So no change of the data, of a parameter or of the
architecture switches the comparison off. The price: a champion that was trained on images that are test images now
looks better than it is, so the gate errs on its side; and test images are decoded again where the two specs differ.

When classes were added or removed, both models are compared on the test images of the classes that they share. The
champion cannot name today's classes, so there the challenger need only be as good. Only a challenger ever replaces
the champion: without one that is good enough, the champion stays.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkroom.inference import inference, predict
from darkroom.metrics import significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.packed_data import Split
from darkroom.params import Compare, Register
from darkroom.register import identity
from darkroom.register.registration import Champion, Registration, Score
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import DataError, printable
from darkroom.saving import model_folder
from darkroom.saving.model_folder import DECODING, MODEL, InputSpec

PROMOTION = "promotion.json"  # in the champion's folder: the decision that made it champion, or why there is none
CHALLENGER, CHAMPION = "challenger", "champion"


class TestImages(NamedTuple):
    """Today's test images: packed, as files in `folder`, and the digest of the packed data."""

    split: Split
    folder: Path
    digest: str


class Gate(NamedTuple):
    """What it takes to become champion. Models are compared as `compare` says, with the confidence of `register`."""

    register: Register
    compare: Compare
    seed: int


@dataclass(frozen=True)
class Decision:
    """The outcome for the challenger `name`, as promotion.json holds it; scores are those on `n` test images.

    `data` is the digest of the packed data; `champion` is None where there was none, or nothing to compare.
    """

    name: str
    promoted: bool
    reason: str
    data: str
    n: int
    challenger: Score
    champion: Score | None


class _Difference(NamedTuple):
    """How much better the challenger is than the champion, with the confidence interval and McNemar's p."""

    value: float
    low: float
    high: float
    p: float
    is_proven: bool  # better beyond chance


def has_champion(folder: Path) -> bool:
    """Whether `folder` holds a champion. Without one it holds the reason, or does not exist yet."""
    return (folder / MODEL).exists()


def decide(challenger: Path, champion: Path, test: TestImages, gate: Gate) -> Decision:
    """Decide between two model folders. The same models and images get the same decision, word for word.

    Raises ArtifactError (exit 4) when a model cannot be used.
    """
    name, labels = challenger.name, np.array(test.split.classes)[np.asarray(test.split.labels)]
    predicted = _predictions(challenger, test)
    accuracy, minimum = float((predicted == labels).mean()), gate.register.min_accuracy
    failure = _below(name, accuracy, minimum) if accuracy < minimum else None
    classes = inference.read_spec(champion)["classes"] if has_champion(champion) else []
    shared = np.isin(labels, classes)
    if not shared.any():
        comparison = _compare(labels, {CHALLENGER: predicted}, gate)
        reason = failure or _unopposed(name, accuracy, minimum, is_first=not classes)
        return Decision(name, not failure, reason, test.digest, len(labels), _score(comparison, CHALLENGER), None)
    models = {CHALLENGER: predicted[shared], CHAMPION: _predictions(champion, test)[shared]}
    comparison = _compare(labels[shared], models, gate)
    scores = _score(comparison, CHALLENGER), _score(comparison, CHAMPION)
    rejected = Decision(name, False, failure or "", test.digest, int(shared.sum()), *scores)
    if identity.digest(champion) == identity.digest(challenger):
        return _repeated(champion, replace(rejected, reason=f"{printable(name)} is the champion already"))
    if failure:
        return rejected
    difference = _difference(comparison)
    is_same_task = set(classes) == set(test.split.classes)
    wins = difference.is_proven if is_same_task else difference.value >= 0
    verdict = _verdict(wins) if is_same_task else _verdict_on_shared(wins, classes, test.split.classes)
    summary = _summary(gate.compare.metric, difference, rejected.n)
    return replace(rejected, promoted=wins, reason=f"{printable(name)} is {verdict}: {summary}")


def promote(decision: Decision, challenger: Path, champion: Path) -> None:
    """Replace `champion` by a copy of the challenger if that won; without any champion leave the reason there."""
    if decision.promoted and not _is_copy(champion, challenger):
        with files.durable(champion) as folder:
            shutil.copytree(challenger, folder)
            files.write_json(folder / PROMOTION, asdict(decision))
            sealing.seal(folder)
    elif not has_champion(champion):
        with files.durable(champion) as folder:
            folder.mkdir()
            files.write_json(folder / PROMOTION, asdict(decision))


def record(
    decision: Decision, champion: Path, *, name: str, version: int, champion_version: int | None, metric: str
) -> Registration:
    """The content of registration.json after `promote`. `name` is the registered model, `version` the challenger's."""
    return {
        "name": name,
        "candidate": decision.name,
        "version": version,
        "promoted": decision.promoted,
        "reason": decision.reason,
        "metric": metric,
        "n": decision.n,
        "scores": {"challenger": decision.challenger, "champion": decision.champion},
        "champion": _champion(decision, champion, champion_version) if has_champion(champion) else None,
    }


def _champion(decision: Decision, folder: Path, version: int | None) -> Champion:
    score = decision.challenger if decision.promoted else decision.champion
    return {
        "version": version,
        "model": model_folder.read_facts(folder)["name"],
        "digest": identity.digest(folder),
        "value": score["value"] if score else None,
        "low": score["low"] if score else None,
        "high": score["high"] if score else None,
        "reason": _made_by(folder).reason,
    }


def _is_copy(champion: Path, challenger: Path) -> bool:
    return has_champion(champion) and identity.digest(champion) == identity.digest(challenger)


def _made_by(champion: Path) -> Decision:
    """The decision that made the champion."""
    return Decision(**files.read_object(champion / PROMOTION))


def _repeated(champion: Path, decision: Decision) -> Decision:
    """For a challenger that is the champion: the decision that made it so, if on the same images, else `decision`."""
    made_by = _made_by(champion)
    return made_by if made_by.data == decision.data else decision


def _predictions(folder: Path, test: TestImages) -> np.ndarray:
    """The class that the model predicts for each test image, str `(n,)`."""
    model, spec = inference.load(folder)
    batches = [inference.probabilities(model, images).argmax(1) for images in _inputs(spec, test)]
    return np.array(spec["classes"])[np.concatenate(batches)]


def _inputs(spec: InputSpec, test: TestImages) -> Iterator[np.ndarray]:
    """The test images as inputs of a model with `spec`, in batches uint8 `(b, s, s, c)`: packed, or decoded again.

    Raises DataError (exit 3) for a file that is no longer the image it was.
    """
    if all(spec.get(key) == test.split.spec[key] for key in DECODING):
        yield test.split.images
        return
    todays_limit: InputSpec = {**spec, "max_pixels": test.split.spec["max_pixels"]}
    images = predict.decoded([test.folder / name for name in test.split.paths], todays_limit)
    while batch := list(islice(images, inference.BATCH)):
        yield np.stack([_require_image(image) for image in batch])


def _require_image(image: np.ndarray | DataError) -> np.ndarray:
    if isinstance(image, DataError):
        raise image
    return image


def _compare(labels: np.ndarray, predictions: Mapping[str, np.ndarray], gate: Gate) -> Mapping[str, Any]:
    """Compare models by the classes that they predict, str `(n,)`."""
    names, numbers = np.unique(np.stack([labels, *predictions.values()]), return_inverse=True)
    numbered_labels, *predicted = numbers.reshape(1 + len(predictions), -1)
    bootstrap = Bootstrap(gate.compare.resamples, gate.register.confidence, gate.seed)
    models = dict(zip(predictions, predicted, strict=True))
    return significance.compare(numbered_labels, models, len(names), gate.compare.metric, bootstrap)


def _score(comparison: Mapping[str, Any], model: str) -> Score:
    row = next(row for row in comparison["ranking"] if row["model"] == model)
    return {"value": row["value"], "low": row["low"], "high": row["high"]}


def _difference(comparison: Mapping[str, Any]) -> _Difference:
    """Challenger minus champion, whichever of them the comparison ranks first."""
    (pair,) = comparison["pairs"]
    value, low, high = pair["difference"], pair["low"], pair["high"]
    if pair["a"] == CHAMPION:
        value, low, high = -value, -high, -low
    is_proven = value > 0 and pair["verdict"] != significance.UNDECIDED
    return _Difference(value, low, high, pair["mcnemar_p"], is_proven)


def _below(name: str, accuracy: float, minimum: float) -> str:
    return f"{printable(name)} stays below register.min_accuracy: {accuracy:.4f} < {minimum:g}"


def _unopposed(name: str, accuracy: float, minimum: float, *, is_first: bool) -> str:
    why = "it is the first" if is_first else "the old one knows none of today's classes"
    return f"{printable(name)} becomes champion: {why}, and its accuracy {accuracy:.4f} is at least {minimum:g}"


def _summary(metric: str, difference: _Difference, n: int) -> str:
    interval = f"{difference.low:+.4f} to {difference.high:+.4f}"
    return f"{metric} {difference.value:+.4f} ({interval}, McNemar p = {difference.p:.3g}, n = {n})"


def _verdict(wins: bool) -> str:
    return f"{'better beyond chance' if wins else 'not proven better'} than the champion"


def _verdict_on_shared(wins: bool, old: list[str], new: tuple[str, ...]) -> str:
    lists = {"new": sorted(set(new) - set(old)), "gone": sorted(set(old) - set(new))}
    changes = "; ".join(f"{what}: {printable(', '.join(names))}" for what, names in lists.items() if names)
    verdict = "at least as good as" if wins else "worse than"
    return f"{verdict} the champion on the {len(set(old) & set(new))} classes that both know ({changes})"
