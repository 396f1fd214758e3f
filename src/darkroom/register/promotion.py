"""The promotion gate: the champion falls only to a challenger that beats it on today's test images.

The champion is a model folder that DVC keeps (`champion/`), so that a fresh clone or a CI machine with an empty
MLflow store still judges against it. Each model sees today's test images in its own way: they are decoded to its size,
colour and fit, and it scales its own input. So a change of the data, of a parameter or of the architecture never
switches the comparison off. The price: a champion that was trained on images which are test images now looks better
than it is, so the gate errs on its side; and test images are decoded once more where the two see them differently.

When classes were added or removed, both are judged on the test images of the classes that they share. The champion
cannot name today's classes, so there the challenger need only be as good. Nobody but a challenger ever takes the
champion's place: without one that is good enough, the champion stays.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from darkroom.inference import predict
from darkroom.metrics import significance
from darkroom.packed_data import Split
from darkroom.params import Compare, Register
from darkroom.register import identity
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import DataError, printable

PROMOTION = "promotion.json"  # in the champion's folder: why it is champion, or why there is none
SIGHT = ("image_size", "color", "fit")  # of a model's spec: how it sees an image

Score = dict[str, float | None]


@dataclass(frozen=True)
class Decision:
    """What became of the challenger `name`. Scores are `{value, low, high}` on the `n` test images that count.

    `data` is the digest of the packed images; `champion` is None where there was no champion, or nothing to compare.
    """

    name: str
    promoted: bool
    reason: str
    data: str
    n: int
    challenger: Score
    champion: Score | None


def has_champion(folder: Path) -> bool:
    """Whether a champion lies in `folder`; where there is none it holds the reason, or is not there yet."""
    return (folder / "model.keras").exists()


def decide(
    challenger: Path,
    champion: Path,
    test: Split,
    images: Path,
    *,
    data: str,
    config: Register,
    compared: Compare,
    seed: int,
) -> Decision:
    """Judge two model folders on today's test images, `test`, whose files lie in `images`.

    As models are compared, but with the confidence of `config`. `data` is the digest of the packed images; a decision
    about the same models on the same images is repeated word for word. Raises ArtifactError (exit 4) when a model
    cannot be used.
    """
    gate = compared.model_copy(update={"confidence": config.confidence})
    labels, new = np.array(test.classes)[np.asarray(test.labels)], _answers(challenger, test, images)
    accuracy = float((new == labels).mean())
    good, decided = accuracy >= config.min_accuracy, partial(Decision, name=challenger.name, data=data)
    (score,) = _scores(labels, [new], gate, seed)
    if not has_champion(champion):
        why = _first(challenger.name, accuracy, config) if good else _below(challenger.name, accuracy, config)
        return decided(promoted=good, reason=why, n=len(labels), challenger=score, champion=None)
    old, known = _answers(champion, test, images), files.read_json(champion / "classes.json")["classes"]
    rows = np.isin(labels, known)
    if not rows.any():
        why = _stranger(challenger.name, accuracy, config) if good else _below(challenger.name, accuracy, config)
        return decided(promoted=good, reason=why, n=len(labels), challenger=score, champion=None)
    both = _scores(labels[rows], [new[rows], old[rows]], gate, seed)
    scores = {"n": int(rows.sum()), "challenger": both[0], "champion": both[1]}
    if identity.digest(champion) == identity.digest(challenger):
        return _again(champion, decided(promoted=False, reason=_already(challenger.name), **scores))
    if not good:
        return decided(promoted=False, reason=_below(challenger.name, accuracy, config), **scores)
    proof = _proof(labels[rows], new[rows], old[rows], gate, seed)
    won = proof["proven"] if set(known) == set(test.classes) else proof["difference"] >= 0
    why = _compared(challenger.name, compared.metric, proof, scores["n"], known, test.classes)
    return decided(promoted=won, reason=why, **scores)


def promote(decision: Decision, challenger: Path, champion: Path) -> None:
    """Make `champion` a copy of the challenger if it won; where there is no champion at all, leave the reason there."""
    if decision.promoted and not _is_made(decision, challenger, champion):
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
) -> dict:
    """What registration.json holds, once `promote` was called. `version` is the challenger's."""
    judged = {"challenger": decision.challenger, "champion": decision.champion}
    found = {"name": name, "candidate": decision.name, "version": version, "promoted": decision.promoted}
    found |= {"reason": decision.reason, "metric": metric, "n": decision.n, "judged": judged}
    if not has_champion(champion):
        return {**found, "champion": None}
    score = decision.challenger if decision.promoted else decision.champion
    return {
        **found,
        "champion": {
            "version": champion_version,
            "model": files.read_json(champion / "run.json")["name"],
            "digest": identity.digest(champion),
            **(score or {"value": None, "low": None, "high": None}),
            "reason": files.read_json(champion / PROMOTION)["reason"],
        },
    }


