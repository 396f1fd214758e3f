"""What a data set must be before anybody trains on it: the list, in the order in which faults are reported.

To add a check, write a function with `@check` here: it is all that a check of a table of `statistics` needs. What no
table counts yet needs a table as well, a function in `statistics`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from darkroom.decoding import decode
from darkroom.formats import names
from darkroom.params import Validate
from darkroom.validate import statistics
from darkroom.validate.statistics import Table

FORMATS = [*decode.FORMATS, "MPO"]  # MPO: phones' JPEG with a second image inside
ASPECT = 20
MOSTLY = 0.5  # more bad images than this fraction are a mistake in the archive, whatever the params allow
RERUN = "run `dvc repro -f validate`"
LIST = "reports/dropped.csv lists them"
SPLIT_AGAIN = f"set validate.leaks to drop_from_train or split_again ({LIST})"
MOST_GOOD, FEW_BAD, PER_CLASS = "mostly good images", "few bad images", "images per class"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """`test` is the kind and the arguments in Great Expectations' spelling."""

    name: str
    table: Table
    test: tuple[str, dict]
    sentence: str  # the rule, after "expected that"
    offender: str  # a format for a row of the table that breaks it
    code: str
    fix: str
    stops: bool = True  # False: a warning
    follows: tuple[str, ...] = ()  # names of earlier expectations that, when broken, are its cause


@dataclass(frozen=True)
class Context:
    """What the expectations depend on."""

    config: Validate
    given_splits: Collection[str] = ()  # those of the archive


Check = Callable[[Context], Iterable[Expectation]]

CHECKS: list[Check] = []  # in the order of this file


def check(function: Check) -> Check:
    """Add the expectations that `function` returns to the list."""
    CHECKS.append(function)
    return function


def expectations(context: Context) -> list[Expectation]:
    return [expectation for function in CHECKS for expectation in function(context)]


def _at_least(column: str, value: float) -> tuple[str, dict]:
    return "ColumnValuesToBeBetween", {"column": column, "min_value": value}


def _at_most(column: str, value: float) -> tuple[str, dict]:
    return "ColumnValuesToBeBetween", {"column": column, "max_value": value}


def _one_of(column: str, values: Iterable[str]) -> tuple[str, dict]:
    return "ColumnValuesToBeInSet", {"column": column, "value_set": list(values)}


@check
def manifest_columns(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="columns",
        table=statistics.manifest_columns,
        test=_at_most("wrong", 0),
        sentence="the manifest has its columns",
        offender="{names}",
        code="E_MANIFEST",
        fix=RERUN,
    )


@check
def few_bad_images(context: Context) -> Iterator[Expectation]:
    limit = context.config.max_bad_fraction
    yield Expectation(
        name=MOST_GOOD,
        table=statistics.overall,
        test=_at_most("bad_fraction", max(MOSTLY, limit)),
        sentence="most images are good",
        offender="{reasons}",
        code="E_BAD_IMAGES",
        fix="convert or repair them",  # to go on without them, as below, would help nobody
    )
    yield Expectation(
        name=FEW_BAD,
        table=statistics.overall,
        test=_at_most("bad_fraction", limit),
        sentence=f"at most a fraction of {limit:g} of the images is bad",
        offender="{reasons}",
        code="E_BAD_IMAGES",
        fix="convert, repair or remove them, or raise validate.max_bad_fraction to go on without them",
        follows=(MOST_GOOD,),
    )


@check
def manifest_values(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="unique paths",
        table=statistics.listed,
        test=_at_most("times", 1),
        sentence="every image is listed once",
        offender="{path} is not",
        code="E_MANIFEST",
        fix=RERUN,
    )
    yield Expectation(
        name="labels",
        table=statistics.images,
        test=("ColumnValuesToNotBeNull", {"column": "label"}),
        sentence="every image has a label",
        offender="{path} has none",
        code="E_MANIFEST",
        fix=RERUN,
    )
    yield Expectation(
        name="splits",
        table=statistics.images,
        test=_one_of("split", names.SPLITS),
        sentence="every image is in train, val or test",
        offender="{path} is in {split!r}",
        code="E_MANIFEST",
        fix=RERUN,
    )


@check
def image_formats(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="formats",
        table=statistics.images,
        test=_one_of("format", FORMATS),
        sentence=f"every image is one of {', '.join(FORMATS)}",
        offender="{path} is {format}",
        code="E_FORMAT",
        fix="convert it to JPEG or PNG",
    )


@check
def smallest_images(context: Context) -> Iterator[Expectation]:
    for column in ("width", "height"):
        yield Expectation(
            name=f"smallest {column}",
            table=statistics.images,
            test=_at_least(column, context.config.min_size),
            sentence=f"every {column} is at least {context.config.min_size} pixels",
            offender=f"that of {{path}} is {{{column}}}",
            code="E_TOO_SMALL",
            fix="remove it or lower validate.min_size",
        )


@check
def one_class_per_image(context: Context) -> Iterator[Expectation]:
    remove = "remove the wrong ones from the archive, or set validate.conflicts to drop, which leaves out all"
    yield Expectation(
        name="one class per image",
        table=statistics.equal_images,
        test=_at_most("labels", 1),
        sentence="equal images have one class",
        offender="{first} and {second} are equal",
        code="E_LABEL_CONFLICT",
        fix=f"{remove} ({LIST})",
    )


