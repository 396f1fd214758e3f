"""Log the model of a model folder to MLflow, and find it there by its digest."""

import tempfile
from pathlib import Path

from darkroom.inference import inference
from darkroom.mlflow_client import client
from darkroom.register import identity, version_files
from darkroom.saving import model_folder

DIGEST_TAG = "darkroom.folder"  # earlier releases logged the network alone, under another tag


def find(folder: Path, run_id: str) -> str | None:
    """The URI of the folder's model, logged to the run; None when it is not there."""
    experiment = client.client().get_run(run_id).info.experiment_id
    query = f"tags.`{DIGEST_TAG}` = '{identity.digest(folder)}' AND source_run_id = '{run_id}'"
    models = client.client().search_logged_models([experiment], filter_string=query, max_results=1)
    return next((model.model_uri for model in models if model.status == "READY"), None)


def log(folder: Path, run_id: str) -> str:
    """Log the folder, which no library has to load for that, and return the URI of the logged model.

    It belongs to the experiment of its run, whichever is active. Raises ArtifactError (exit 4) when the folder's seal
    is broken.
    """
    from mlflow.entities import LoggedModelOutput

    inference.read_spec(folder)  # verifies the seal
    mlflow = client.client()
    run = mlflow.get_run(run_id)
    logged = mlflow.create_logged_model(
        run.info.experiment_id,
        name=model_folder.read_facts(folder)["name"],
        source_run_id=run_id,
        params=run.data.params,
        tags={DIGEST_TAG: identity.digest(folder)},
    )
    with tempfile.TemporaryDirectory() as temporary:
        written = Path(temporary) / "model"
        version_files.write(folder, logged, written)
        mlflow.log_model_artifacts(logged.model_id, str(written))
    mlflow.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    mlflow.finalize_logged_model(logged.model_id, "READY")
    return logged.model_uri
