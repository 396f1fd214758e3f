"""Write a model folder as a folder that MLflow can load, predict with and serve.

It holds the model folder unchanged, a small script (`pyfunc_model`) and what MLflow wants to know: signature, example
and pinned requirements. Nothing in it is a pickle. MLflow's own `save_model` would write the same, but lists the files
of every installed package first, to warn of requirements that are installed in another version: a second of processor
time for each model.
"""

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import distributions, version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.models import Model, ModelSignature

MODEL_FOLDER = "artifacts/model_folder"  # in what MLflow stores
SCRIPT = Path(__file__).with_name("pyfunc_model.py")
EXAMPLE = (  # a grey pixel as PNG
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=="
)
REQUIREMENTS = ("darkroom", "keras", "tensorflow", "numpy", "pillow", "simplejpeg", "pydantic", "mlflow")
CONDA = "conda.yaml"  # without it MLflow makes no environment at all, of pip or uv either
OPTIONAL = ("pi-heif", "jax")  # a model whose images or backend they were needs them


def write(folder: Path, logged: "LoggedModel", target: Path) -> None:
    """Write what MLflow stores of the model folder `folder` to the new folder `target`."""
    shutil.copytree(folder, target / MODEL_FOLDER)
    shutil.copy(SCRIPT, target)
    pins = [f"{name}=={version(name)}" for name in requirements()]
    contents = {
        "input_example.json": json.dumps({"image": [EXAMPLE]}),
        "serving_input_example.json": json.dumps({"inputs": {"image": [EXAMPLE]}}),
        "requirements.txt": "".join(f"{pin}\n" for pin in pins),
        "python_env.yaml": f"python: {python_version()}\ndependencies:\n- -r requirements.txt\n",
        CONDA: _conda_environment(pins),
    }
    for name, text in contents.items():
        (target / name).write_text(text, encoding="utf-8")
    _description(logged).save(target / "MLmodel")


def requirements() -> list[str]:
    """Return the packages that predict, and those of OPTIONAL that are installed here."""
    return [*REQUIREMENTS, *(name for name in OPTIONAL if any(distributions(name=name)))]


def _conda_environment(pins: Sequence[str]) -> str:
    head = f"name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python={python_version()}\n- pip\n- pip:\n"
    return head + "".join(f"  - {pin}\n" for pin in pins)


def _description(logged: "LoggedModel") -> "Model":
    from mlflow import pyfunc  # it imports pandas
    from mlflow.models import Model

    model = Model(
        artifact_path=logged.artifact_location,
        run_id=logged.source_run_id,
        signature=signature(),
        model_uuid=logged.model_id,
        model_id=logged.model_id,
        saved_input_example_info={
            "artifact_path": "input_example.json",
            "serving_input_path": "serving_input_example.json",
            "type": "ndarray",
            "format": "tf-serving",
        },
    )
    return pyfunc.add_to_model(
        model,
        loader_module="mlflow.pyfunc.loaders.code_model",
        model_code_path=SCRIPT.name,
        conda_env=CONDA,
        python_env="python_env.yaml",
        artifacts={"model_folder": {"path": MODEL_FOLDER, "uri": logged.model_uri}},
    )


def signature() -> "ModelSignature":
    """Return the signature: images as Base64 text or as pixels to label, probabilities and error.

    A tensor of objects is the one type of MLflow that lets both forms through, in a data frame, as an array and in
    each form of JSON. The price: MLflow checks neither; `scoring` does, image by image.
    """
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, DataType, Map, Schema, TensorSpec

    image = TensorSpec(np.dtype("O"), (-1,), name="image")
    label, error = (ColSpec(DataType.string, name, required=False) for name in ("label", "error"))
    probabilities = ColSpec(Map(DataType.double), "probabilities", required=False)
    return ModelSignature(inputs=Schema([image]), outputs=Schema([label, probabilities, error]))
