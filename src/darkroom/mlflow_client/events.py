"""The events that MLflow gets of a run: their fields, types and bounds.

An event can come from a file that a disk damaged or an older darkroom wrote. One that `parse` accepts can be delivered
any number of times and never fails because of its form.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

# A key becomes part of an MLflow filter, which cannot escape quotes.
Key = Annotated[str, Field(max_length=250, pattern=r"^[^'`\"\\\x00-\x1f]+$")]
ImageName = Annotated[str, Field(max_length=100, pattern=r"^[\w-]+(/[\w-]+)*$")]  # part of a file name
BigInt = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # the integers of a database


class Experiment(NamedTuple):
    """Where a run belongs: the name of the MLflow experiment, and the tags that link it to DVC and git."""

    name: str
    tags: Mapping[str, str]

    def run_name(self, model: str, key: str) -> str:
        """The name of a run for people: model, data set, and enough of the key to tell two runs apart."""
        return f"{model}-{self.name}-{key[:8]}"

    def run_tags(self, model: str) -> dict[str, str]:
        return {**self.tags, "model": model, "dataset": self.name}


class _Event(BaseModel):
    model_config = ConfigDict(strict=True)
    key: Key
    time: BigInt | None = None  # milliseconds since 1970; None: when MLflow gets it


class Start(_Event):
    kind: Literal["start"] = "start"
    time: BigInt
    name: str
    experiment: str
    parent: Key | None
    source: str
    params: dict[str, str]
    tags: dict[str, str]


class Metrics(_Event):
    kind: Literal["metrics"] = "metrics"
    time: BigInt
    step: BigInt
    values: dict[str, float]


class Tags(_Event):
    kind: Literal["tags"] = "tags"
    values: dict[str, str]


class Text(_Event):
    kind: Literal["text"] = "text"
    path: str
    text: str


class Image(_Event):
    kind: Literal["image"] = "image"
    name: ImageName
    step: BigInt
    png: str  # Base64


class Description(_Event):
    """The description, in Markdown, of a version in the model registry; `key` is the run of its model."""

    kind: Literal["description"] = "description"
    name: str
    version: int
    text: str


class End(_Event):
    kind: Literal["end"] = "end"
    status: Literal["FINISHED", "FAILED", "KILLED"]


Event = Start | Metrics | Tags | Text | Image | Description | End
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def parse(event: object) -> Event:
    """The event of a JSON object. Raises ValueError that names the first wrong field."""
    return _ADAPTER.validate_python(event)
