"""Keep MLflow's model registry in sync with the models that DVC keeps.

A version is found by the digest of its model (`identity`), so equal networks are one version, and a store that was
lost is filled again from the folders. The alias `champion` moves last: it never points to an incomplete version.
Aliases have no history, so each version has tags that say from when until when it was champion.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from darkroom.mlflow_client import client, sender
from darkroom.mlflow_client.events import Experiment
from darkroom.register import identity, log_model, promotion
from darkroom.runtime.errors import DarkroomError, ServiceError, brief
from darkroom.saving import model_folder

ALIAS = "champion"


def ensure_version(name: str, folder: Path, experiment: Experiment) -> int:
    """The number of the version of this folder's model, which is registered unless it is there.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    digest = identity.digest(folder)
    with _service():
        _ensure_name(name)
        query = f"name = '{name}' and tags.digest = '{digest}'"
        if versions := list(client.client().search_model_versions(query, max_results=1)):
            return int(versions[0].version)
        facts = model_folder.read_facts(folder)
        run_id = sender.restore(facts, model_folder.read_history(folder), experiment)
        source = log_model.find(folder, run_id) or log_model.log(folder, run_id)
        tags = {**experiment.tags, "digest": digest, "architecture": facts["architecture"]}
        if facts["pretrained"] is not None:
            tags["pretrained"] = str(facts["pretrained"])
        return int(client.client().create_model_version(name, source, run_id, tags=tags).version)


def tag_decision(name: str, version: int, reason: str) -> None:
    """Tag the version with the reason why it became champion or not; its description is the model card, which follows.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with _service():
        client.client().set_model_version_tag(name, str(version), "decision", reason)


def sync_champion(name: str, champion_folder: Path, experiment: Experiment) -> int | None:
    """Point the alias `champion` to the version of `champion_folder`, or remove it when that holds no model.

    Returns the version. Raises ServiceError (exit 6) when MLflow does not answer.
    """
    if not promotion.has_champion(champion_folder):
        _remove_alias(name)
        return None
    version = ensure_version(name, champion_folder, experiment)
    set_alias(name, version)
    return version


def set_alias(name: str, version: int) -> None:
    """Point the alias `champion` to `version`, and tag it and its predecessor with the time."""
    with _service():
        old = champion(name)
        if old == version:
            return
        _tag_time(name, version, "champion.since")
        client.client().set_registered_model_alias(name, ALIAS, str(version))
        if old:
            _tag_time(name, old, "champion.until")


def champion(name: str) -> int | None:
    """The version that the alias points to, None without an alias."""
    from mlflow.exceptions import MlflowException

    try:
        return int(client.client().get_model_version_by_alias(name, ALIAS).version)
    except MlflowException as fault:
        # MLflow calls a missing alias an invalid parameter
        if fault.error_code in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}:
            return None
        raise


def _remove_alias(name: str) -> None:
    with _service():
        if old := champion(name):
            client.client().delete_registered_model_alias(name, ALIAS)
            _tag_time(name, old, "champion.until")


def _tag_time(name: str, version: int, tag: str) -> None:
    client.client().set_model_version_tag(name, str(version), tag, datetime.now(UTC).isoformat(timespec="seconds"))


def _ensure_name(name: str) -> None:
    if not client.client().search_registered_models(f"name = '{name}'"):
        client.client().create_registered_model(name)


@contextmanager
def _service() -> Iterator[None]:
    """Turn every exception of MLflow into ServiceError: this is the only stage that needs MLflow."""
    try:
        client.ping()
        yield
    except DarkroomError:
        raise
    except Exception as fault:  # databases, servers and what they send can be wrong in any way
        is_server = client.is_server()
        repair = "start the server or unset MLFLOW_TRACKING_URI" if is_server else "repair mlflow.db or move it away"
        fix = f"{repair}, then run `dvc repro`; nothing else runs again"
        where = "MLFLOW_TRACKING_URI" if is_server else "mlflow.db"
        raise ServiceError("E_MLFLOW", f"the model registry failed: {brief(fault)}", where=where, fix=fix) from fault