@check
def one_split_per_image(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="one split per image",
        table=statistics.equal_images,
        test=_at_most("splits", 1),
        sentence="equal images are in one split",
        offender="{first} and {second} are equal",
        code="E_LEAKAGE",
        fix=SPLIT_AGAIN,
    )


@check
def one_split_per_group(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="one split per group",
        table=statistics.groups,
        test=_at_most("splits", 1),
        sentence="the images of one group are in one split",
        offender="{first} and {second} are of group {group}",
        code="E_LEAKAGE",
        fix=f"correct the column split of the table, or {SPLIT_AGAIN}",
    )


@check
def images_per_class(context: Context) -> Iterator[Expectation]:
    limit = context.config.min_per_class
    yield Expectation(
        name=PER_CLASS,
        table=statistics.classes,
        test=_at_least("total", limit),
        sentence=f"every class has at least {limit} good images",
        offender="class {class} has {total}",
        code="E_FEW_IMAGES",
        fix="add images or remove the class, or lower validate.min_per_class (to no less than 3)",
        follows=(FEW_BAD,),
    )


@check
def every_class_in_every_split(context: Context) -> Iterator[Expectation]:
    """No fraction of `validate` helps here: a given split is not drawn, and in a drawn one each class has a cluster."""
    for split in names.SPLITS:
        add = "add images of the class that are not equal, nearly equal or of one group"
        if split in context.given_splits and split != "train":
            add = f"add images of the class to the {split} split of the archive, or remove that split: it is drawn then"
        yield Expectation(
            name=f"every class in {split}",
            table=statistics.classes,
            test=_at_least(split, 1),
            sentence=f"every class has an image in {split}",
            offender="class {class} has none",
            code="E_EMPTY_SPLIT",
            fix=f"{add}, or remove the class",
            follows=(FEW_BAD, PER_CLASS),
        )


@check
def class_balance(context: Context) -> Iterator[Expectation]:
    limit = context.config.max_imbalance
    yield Expectation(
        name="balance",
        table=statistics.overall,
        test=_at_most("imbalance", limit),
        sentence=f"the largest class is at most {limit:g} times the smallest",
        offender="{largest} is {imbalance:.3g} times {smallest}",
        code="E_IMBALANCE",
        fix="add images or raise validate.max_imbalance",
        follows=(FEW_BAD, PER_CLASS),
    )


@check
def contrast(context: Context) -> Iterator[Expectation]:
    limit, least = context.config.max_low_contrast_fraction, context.config.min_contrast
    yield Expectation(
        name="few images of low contrast",
        table=statistics.low_contrast,
        test=_at_most("fraction", limit),
        sentence=f"at most {limit:g} of a class has a contrast below {least:g}",
        offender="{low_contrast} of class {class} are, such as {example}",
        code="E_LOW_CONTRAST",
        fix="remove them, or change validate.max_low_contrast_fraction or validate.min_contrast",
    )


@check
def near_duplicates(context: Context) -> Iterator[Expectation]:
    open_page = "look at near_duplicates.html, and"
    yield Expectation(
        name="near duplicates in one split",
        table=statistics.near_duplicates,
        test=_at_most("splits", 1),
        sentence="nearly equal images are in one split",
        offender="{first} and {second}",
        code="W_LEAKAGE",
        fix=f"{open_page} {SPLIT_AGAIN}",
        stops=False,
    )
    yield Expectation(
        name="near duplicates of one class",
        table=statistics.near_duplicates,
        test=_at_most("labels", 1),
        sentence="nearly equal images have one class",
        offender="{first} and {second}",
        code="W_LABEL_CONFLICT",
        fix=f"{open_page} correct the label or remove one",
        stops=False,
    )


@check
def shortcuts(context: Context) -> Iterator[Expectation]:
    alike = "make the classes alike in this, or a network may learn it instead of what the images show"
    yield Expectation(
        name="no shortcuts",
        table=statistics.shortcuts,
        test=_at_most("score", context.config.max_shortcut_score),
        sentence="no rule on size, format, colouring, file name, bytes, border, light or group identifies a class",
        offender="{inside:.0%} of class {class} and {outside:.0%} of the others have {rule}",
        code="W_SHORTCUT",
        fix=f"{alike}; the limit is validate.max_shortcut_score",
        stops=False,
    )


@check
def image_shapes(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="usual shapes",
        table=statistics.overall,
        test=_at_most("aspect", ASPECT),
        sentence=f"no image is more than {ASPECT} times as long as wide",
        offender="{longest} is {aspect:.3g} times",
        code="W_SHAPE",
        fix="check whether it is meant to be in the data set",
        stops=False,
    )


@check
def file_extensions(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="right extensions",
        table=statistics.overall,
        test=_at_most("wrong_extensions", 0),
        sentence="file extensions match contents",
        offender="{wrong_extensions} do not, such as {wrong_extension}",
        code="W_WRONG_EXTENSION",
        fix="no action needed, as contents decide; other programs may fail on such files",
        stops=False,
    )


@check
def notes(context: Context) -> Iterator[Expectation]:
    yield Expectation(
        name="complete and still",
        table=statistics.overall,
        test=_at_most("noted", 0),
        sentence="every image is complete and not animated",
        offender="{notes}",
        code="W_NOTES",
        fix="no action needed, unless the first frame or the missing end matters; the manifest has the note of each",
        stops=False,
    )
