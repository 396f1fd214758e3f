"""`darkroom register`: show another MLflow store which model is champion.

The champion is a folder that DVC keeps, and a registry mirrors it. The stage `register` writes to the store of the
machine that it runs on, which in CI ends with its job. This command needs neither data nor Keras, so the job that
publishes can give it the address of a server that the job that trains must not know.
"""

from pathlib import Path

from darkroom.mlflow_client.events import Experiment
from darkroom.register import promotion, registry
from darkroom.runtime.errors import ArtifactError


def register(name: str, champion: Path, experiment: Experiment) -> str:
    """Make the model in `champion` a version of the registered model `name`, unless it is one, and its champion.

    Return what happened, for the user. Raises ArtifactError (exit 4) when there is no champion or its seal is broken,
    ServiceError (exit 6) when MLflow does not answer.
    """
    if not promotion.has_champion(champion):
        fix = "`dvc pull champion`, or `dvc checkout champion` where its files are in the cache"
        raise ArtifactError("E_MODEL", "there is no champion", where=champion, fix=fix)
    return f"version {registry.sync_champion(name, champion, experiment)} of {name} is champion in MLflow"
