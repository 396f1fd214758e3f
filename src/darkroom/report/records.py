"""The records of other stages, as far as the report shows them.

The report imports no code of those stages, or an edit of theirs would run it again: so it names the keys itself, and
a test compares them with what the stages write. Records that several stages share have modules of their own.
"""

from typing import Any, NotRequired, TypedDict

from darkroom.metrics.intervals import Score


class Best(TypedDict):
    """best.json, as far as the report shows it. Without a search there is no trial and no score."""

    algorithm: str
    trial: int | None
    val_loss: NotRequired[float]
    val_accuracy: NotRequired[float]
    values: dict[str, Any]  # every hyperparameter of the model


class Fresh(Score):
    """The champion's value on the test images that are newer than its coronation."""

    n: int  # of these images
    clusters: int  # of these images


class Champion(Score):
    version: int | None
    model: str
    reason: str


class Registration(TypedDict):
    """registration.json, as far as the report shows it."""

    name: str
    candidate: str
    version: int
    promoted: bool
    reason: str
    metric: str
    n: int  # test images that count
    clusters: int | None  # of these images; None where nobody counted them
    looks: int  # how many challengers the test images have judged
    fresh: Fresh | None
    champion: Champion | None


class CurvePoint(TypedDict):
    """A row of learning_curve.json: how a model does that was trained on a fraction of the training images."""

    model: str
    fraction: float  # of the training images, above 0 and at most 1
    images: int  # training images
    trainings: int  # each with other training images
    test_images: int
    test_clusters: int  # of test images that are not independent
    accuracy: float  # the mean of the trainings
    sd: float | None  # of the accuracy between trainings; None for one training
    se: float  # of the accuracy, by the draw of the test images
    se_from_scratch: float | None  # of the difference to the model from scratch with as many images
    se_from_scratch_all: float | None  # of the difference to the model from scratch with all images
    se_from_before: float | None  # of the difference to the same model with the fraction before
