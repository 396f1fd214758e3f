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
from darkroom.register import identity
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError, DarkroomError, ParamsError, ServiceError, brief
from darkroom.saving import model_folder

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

SCHEME = "models:/"
MODEL_FOLDER = "artifacts/model_folder"  # in a logged model
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
    version = _asked(uri, *match.groups())
    digest, temperature = version.tags.get("digest", ""), version.tags.get("temperature")
    if not DIGEST.fullmatch(digest):
        raise _unusable(uri, "has no digest: darkroom did not register it")
    folder = cache / digest
    if not _is_whole(folder, digest):
        _download(uri, version, folder, digest)
    return FetchedModel(folder, float(temperature) if temperature else None)


def _asked(uri: str, name: str, alias: str | None, number: str | None) -> "ModelVersion":
    try:
        client.ping()
        mlflow = client.client()
        return mlflow.get_model_version_by_alias(name, alias) if alias else mlflow.get_model_version(name, str(number))
    except DarkroomError:
        raise
    except Exception as fault:  # databases, servers and what they send can be wrong in any way
        if getattr(fault, "error_code", "") in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}:
            raise _unusable(uri, "is not registered") from fault
        raise _silent(fault) from fault


def _download(uri: str, version: "ModelVersion", folder: Path, digest: str) -> None:
    from mlflow import artifacts  # two seconds

    stored = f"{SCHEME}{version.name}/{version.version}"  # `source` need not be an address of files
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        try:
            path = Path(artifacts.download_artifacts(f"{stored}/{MODEL_FOLDER}", dst_path=temporary))
        except Exception as fault:  # as above
            raise _silent(fault) from fault
        if not _is_whole(path, digest):
            raise _unusable(uri, f"holds no model folder, or not that of the model {digest}, which was registered")
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


def _unusable(uri: str, why: str) -> ArtifactError:
    return ArtifactError("E_MODEL", f"{uri} {why}", where="MLFLOW_TRACKING_URI", fix="run `dvc repro -f register`")


def _silent(fault: Exception) -> ServiceError:
    fix = "start the server, or unset MLFLOW_TRACKING_URI"
    what = f"the model registry failed: {brief(fault)}"
    return ServiceError("E_MLFLOW", what, where="MLFLOW_TRACKING_URI", fix=fix)
