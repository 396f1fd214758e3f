"""How a mistake in params.yaml is put into words: which value, what was expected, and what was perhaps meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails

RENAMED = {  # keys of earlier releases, by their dotted names
    "validate.max_bad_share": "max_bad_fraction",
    "validate.min_side": "min_size",
    "validate.max_flat_share": "max_low_contrast_fraction",
    "validate.max_giveaway": "max_shortcut_score",
    "tune.all_epochs": "total_epochs",
    "transfer.descent": "optimization",
    "curve.shares": "fractions",
}


def told(error: ErrorDetails, schema: type[BaseModel]) -> str:
    """One of pydantic's complaints about values of `schema`."""
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {name}{_meant_key(error['loc'], schema)}"
    if error["type"] == "missing":
        return f"missing key {name}"
    return f"{name}: {sentence(error)}" if name else sentence(error)


def sentence(error: ErrorDetails) -> str:
    """The complaint without the name of the value."""
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    return f"{error['msg'].replace('Input should be', 'expected')}, got {_shown(error['input'])}"


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} ..."


def meant(wrong: str, known: Iterable[str], parent: str = "") -> str:
    """What to add after a name that is none of `known`."""
    near = get_close_matches(wrong, list(known), n=1)
    return f", did you mean {parent + '.' if parent else ''}{near[0]}?" if near else f", known are {', '.join(known)}"


def _meant_key(loc: tuple[int | str, ...], schema: type[BaseModel]) -> str:
    *parents, wrong = (str(part) for part in loc)
    if new := RENAMED.get(".".join([*parents, wrong])):
        return f", did you mean {'.'.join([*parents, new])}?"
    for part in parents:
        schema = schema.model_fields[part].annotation  # type: ignore[assignment]
    return meant(wrong, schema.model_fields, ".".join(parents))


def _shown(value: object) -> str:
    try:
        return shortened(repr(value), 200)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number of thousands of digits"
