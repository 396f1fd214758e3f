"""What the registry holds of a version: its number, its judgement, since when it is champion."""

from typing import NamedTuple

from darkroom.mlflow_client import client
from darkroom.register import mlflow_service
from darkroom.register.registration import Score

SINCE, UNTIL = "champion.since", "champion.until"  # tags
ENDS = ("value", "low", "high")


class Judgement(NamedTuple):
    """The score of a version on the `n` test images that judged it last; all None and 0 where none did."""

    metric: str | None
    score: Score
    n: int


def number(name: str, digest: str) -> int | None:
    """The number of the version of the model with this digest; None when the store has none.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        query = f"name = '{name}' and tags.digest = '{digest}'"
        found = client.client().search_model_versions(query, max_results=1)
    return int(found[0].version) if found else None


def judgement(name: str, version: int) -> Judgement:
    """Return what the version's tags say (`registry.judged`).

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        tags = client.client().get_model_version(name, str(version)).tags
    value, low, high = (float(tags[tag]) if (tag := f"judged.{end}") in tags else None for end in ENDS)
    return Judgement(
        tags.get("judged.metric"), {"value": value, "low": low, "high": high}, int(tags.get("judged.n", 0))
    )


def since(name: str, version: int) -> str | None:
    """Return since when the version is champion, ISO 8601 in UTC; None where nothing says so.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        return client.client().get_model_version(name, str(version)).tags.get(SINCE)
