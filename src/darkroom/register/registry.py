"""Keep MLflow's model registry in sync with the models that DVC keeps.

A version is found by the digest of its model (`identity`), so equal networks are one version, and a store that was
lost is filled again from the folders. The alias `champion` moves last: it never points to an incomplete version.
The alias `challenger` is the version that was judged last. Aliases have no history, so each version has tags that say
from when until when it was champion.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from darkroom.mlflow_client import client, sender
from darkroom.mlflow_client.events import Experiment
from darkroom.register import identity, log_model, mlflow_service, promotion, versions
from darkroom.register.promotion import Decision
from darkroom.register.registration import Score
from darkroom.register.versions import SINCE, UNTIL
from darkroom.saving import model_folder

CHAMPION, CHALLENGER = "champion", "challenger"  # aliases


def ensure_version(name: str, folder: Path, experiment: Experiment) -> int:
    """The number of the version of this folder's model, which is registered unless it is there.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    digest = identity.digest(folder)
    with mlflow_service.required():
        _ensure_name(name)
        if number := versions.number(name, digest):
            return number
        facts = model_folder.read_facts(folder)
        run_id = sender.restore(facts, model_folder.read_history(folder), experiment)
        source = log_model.find(folder, run_id) or log_model.log(folder, run_id)
        tags = {**experiment.tags, "digest": digest, "architecture": facts["architecture"]}
        if facts["pretrained"] is not None:
            tags["pretrained"] = str(facts["pretrained"])
        model_id = source.removeprefix("models:/")  # a server refuses the source without it
        return int(client.client().create_model_version(name, source, run_id, tags=tags, model_id=model_id).version)


def judged(name: str, version: int, decision: Decision, temperature: float) -> None:
    """Point the alias `challenger` to the version, and tag it with the decision about it, its score and temperature.

    Its description is the model card, which follows. Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        tags = {"decision": decision.reason, "temperature": str(temperature)}
        _tag(name, version, tags | _score(decision, decision.challenger))
        client.client().set_registered_model_alias(name, CHALLENGER, str(version))


def defended(name: str, version: int, decision: Decision) -> None:
    """Tag the version of the champion that stays with its score on the images that judged the challenger.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    if decision.champion and not decision.promoted:
        with mlflow_service.required():
            _tag(name, version, _score(decision, decision.champion))


def sync_champion(name: str, champion_folder: Path, experiment: Experiment) -> int | None:
    """Point the alias `champion` to the version of `champion_folder`, or remove it when that holds no model.

    Returns the version. Raises ServiceError (exit 6) when MLflow does not answer.
    """
    if not promotion.has_champion(champion_folder):
        _remove_alias(name)
        return None
    version = ensure_version(name, champion_folder, experiment)
    set_champion(name, version)
    return version


def set_champion(name: str, version: int) -> None:
    """Point the alias `champion` to `version`, and tag it and its predecessor with the time.

    Raises ServiceError (exit 6) when MLflow does not answer.
    """
    with mlflow_service.required():
        old = champion(name)
        if old == version:
            return
        _tag_time(name, version, SINCE)
        client.client().delete_model_version_tag(name, str(version), UNTIL)  # of an earlier time as champion
        if old:
            _tag_time(name, old, UNTIL)
        client.client().set_registered_model_alias(name, CHAMPION, str(version))  # last: until then all is done again


def champion(name: str) -> int | None:
    """The version that the alias points to, None without an alias."""
    from mlflow.exceptions import MlflowException

    try:
        return int(client.client().get_model_version_by_alias(name, CHAMPION).version)
    except MlflowException as fault:
        # MLflow calls a missing alias an invalid parameter
        if fault.error_code in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}:
            return None
        raise


def _remove_alias(name: str) -> None:
    with mlflow_service.required():
        if old := champion(name):
            client.client().delete_registered_model_alias(name, CHAMPION)
            _tag_time(name, old, UNTIL)


def _score(decision: Decision, score: Score) -> dict[str, object]:
    tags: dict[str, object] = {"judged.metric": decision.metric, "judged.n": decision.n}
    return tags | {f"judged.{end}": value for end, value in score.items()}


def _tag(name: str, version: int, tags: Mapping[str, object]) -> None:
    for key, value in tags.items():
        if value is not None:
            client.client().set_model_version_tag(name, str(version), key, str(value))


def _tag_time(name: str, version: int, tag: str) -> None:
    client.client().set_model_version_tag(name, str(version), tag, now())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _ensure_name(name: str) -> None:
    if not client.client().search_registered_models(f"name = '{name}'"):
        client.client().create_registered_model(name)
