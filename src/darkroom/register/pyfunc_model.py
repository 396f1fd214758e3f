"""What MLflow executes to load a version. A copy of this file is stored with each version ("models from code").

Versions of every release call `scoring.load` and `Classifier.answers` of the installed darkroom.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types.type_hints import TypeFromExample  # MLflow warns of a hint that it can make no signature of

from darkroom.register import scoring


class ImageClassifier(PythonModel):
    """A darkroom model folder, for MLflow's clients, server and batch scoring."""

    def load_context(self, context: PythonModelContext) -> None:
        self._classifier = scoring.load(Path(context.artifacts["model_folder"]))

    def predict(
        self, context: PythonModelContext, model_input: TypeFromExample, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a row with label, probabilities and error for each image; see `scoring.Answer`.

        `model_input` maps "image" to what `Classifier.answers` takes.
        """
        rows = self._classifier.answers(model_input["image"])  # type: ignore[index]  # as the signature says
        # as objects: pandas makes NaN of a None among texts, and that is no JSON
        return pd.DataFrame(rows, columns=list(scoring.Answer.__annotations__), dtype=object)


set_model(ImageClassifier())
