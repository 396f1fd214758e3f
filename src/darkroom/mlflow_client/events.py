"""The events that tell MLflow of a run: their fields, types and bounds.

An event can come from a file that a disk damaged or an older darkroom wrote. What is checked here can be delivered
any number of times and never fails for its form.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

# A key goes into a filter of MLflow's, which knows no way to write a quote.
Key = Annotated[str, Field(max_length=250, pattern=r"^[^'`\"\\\x00-\x1f]+$")]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what a database holds


class Experiment(NamedTuple):
    """Where a run belongs: the name of MLflow's experiment, and the tags that tie it to DVC and git."""

    name: str
    tags: Mapping[str, str]


class _Event(BaseModel):
    model_config = ConfigDict(strict=True)
    key: Key
    time: Whole | None = None  # milliseconds since 1970; None: when MLflow hears of it


class Start(_Event):
    kind: Literal["start"]
    time: Whole
    name: str
    experiment: str
    parent: Key | None
    source: str
    params: dict[str, str]
    tags: dict[str, str]


class Metrics(_Event):
    kind: Literal["metrics"]
    time: Whole
    step: Whole
    values: dict[str, float]


class Tags(_Event):
    kind: Literal["tags"]
    values: dict[str, str]


class Text(_Event):
    kind: Literal["text"]
    path: str
    text: str


class End(_Event):
    kind: Literal["end"]
    status: Literal["FINISHED", "FAILED", "KILLED"]


_ANY = TypeAdapter(Annotated[Start | Metrics | Tags | Text | End, Field(discriminator="kind")])


def check(event: object) -> None:
    """Raises ValueError when `event` is none of the five, naming the first field that is wrong."""
    _ANY.validate_python(event)
