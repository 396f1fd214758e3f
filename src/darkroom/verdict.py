"""The verdict on a data set, as reports/validation.json holds it. `validate` writes it, the report reads it."""

from pathlib import Path
from typing import Literal, TypedDict, cast

from darkroom.runtime import files


class BadFile(TypedDict):
    path: str
    reason: str


BAD_COLUMNS = tuple(BadFile.__annotations__)


class NearDuplicates(TypedDict):
    """Two images that are nearly equal."""

    first: str  # path
    second: str
    difference: float  # root mean square, once aligned, as a fraction of the contrast
    mirrored: bool
    labels: int  # how many different ones they have: 1 or 2
    splits: int


class NearDuplicateSummary(TypedDict):
    pairs: int  # how many
    first: list[NearDuplicates]


Shortcut = TypedDict(
    "Shortcut",
    {
        "class": str,
        "property": str,  # a family of properties: size, format, ...
        "rule": str,  # in words
        "inside": float,  # fraction of the class that the rule applies to
        "outside": float,  # the same of all other images
        "balanced_accuracy": float,  # of the rule alone
        "score": float,  # Youden's J, less for families that content explains as well
    },
)


class Expectation(TypedDict):
    """What was expected of the data set, and what it is."""

    name: str
    severity: Literal["error", "warning"]
    success: bool
    follows: str  # name of the broken expectation that is its cause, "" when it is broken by itself
    sentence: str  # what was expected
    observed: str
    code: str
    fix: str


class Verdict(TypedDict):
    success: bool
    images: int  # how many are used
    classes: list[str]
    counts: dict[str, dict[str, int]]  # class -> split -> used images
    bad: list[BadFile]
    duplicates: list[list[str]]  # paths of equal images
    near_duplicates: NearDuplicateSummary
    shortcuts: list[Shortcut]  # those beyond the limit
    expectations: list[Expectation]
    notes: list[str]
    unlabelled: list[str]  # paths of images without a label
    other_files: list[str]  # paths of files that are no images


def write(path: Path, verdict: Verdict) -> None:
    files.write_json(path, verdict)


def read(path: Path) -> Verdict:
    """Raises ArtifactError (exit 4) when the file is missing or no JSON object."""
    return cast(Verdict, files.read_object(path))