def _again(champion: Path, decision: Decision) -> Decision:
    """The challenger is the champion: the decision that made it so if that saw the same images, else `decision`."""
    made = files.read_json(champion / PROMOTION)
    return Decision(**made) if made["data"] == decision.data else decision


def _is_made(decision: Decision, challenger: Path, champion: Path) -> bool:
    return has_champion(champion) and identity.digest(champion) == identity.digest(challenger)


def _answers(folder: Path, test: Split, images: Path) -> np.ndarray:
    """The class that the model names for each test image, str `(n,)`."""
    model, spec = predict.load(folder)
    said = [predict.probabilities(model, batch).argmax(1) for batch in _seen(spec, test, images)]
    return np.array(spec["classes"])[np.concatenate(said)]


def _seen(spec: dict, test: Split, images: Path) -> Iterator[np.ndarray]:
    """The test images as the model of `spec` sees them, in batches uint8 `(b, s, s, c)`: packed, or decoded anew.

    Raises DataError (exit 3) for a file that is no longer the image it was.
    """
    if all(spec[key] == test.spec[key] for key in SIGHT):
        yield test.images
        return
    paths = [images / name for name in test.paths]
    decoded = predict.decoded(paths, {**spec, "max_pixels": test.spec["max_pixels"]})
    while batch := list(islice(decoded, predict.BATCH)):
        if broken := next((each for each in batch if isinstance(each, DataError)), None):
            raise broken
        yield np.stack(batch)


def _scores(labels: np.ndarray, answers: list[np.ndarray], gate: Compare, seed: int) -> list[Score]:
    k, (truth, *said) = _numbered(labels, *answers)
    return [significance.score(truth, each, k=k, config=gate, seed=seed) for each in said]


def _proof(labels: np.ndarray, new: np.ndarray, old: np.ndarray, gate: Compare, seed: int) -> dict:
    k, (truth, *said) = _numbered(labels, new, old)
    return significance.better(truth, *said, k=k, config=gate, seed=seed)


def _numbered(*names: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """How many different names there are, and each array `(n,)` with numbers in their place."""
    known, numbers = np.unique(np.stack(names), return_inverse=True)
    return len(known), list(numbers.reshape(len(names), -1))


def _already(name: str) -> str:
    return f"{printable(name)} is the champion already"


def _first(name: str, accuracy: float, config: Register) -> str:
    why = f"its accuracy {accuracy:.4f} is at least {config.min_accuracy:g}"
    return f"{printable(name)} becomes champion: it is the first, and {why}"


def _stranger(name: str, accuracy: float, config: Register) -> str:
    why = f"its accuracy {accuracy:.4f} is at least {config.min_accuracy:g}"
    return f"{printable(name)} becomes champion: the old one knows none of today's classes, and {why}"


def _below(name: str, accuracy: float, config: Register) -> str:
    return f"{printable(name)} stays below register.min_accuracy: {accuracy:.4f} < {config.min_accuracy:g}"


def _compared(name: str, metric: str, proof: dict, n: int, known: list[str], classes: tuple[str, ...]) -> str:
    found = (
        f"{metric} {proof['difference']:+.4f} ({proof['low']:+.4f} to {proof['high']:+.4f}, "
        f"McNemar p = {proof['mcnemar_p']:.3g}, n = {n})"
    )
    if set(known) == set(classes):
        verdict = "better beyond chance" if proof["proven"] else "not proven better"
        return f"{printable(name)} is {verdict} than the champion: {found}"
    verdict = "at least as good as" if proof["difference"] >= 0 else "worse than"
    shared = f"the {len(set(known) & set(classes))} classes that both know ({_changed(known, classes)})"
    return f"{printable(name)} is {verdict} the champion on {shared}: {found}"


def _changed(known: list[str], classes: tuple[str, ...]) -> str:
    lists = {"new": sorted(set(classes) - set(known)), "gone": sorted(set(known) - set(classes))}
    return "; ".join(f"{what}: {printable(', '.join(names))}" for what, names in lists.items() if names)
