"""What registration.json holds: the outcome of a promotion, in types that its readers can import without models."""

from typing import Literal, TypedDict

By = Literal["gate", "promoted by a person", "rolled back"]  # how a model became champion


class Score(TypedDict):
    """The metric of a model with its confidence interval; None where there is nothing to measure."""

    value: float | None
    low: float | None
    high: float | None


class Scores(TypedDict):
    """Both models on the same test images; `champion` is None where there was none, or nothing to compare."""

    challenger: Score
    champion: Score | None


class Fresh(Score):
    """The champion on the test images that are newer than its coronation: it was not chosen on them."""

    n: int  # of these images
    clusters: int  # of these images: those of one cluster are not independent
    challenger: Score  # on the same images


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
    clusters: int | None  # of these images; None where the decision is repeated from a release that did not know them
    looks: int  # how many challengers these images have judged, with this one
    scores: Scores
    fresh: Fresh | None  # None where no test image is newer than the champion
    champion: Champion | None
