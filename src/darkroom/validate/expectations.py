"""What a data set must be before anybody trains on it: the list, in the order in which faults are told.

Plain data, so adding an expectation is adding an entry. `tally` makes the tables, `checks` runs the list.
"""

from collections.abc import Collection
from dataclasses import dataclass

from darkroom.dataset import manifest
from darkroom.decoding import decode
from darkroom.formats import names
from darkroom.params import Validate

FORMATS = [*decode.FORMATS, "MPO"]  # MPO: phones' JPEG with a second image inside
ASPECT = 20
AGAIN = "run `dvc repro -f validate`"
LIST = "reports/dropped.csv lists them"
MOSTLY = 0.5
MOST, BAD, FEW = "mostly good images", "few bad images", "images a class"


@dataclass(frozen=True)
class Expectation:
    """`test` is the kind and the arguments in Great Expectations' spelling."""

    name: str
    table: str  # of `tally`
    test: tuple[str, dict]
    sentence: str  # the law, after "expected that"
    offender: str  # a format for a row of the table that breaks it
    code: str
    fix: str
    stops: bool = True  # False: a warning
    follows: tuple[str, ...] = ()  # names of those before it that, when broken, are its cause


def of(config: Validate, given: Collection[str] = ()) -> list[Expectation]:
    """The list for a data set whose archive has the sides `given`."""
    return [
        *_images_are_usable(config),
        *_images_are_apart(),
        *_classes_are_large_enough(config),
        *(_every_class_is_in(side, given) for side in names.SPLITS),
        _classes_are_balanced(config),
        *_images_are_worth_it(config),
        *_nothing_is_odd(config),
    ]


def _at_least(column: str, value: float) -> tuple[str, dict]:
    return "ColumnValuesToBeBetween", {"column": column, "min_value": value}


def _at_most(column: str, value: float) -> tuple[str, dict]:
    return "ColumnValuesToBeBetween", {"column": column, "max_value": value}


def _one_of(column: str, values: list[str]) -> tuple[str, dict]:
    return "ColumnValuesToBeInSet", {"column": column, "value_set": values}


def _images_are_usable(config: Validate) -> list[Expectation]:
    return [
        Expectation(
            "columns",
            "images",
            ("TableColumnsToMatchSet", {"column_set": list(manifest.COLUMNS), "exact_match": True}),
            "the manifest has its columns",
            "",
            "E_MANIFEST",
            AGAIN,
        ),
        Expectation(
            MOST,
            "whole",
            _at_most("bad_share", max(MOSTLY, config.max_bad_fraction)),
            "most images are good",
            "{reasons}",
            "E_BAD_IMAGES",
            "convert or repair them",  # to go on without them, as below, would help nobody
        ),
        Expectation(
            BAD,
            "whole",
            _at_most("bad_share", config.max_bad_fraction),
            f"at most a share of {config.max_bad_fraction:g} of the images is bad",
            "{reasons}",
            "E_BAD_IMAGES",
            "convert, repair or remove them, or raise validate.max_bad_fraction to go on without them",
            follows=(MOST,),
        ),
        Expectation(
            "unique paths",
            "images",
            ("ColumnValuesToBeUnique", {"column": "path"}),
            "every image is listed once",
            "{path} is not",
            "E_MANIFEST",
            AGAIN,
        ),
        Expectation(
            "labels",
            "images",
            ("ColumnValuesToNotBeNull", {"column": "label"}),
            "every image has a label",
            "{path} has none",
            "E_MANIFEST",
            AGAIN,
        ),
        Expectation(
            "sides",
            "images",
            _one_of("split", list(names.SPLITS)),
            "every image is in train, val or test",
            "{path} is in {split!r}",
            "E_MANIFEST",
            AGAIN,
        ),
        Expectation(
            "formats",
            "images",
            _one_of("format", FORMATS),
            f"every image is one of {', '.join(FORMATS)}",
            "{path} is {format}",
            "E_FORMAT",
            "convert it to JPEG or PNG",
        ),
        *(
            Expectation(
                f"smallest {column}",
                "images",
                _at_least(column, config.min_size),
                f"every {column} is at least {config.min_size} pixels",
                f"that of {{path}} is {{{column}}}",
                "E_TOO_SMALL",
                "remove it or lower validate.min_size",
            )
            for column in ("width", "height")
        ),
    ]


