"""What the registry holds of a version: its number, its judgement, and the model folder, which is checked."""

from pathlib import Path
from typing import NamedTuple

from darkroom.inference import inference
from darkroom.mlflow_client import client
from darkroom.register import identity, mlflow_service, version_files
from darkroom.register.registration import Score
from darkroom.runtime.errors import ArtifactError

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


def fetch(name: str, version: int, to: Path) -> Path:
    """Download the model folder of a version to the folder `to`, and return it. It is the model that was registered.

    Raises ArtifactError (exit 4) when there is no such version, or its folder is missing, damaged or another model,
    and ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        numbers = {int(found.version): found for found in client.client().search_model_versions(f"name = '{name}'")}
        if version not in numbers:
            known = ", ".join(map(str, sorted(numbers))) or "none"
            raise _no_model(name, version, f"is not in the registry; it has: {known}", "name one of those")
        folder = _download(f"models:/{name}/{version}", to)
    if folder is None:
        fix = "take it from git: `git checkout COMMIT dvc.lock && dvc checkout champion`"
        raise _no_model(name, version, "was registered without its model folder, by an earlier release", fix)
    inference.read_spec(folder)  # verifies the seal
    if identity.digest(folder) != numbers[version].tags.get("digest"):
        raise _no_model(name, version, "is not the model that was registered", "choose another version")
    return folder


def _download(uri: str, to: Path) -> Path | None:
    """Download the model folder of a version; None when it has none."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        return Path(download_artifacts(artifact_uri=f"{uri}/{version_files.MODEL_FOLDER}", dst_path=str(to)))
    except (MlflowException, OSError) as fault:
        if "No such" in str(fault) or getattr(fault, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _no_model(name: str, version: int, why: str, fix: str) -> ArtifactError:
    return ArtifactError("E_VERSION", f"version {version} {why}", where=name, fix=fix)
