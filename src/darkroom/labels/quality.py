"""How far a list of label issues can be trusted, and when there is none."""

from collections.abc import Sequence

from darkroom.label_review import KnownErrors, LabelQuality
from darkroom.labels import known_errors
from darkroom.labels.opinion import Opinion
from darkroom.params import Labels

RATES = {"0.03": 0.03, "0.01": 0.01}  # of labels that are flipped on purpose
DECISIVE = "0.03"  # the mean of ten benchmark data sets was 3.3 % (Northcutt, Athalye and Mueller 2021)
MIN_PRECISION = 0.5  # below it, whoever applies the whole list unseen spoils more labels than they mend
MIN_RECALL = 0.1  # below it, a handful of finds says nothing about precision


def unexamined(labels: Labels, reason: str) -> LabelQuality:
    return LabelQuality(
        method=labels.method,
        model=None,
        folds=labels.folds,
        images=0,
        accuracy=None,
        candidates={},
        wrong=None,
        listed=0,
        right=None,
        known_errors={},
        reason=reason,
    )


def measure(best: Opinion, opinions: Sequence[Opinion], labels: Labels, seed: int) -> LabelQuality:
    """Plant errors among the training labels, and see what a list by `best`, one of `opinions`, is worth."""
    n, k = best.probabilities.shape
    wrong = known_errors.wrong(best.labels, best.probabilities)
    listed = int(known_errors.listed(best.labels, best.probabilities).sum())
    known = {name: known_errors.measure(best.method, best.labels, k, r, wrong, seed) for name, r in RATES.items()}
    return LabelQuality(
        method=labels.method,
        model=best.method.name,
        folds=labels.folds,
        images=n,
        accuracy=best.accuracy,
        candidates=_accuracies(opinions),
        wrong=wrong,
        listed=listed,
        right=None if wrong is None or not listed else min(1.0, wrong * known[DECISIVE]["recall"] * n / listed),
        known_errors=known,
        reason=_why_none(best, known[DECISIVE]),
    )


def _accuracies(opinions: Sequence[Opinion]) -> dict[str, float]:
    """By name; of several methods with one name, that with the lowest log loss."""
    ordered = sorted(opinions, key=lambda opinion: -opinion.log_loss)
    return {opinion.method.name: opinion.accuracy for opinion in ordered}


def _why_none(best: Opinion, known: KnownErrors) -> str | None:
    weak = f"{best.method.name} agrees with no more than {best.accuracy:.1%} of the training labels"
    if known["recall"] < MIN_RECALL:
        return f"only {known['recall']:.0%} of the labels that were flipped on purpose were found: {weak}"
    if known["precision"] < MIN_PRECISION:
        share = f"only {known['precision']:.0%} of such a list would be right"
        return f"if {RATES[DECISIVE]:.0%} of the labels were wrong, {share}: {weak}"
    return None
