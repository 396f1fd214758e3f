"""A linear model on features that never saw a label: what it says of an image follows from other images alone.

Logistic regression on standardised features, strongly regularised, or it would learn wrong labels by heart. The
price: it is weaker than a network that was trained on the images themselves, and learns from about MAX_ROWS images.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from darkroom.labels import folds
from darkroom.labels.folds import Part

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

INVERSE_PENALTIES = 0.001, 0.01, 0.1  # C of scikit-learn
MAX_ROWS, MIN_PER_CLASS = 10_000, 50
MAX_STEPS = 1000  # of the solver, which takes tens
TOLERANCE = 1e-3  # of its gradient: ten times that of scikit-learn, at half the time and the same predictions


@dataclass(frozen=True)
class LinearModel:
    """The method `features`, see `labels.method`."""

    name: str
    features: Mapping[str, np.ndarray]  # float (n, d) of train, val and test
    labels: np.ndarray  # int64 (n,), of train
    k: int
    fold: np.ndarray  # int64 (n,), of train
    inverse_penalty: float

    def out_of_sample(self, labels: np.ndarray) -> np.ndarray:
        features = self.features["train"]

        def predict(parts: Sequence[Part]) -> Iterator[np.ndarray]:
            return (self._probabilities(self._fit(others, labels), features[rows]) for others, rows in parts)

        return folds.cross_validate(labels, self.k, self.fold, predict)

    def of_split(self, name: str) -> np.ndarray:
        return self._probabilities(self._fit(np.arange(len(self.labels)), self.labels), self.features[name])

    def _fit(self, rows: np.ndarray, labels: np.ndarray) -> "Pipeline":
        from sklearn.dummy import DummyClassifier  # scikit-learn takes a second to import
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rows = sample(rows, labels)
        regression = LogisticRegression(C=self.inverse_penalty, max_iter=MAX_STEPS, tol=TOLERANCE)
        model = regression if len(np.unique(labels[rows])) > 1 else DummyClassifier()  # there is nothing to learn
        return make_pipeline(StandardScaler(), model).fit(self.features["train"][rows], labels[rows])

    def _probabilities(self, fitted: "Pipeline", features: np.ndarray) -> np.ndarray:
        """float `(m, k)`, 0 for the classes that the model never saw."""
        probabilities = np.zeros((len(features), self.k))
        probabilities[:, fitted.classes_] = fitted.predict_proba(features)
        return probabilities


def candidates(
    name: str, features: Mapping[str, np.ndarray], labels: np.ndarray, k: int, fold: np.ndarray
) -> list[LinearModel]:
    """One model for each penalty."""
    return [LinearModel(name, features, labels, k, fold, c) for c in INVERSE_PENALTIES]


def sample(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """At most about MAX_ROWS of `rows` int64 `(m,)`: the same fraction of each class, but MIN_PER_CLASS at least."""
    shuffled = np.random.default_rng(len(rows)).permutation(rows)
    fraction = min(1.0, MAX_ROWS / len(rows))
    classes = [shuffled[labels[shuffled] == label] for label in np.unique(labels[rows])]
    return np.concatenate([of[: max(MIN_PER_CLASS, round(fraction * len(of)))] for of in classes])
