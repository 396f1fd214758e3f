"""Fetch a version from MLflow's registry: the model folder that was registered, checked before it is used.

The folder is in the artefacts of the logged model, as darkroom wrote it and with its inventory. It is kept under its
digest, so a version is downloaded once, and whatever the server sends is only used where the digest is that of the
version's tag.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from darkroom.inference import model_check
from darkroom.mlflow_client import client
from darkroom.register import identity, mlflow_service
from darkroom.register.version_files import MODEL_FOLDER
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError, ParamsError
from darkroom.saving import model_folder

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

SCHEME = "models:/"
NAME = re.compile(r"models:/([^/@]+)(?:@([^/@]+)|/(\d+))")
DIGEST = re.compile(r"[0-9a-f]{16}")


class FetchedModel(NamedTuple):
    folder: Path
    temperature: float | None  # of the version's tag; None where it has none


def fetch(uri: str, cache: Path) -> FetchedModel:
    """Return the model folder of `models:/NAME@ALIAS` or `models:/NAME/VERSION`, downloaded to `cache` if need be.

    Raises ParamsError (exit 2) for another URI, ServiceError (exit 6) when MLflow does not answer, and ArtifactError
    (exit 4) when there is no such version, or what was downloaded is not the model that was registered.
    """
    if not (match := NAME.fullmatch(uri)):
        fix = "write models:/NAME@ALIAS or models:/NAME/VERSION"
        raise ParamsError("E_MODEL", "no address of a registered model", where=uri, fix=fix)
    with mlflow_service.required():
        version = _asked(uri, *match.groups())
    digest, temperature = version.tags.get("digest", ""), version.tags.get("temperature")
    if not DIGEST.fullmatch(digest):
        raise _unusable(uri, "has no digest: darkroom did not register it")
    folder = cache / digest
    if not _is_whole(folder, digest):
        with mlflow_service.required():
            _download(uri, version, folder, digest)
    return FetchedModel(folder, float(temperature) if temperature else None)


def _asked(uri: str, name: str, alias: str | None, number: str | None) -> "ModelVersion":
    from mlflow.exceptions import MlflowException  # two seconds

    mlflow = client.client()
    try:
        return mlflow.get_model_version_by_alias(name, alias) if alias else mlflow.get_model_version(name, str(number))
    except MlflowException as fault:
        if fault.error_code not in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}:
            raise
        known = sorted(int(version.version) for version in mlflow.search_model_versions(f"name = '{name}'"))
        what = f"is not registered; the versions are: {', '.join(map(str, known)) or 'none'}"
        raise _unusable(uri, what, "name one of those") from fault


def _download(uri: str, version: "ModelVersion", folder: Path, digest: str) -> None:
    from mlflow import artifacts

    stored = f"{SCHEME}{version.name}/{version.version}"  # `source` need not be an address of files
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        path = Path(artifacts.download_artifacts(f"{stored}/{MODEL_FOLDER}", dst_path=temporary))
        if not _is_whole(path, digest):
            fix = "name another version, or take it from git: `git checkout COMMIT dvc.lock && dvc checkout champion`"
            raise _unusable(uri, f"holds no model folder, or not that of the model {digest}, which was registered", fix)
        with files.replacing(folder) as partial:
            shutil.move(path, partial)


def _is_whole(folder: Path, digest: str) -> bool:
    """Whether the folder is as its inventory says, and its model is the one of this digest.

    The digest is that of what the file unpacks to, so the file is checked first: a server may send a bomb.
    """
    try:
        sealing.verify(folder)
        model_check.check(folder / model_folder.MODEL)
        return identity.digest(folder) == digest
    except Exception:  # of any kind: zipfile and json raise nearly all there are
        return False


def _unusable(uri: str, why: str, fix: str = "run `dvc repro -f register`") -> ArtifactError:
    return ArtifactError("E_VERSION", f"{uri} {why}", where="MLFLOW_TRACKING_URI", fix=fix)
