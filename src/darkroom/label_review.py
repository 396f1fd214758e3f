"""Which labels are worth a second look: the two files that `labels` writes, and `report` and `darkroom relabel` read.

label_issues.csv     rows of `LabelIssue`, the least probable label first; none where such a list would mislead
label_quality.json   `LabelQuality`: by which method, and how far the list can be trusted
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict, cast

from darkroom.runtime import files


class LabelIssue(TypedDict):
    """An image whose label a model questions that was not trained on it."""

    path: str
    split: str  # train, val or test
    label: str
    suggested: str
    p_label: float
    p_suggested: float
    model: str  # pixels, a backbone or the tuned network


class KnownErrors(TypedDict):
    """What became of training labels that were flipped on purpose."""

    flipped: int  # in all repetitions together
    recall: float  # the fraction of the flipped labels that were listed
    precision: float  # the fraction of a list that would be right, if so many of the labels were wrong


class LabelQuality(TypedDict):
    """How the labels were examined, and how far the list can be trusted; the numbers are of the training images."""

    method: str  # features, network or none
    model: str | None  # that the list comes from; None where nothing was examined
    folds: int
    images: int  # that were examined
    accuracy: float | None  # out of sample, against the labels as they are
    candidates: dict[str, float]  # the same of each model that was tried
    wrong: float | None  # the estimated fraction of labels that are wrong; None where the model is too weak to tell
    listed: int  # images whose label is questioned, shown or not
    right: float | None  # the estimated fraction of these whose label is wrong indeed
    known_errors: dict[str, KnownErrors]  # by the fraction that was flipped
    reason: str | None  # why there is no list


class LabelReview(NamedTuple):
    issues: Sequence[LabelIssue]
    quality: LabelQuality


def write(review: LabelReview, issues: Path, quality: Path) -> None:
    files.write_rows(issues, LabelIssue.__annotations__, review.issues)
    files.write_json(quality, review.quality)


def read(issues: Path, quality: Path) -> LabelReview:
    """What `write` wrote. Raises ArtifactError (exit 4) on a file that is missing or damaged."""
    rows = [
        {**row, **{name: float(row[name]) for name in ("p_label", "p_suggested")}} for row in files.read_rows(issues)
    ]
    return LabelReview(cast(list[LabelIssue], rows), cast(LabelQuality, files.read_object(quality)))
