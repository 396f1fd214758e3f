"""What the test images say of the model that stands for the run, and how often they have judged."""

from collections.abc import Iterable
from typing import NamedTuple

from darkroom.evaluation_folder import Scores
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.significance import Comparison
from darkroom.report.records import Registration

MANY_LOOKS = 20  # challengers, from which the report asks for other test images


class Better(NamedTuple):
    """A model that does better on the test images than the one that was chosen on the validation images."""

    model: str
    value: float | None
    proven: bool  # beyond chance


def better_on_test(comparison: Comparison) -> list[Better]:
    """Return the models with a higher value on the test images than the chosen one."""
    (chosen,) = (row for row in comparison["ranking"] if row["model"] == comparison["best"])
    return [
        Better(row["model"], row["value"], row["model"] not in chosen["tied_with"])
        for row in comparison["ranking"]
        if (row["value"] or 0) > (chosen["value"] or 0)
    ]


def tests(comparison: Comparison) -> list[str]:
    """Return the names of the tests between two models."""
    return sorted({pair["test"] for pair in comparison["pairs"]})


def needs_new_test_images(registration: Registration) -> bool:
    """Whether the present ones have judged so many challengers that one may be champion by luck."""
    return registration["looks"] >= MANY_LOOKS


def without_interval(metrics: Iterable[str], scores: Iterable[Scores]) -> dict[str, str]:
    """Return why some of the metrics have no interval for one of the models or more, by metric."""
    models = list(scores)
    missing = [name for name in metrics if any(_lacks_interval(model.get(name)) for model in models)]
    return {name: why for name in missing if (why := METRICS[name].why_no_interval)}


def _lacks_interval(score: Score | None) -> bool:
    return score is not None and score["value"] is not None and score["low"] is None
