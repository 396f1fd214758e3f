"""Label Studio: tasks with predictions to import, and its export, JSON, to read back.

The formats are those of https://labelstud.io/guide/predictions and https://labelstud.io/guide/task_format, for a
project with the template Image Classification. Whatever a task has in `data` comes back in the export, so the path of
the image is there beside the URL from which Label Studio shows it.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from darkroom.labelling.labels import Labels, collect, unusable
from darkroom.labelling.suggestion import Suggestion

LOCAL = "/data/local-files/?d="  # and a path below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT
UPLOADED = re.compile(r"/data/upload/(?:\d+/)?[0-9a-f]{8}-")  # and the name that the file had


class _Value(BaseModel):
    choices: list[str] = []


class _Result(BaseModel):
    type: str
    value: _Value


class _Annotation(BaseModel):
    result: list[_Result]
    was_cancelled: bool = False  # skipped


class _Data(BaseModel):
    image: str
    path: str | None = None


class _Task(BaseModel):
    data: _Data
    annotations: list[_Annotation]


_Export = TypeAdapter(Annotated[list[_Task], Field(min_length=1)])


def tasks(suggestions: Sequence[Suggestion], model: str) -> list[dict[str, Any]]:
    """The tasks to import, as JSON; `model` names the model whose predictions they have."""
    return [_task(suggestion, model) for suggestion in suggestions]


def read(data: bytes, where: Path) -> Labels:
    """Read an export. Raises DataError (exit 3) when it is none, or when an image has several labels."""
    try:
        exported = _Export.validate_json(data)
    except ValidationError as fault:
        first = fault.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()
        what = f"is no export of image classification: {reason[:200]}"
        raise unusable(what, where, "export the project from Label Studio as JSON") from fault
    return collect(((_path(task.data), set(_choices(task.annotations))) for task in exported), where)


def _task(suggestion: Suggestion, model: str) -> dict[str, Any]:
    result = {
        "from_name": "choice",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [suggestion.predicted]},
    }
    prediction = {"model_version": model, "score": suggestion.confidence, "result": [result]}
    return {"data": {"image": _url(suggestion.path), "path": suggestion.path}, "predictions": [prediction]}


def _url(path: str) -> str:
    return LOCAL + quote(Path(path).as_posix().removeprefix("/"))


def _path(data: _Data) -> str:
    """Of an image that was not imported by `tasks`, what the URL tells of its path or name."""
    if data.path:
        return data.path
    if data.image.startswith(LOCAL):
        return unquote(data.image.removeprefix(LOCAL))
    return unquote(UPLOADED.sub("", data.image))


def _choices(annotations: Sequence[_Annotation]) -> Iterable[str]:
    results = (result for each in annotations if not each.was_cancelled for result in each.result)
    return (choice for result in results if result.type == "choices" for choice in result.value.choices)
