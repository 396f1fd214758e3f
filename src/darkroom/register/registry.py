"""MLflow's registry as a mirror of the models that DVC keeps.

A version is found again by the digest of its model (`identity`), so registering equal networks makes one version, and a
store that was lost fills itself from the folders. The alias `champion` moves last: it never points to half a version.
Aliases have no history, so each version carries tags that say when it reigned.
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
    """The number of the version that is this folder's model, registered if it is not there yet.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    digest = identity.digest(folder)
    with _service():
        _ensure_name(name)
        if found := _versions(name, f"name = '{name}' and tags.digest = '{digest}'"):
            return int(found[0].version)
        facts, rows = model_folder.read_facts(folder), model_folder.read_history(folder)
        run_id = sender.restore(facts, rows, experiment)
        source = log_model.find(folder, run_id) or log_model.log(folder, run_id)
        about = {"digest": digest, "architecture": facts["architecture"], "pretrained": facts["pretrained"]}
        tags = {key: str(value) for key, value in {**experiment.tags, **about}.items() if value is not None}
        return int(client.client().create_model_version(name, source, run_id, tags=tags).version)


def explain(name: str, version: int, text: str) -> None:
    """Make Markdown `text` the description of the version. Raises ServiceError (exit 6) when MLflow does not answer."""
    with _service():
        client.client().update_model_version(name, str(version), text)


def mirror(name: str, champion_folder: Path, experiment: Experiment) -> int | None:
    """Make the alias `champion` point to the version of `champion_folder`; no alias where it holds no model."""
    if not promotion.has_champion(champion_folder):
        _remove_alias(name)
        return None
    version = ensure_version(name, champion_folder, experiment)
    set_alias(name, version)
    return version


def set_alias(name: str, version: int) -> None:
    """Point the alias `champion` to `version`, and write down since when, and until when it was another."""
    with _service():
        old = champion(name)
        if old == version:
            return
        _stamp(name, version, "champion.since")
        client.client().set_registered_model_alias(name, ALIAS, str(version))
        if old:
            _stamp(name, old, "champion.until")


def champion(name: str) -> int | None:
    """The version that the alias points to, None where there is none."""
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
            _stamp(name, old, "champion.until")


def _stamp(name: str, version: int, tag: str) -> None:
    client.client().set_model_version_tag(name, str(version), tag, datetime.now(UTC).isoformat(timespec="seconds"))


def _ensure_name(name: str) -> None:
    if not client.client().search_registered_models(f"name = '{name}'"):
        client.client().create_registered_model(name)


def _versions(name: str, wanted: str) -> list:
    return list(client.client().search_model_versions(wanted, max_results=1))


@contextmanager
def _service() -> Iterator[None]:
    """Whatever MLflow fails with as ServiceError; this stage alone needs it."""
    try:
        client.ping()
        yield
    except DarkroomError:
        raise
    except Exception as fault:  # databases, servers and what they send can be wrong in any way
        served = client.is_server()
        start = "start the server or unset MLFLOW_TRACKING_URI" if served else "mend mlflow.db or move it away"
        fix = f"{start}, then run `dvc repro`; nothing else runs again"
        where = "MLFLOW_TRACKING_URI" if served else "mlflow.db"
        raise ServiceError("E_MLFLOW", f"the model registry failed: {brief(fault)}", where=where, fix=fix) from fault