def _images_are_apart() -> list[Expectation]:
    return [
        Expectation(
            "one class an image",
            "groups",
            _at_most("labels", 1),
            "equal images have one class",
            "{first} and {second} are equal",
            "E_LABEL_CONFLICT",
            f"remove the wrong ones from the archive, or set validate.conflicts to drop, which leaves out all ({LIST})",
        ),
        Expectation(
            "one side an image",
            "groups",
            _at_most("sides", 1),
            "equal images are on one side of the split",
            "{first} and {second} are equal",
            "E_LEAKAGE",
            f"set validate.leaks to drop_from_train or split_again ({LIST})",
        ),
        Expectation(
            "one side a group",
            "given",
            _at_most("sides", 1),
            "the images of one group are on one side of the split",
            "{first} and {second} are of group {group}",
            "E_LEAKAGE",
            f"correct the column split of the table, or set validate.leaks to drop_from_train or split_again ({LIST})",
        ),
    ]


def _classes_are_large_enough(config: Validate) -> list[Expectation]:
    return [
        Expectation(
            FEW,
            "classes",
            _at_least("total", config.min_per_class),
            f"every class has at least {config.min_per_class} good images",
            "class {class} has {total}",
            "E_FEW_IMAGES",
            "add images or remove the class, or lower validate.min_per_class (to no less than 3)",
            follows=(BAD,),
        ),
    ]


def _every_class_is_in(side: str, given: Collection[str]) -> Expectation:
    """No fraction of `validate` helps here: a given side is not drawn, and of a drawn one each class gets a cluster."""
    more = "add images of the class that are not equal, nearly equal or of one group"
    if side in given and side != "train":
        more = f"add images of the class to the {side} side of the archive, or remove that side: it is drawn then"
    return Expectation(
        f"every class in {side}",
        "classes",
        _at_least(side, 1),
        f"every class has an image in {side}",
        "class {class} has none",
        "E_EMPTY_SIDE",
        f"{more}, or remove the class",
        follows=(BAD, FEW),
    )


def _classes_are_balanced(config: Validate) -> Expectation:
    return Expectation(
        "balance",
        "whole",
        _at_most("imbalance", config.max_imbalance),
        f"the largest class is at most {config.max_imbalance:g} times the smallest",
        "{largest} is {imbalance:.3g} times {smallest}",
        "E_IMBALANCE",
        "add images or raise validate.max_imbalance",
        follows=(BAD, FEW),
    )


def _images_are_worth_it(config: Validate) -> list[Expectation]:
    return [
        Expectation(
            "few flat images",
            "flats",
            _at_most("fraction", config.max_low_contrast_fraction),
            f"at most {config.max_low_contrast_fraction:g} of a class has a contrast below {config.min_contrast:g}",
            "{flat} of class {class} are, such as {example}",
            "E_FLAT",
            "remove them, or change validate.max_low_contrast_fraction or validate.min_contrast",
        ),
    ]


def _nothing_is_odd(config: Validate) -> list[Expectation]:
    """Warnings: a person should look, the line goes on."""
    return [
        Expectation(
            "near duplicates on one side",
            "near",
            _at_most("sides", 1),
            "nearly equal images are on one side of the split",
            "{first} and {second}",
            "W_LEAKAGE",
            f"look at near_duplicates.html, and set validate.leaks to drop_from_train or split_again ({LIST})",
            stops=False,
        ),
        Expectation(
            "one class for near duplicates",
            "near",
            _at_most("labels", 1),
            "nearly equal images have one class",
            "{first} and {second}",
            "W_LABEL_CONFLICT",
            "look at near_duplicates.html, and correct the label or remove one",
            stops=False,
        ),
        Expectation(
            "nothing gives a class away",
            "giveaways",
            _at_most("score", config.max_shortcut_score),
            "no simple rule on size, format, colouring, file name, bytes, border, light or group tells a class",
            "{inside:.0%} of class {class} and {outside:.0%} of the others have {rule}",
            "W_GIVEAWAY",
            "make the classes alike in this, or a network may learn it instead of what the images show; the limit is"
            " validate.max_shortcut_score",
            stops=False,
        ),
        Expectation(
            "usual shapes",
            "whole",
            _at_most("aspect", ASPECT),
            f"the long side is at most {ASPECT} times the short one",
            "that of {widest} is {aspect:.3g} times",
            "W_SHAPE",
            "look at it",
            stops=False,
        ),
        Expectation(
            "honest names",
            "whole",
            _at_most("misnamed", 0),
            "names end as the contents are",
            "{misnamed} do not, such as {misnomer}",
            "W_NAMES",
            "nothing: contents decide; but other programs may stumble",
            stops=False,
        ),
        Expectation(
            "whole and still",
            "whole",
            _at_most("noted", 0),
            "every image is whole and does not move",
            "{notes}",
            "W_NOTES",
            "nothing, if that will do: the manifest has the note of each",
            stops=False,
        ),
    ]
