"""What registration.json holds: the outcome of a promotion, in types that its readers can import without models."""

from typing import TypedDict


class Score(TypedDict):
    """The metric of a model with its confidence interval; None where there is nothing to measure."""

    value: float | None
    low: float | None
    high: float | None


class Scores(TypedDict):
    """Both models on the same test images; `champion` is None where there was none, or nothing to compare."""

    challenger: Score
    champion: Score | None


class Champion(Score):
    """The champion after the promotion, with its score on today's test images."""

    version: int | None  # in the registry
    model: str
    digest: str
    reason: str  # of its own promotion


class Registration(TypedDict):
    """registration.json."""

    name: str  # of the registered model
    candidate: str  # the challenger's model folder
    version: int  # of the challenger
    promoted: bool
    reason: str
    metric: str
    n: int  # test images that both models could be compared on
    scores: Scores
    champion: Champion | None
