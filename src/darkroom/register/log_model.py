"""Put the model of a model folder into MLflow, and find it there again by what it is."""

from importlib.metadata import version
from pathlib import Path

import numpy as np

from darkroom.inference import inference
from darkroom.mlflow_client import client
from darkroom.register import identity

DIGEST = "darkroom.digest"  # the tag by which a model is found again
CHANNELS = {"rgb": 3, "grayscale": 1, "binary": 1}
NEEDS = ("keras", "tensorflow", "numpy")


def find(folder: Path, run_id: str) -> str | None:
    """The address of the folder's model, logged with the run; None where it is not."""
    of = client.client().get_run(run_id).info.experiment_id
    wanted = f"tags.`{DIGEST}` = '{identity.digest(folder)}' AND source_run_id = '{run_id}'"
    found = client.client().search_logged_models([of], filter_string=wanted, max_results=1)
    return next((each.model_uri for each in found if each.status == "READY"), None)


def log(folder: Path, run_id: str) -> str:
    """Log it with the signature uint8 `(-1, s, s, c)` to float32 `(-1, k)`; returns its address.

    MLflow would take the dtypes from the network, and be wrong: uint8 is recorded as float32. It would also put the
    model into the active experiment, so it is created first, in the experiment of its run.
    """
    import mlflow.keras
    from mlflow.models import Model, infer_signature

    network, spec = inference.load(folder)
    image = np.zeros((1, spec["image_size"], spec["image_size"], CHANNELS[spec["color"]]), "uint8")
    of = client.client().get_run(run_id)
    made = client.client().create_logged_model(
        of.info.experiment_id,
        name=of.info.run_name,
        source_run_id=run_id,
        params=of.data.params,
        tags={DIGEST: identity.digest(folder)},
    )
    signature = infer_signature(image, inference.probabilities(network, image))
    needs = [f"{name}=={version(name)}" for name in NEEDS]
    where = {"run_id": run_id, "model_id": made.model_id}
    saved = Model.log(None, mlflow.keras, model=network, signature=signature, pip_requirements=needs, **where)
    return saved.model_uri
