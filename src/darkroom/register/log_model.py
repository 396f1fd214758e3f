"""Log the model of a model folder to MLflow, and find it there by its digest."""

from importlib.metadata import version
from pathlib import Path

import numpy as np

from darkroom.inference import inference
from darkroom.mlflow_client import client
from darkroom.register import identity
from darkroom.saving import model_folder

DIGEST_TAG = "darkroom.digest"
REQUIREMENTS = ("keras", "tensorflow", "numpy")


def find(folder: Path, run_id: str) -> str | None:
    """The URI of the folder's model, logged to the run; None when it is not there."""
    experiment = client.client().get_run(run_id).info.experiment_id
    query = f"tags.`{DIGEST_TAG}` = '{identity.digest(folder)}' AND source_run_id = '{run_id}'"
    models = client.client().search_logged_models([experiment], filter_string=query, max_results=1)
    return next((model.model_uri for model in models if model.status == "READY"), None)


def log(folder: Path, run_id: str) -> str:
    """Log it with the signature uint8 `(-1, s, s, c)` to float32 `(-1, k)` and return its URI.

    MLflow would infer wrong dtypes from the network: it records uint8 as float32. It would also put the model into
    the active experiment, so the model is created first, in the experiment of its run.
    """
    import mlflow.keras
    from mlflow.models import Model, infer_signature

    network, spec = inference.load(folder)
    image = np.zeros((1, spec["image_size"], spec["image_size"], inference.CHANNELS[spec["color"]]), "uint8")
    run = client.client().get_run(run_id)
    logged = client.client().create_logged_model(
        run.info.experiment_id,
        name=model_folder.read_facts(folder)["name"],
        source_run_id=run_id,
        params=run.data.params,
        tags={DIGEST_TAG: identity.digest(folder)},
    )
    model_info = Model.log(
        None,
        mlflow.keras,
        model=network,
        signature=infer_signature(image, inference.probabilities(network, image)),
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        run_id=run_id,
        model_id=logged.model_id,
    )
    return model_info.model_uri
