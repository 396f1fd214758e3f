"""Format the errors in params.yaml: which value is wrong, what was expected, and the nearest valid name."""

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


def format_error(error: ErrorDetails, schema: type[BaseModel]) -> str:
    """Return one of pydantic's errors about values of `schema` as `NAME: what was expected, got VALUE`."""
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {name}{_suggestion(error['loc'], schema)}"
    if error["type"] == "missing":
        return f"missing key {name}"
    return f"{name}: {format_reason(error)}" if name else format_reason(error)


def format_reason(error: ErrorDetails) -> str:
    """Return the error without the name of the value."""
    if error["type"] == "value_error":
        return error["msg"].removeprefix("Value error, ")
    return f"{error['msg'].replace('Input should be', 'expected')}, got {_brief_repr(error['input'])}"


def shortened(text: str, longest: int) -> str:
    """Return the first `longest` characters, followed by dots where that is not all."""
    return text if len(text) <= longest else f"{text[:longest]} ..."


def did_you_mean(wrong: str, valid: Iterable[str], section: str = "") -> str:
    """Return what to append after a name that is not in `valid`: today's name, the nearest one, or all of them."""
    names = list(valid)
    prefix = f"{section}." if section else ""
    renamed = RENAMED.get(prefix + wrong)
    if suggestions := [renamed] if renamed else get_close_matches(wrong, names, n=1):
        return f", did you mean {prefix}{suggestions[0]}?"
    return f", known are {', '.join(names)}"


def _suggestion(loc: tuple[int | str, ...], schema: type[BaseModel]) -> str:
    *sections, wrong = (str(part) for part in loc)
    for section in sections:
        annotation = schema.model_fields[section].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel), "only sections forbid extra keys"
        schema = annotation
    return did_you_mean(wrong, schema.model_fields, ".".join(sections))


def _brief_repr(value: object) -> str:
    try:
        return shortened(repr(value), 200)
    except ValueError:  # Python does not print integers of more than 4300 digits
        return "a number of thousands of digits"
