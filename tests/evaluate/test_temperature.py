"""evaluate.temperature: the best temperature, how sure it is, and when none is fitted."""

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from darkroom.evaluate import temperature
from darkroom.inference import scaling
from darkroom.metrics import probability
from darkroom.metrics.bootstrap import Bootstrap, weights
from darkroom.metrics.design import Design
from darkroom.metrics.sample import Predictions, from_probabilities

BOOTSTRAP = Bootstrap(resamples=200, confidence=0.95, seed=1)


def simulate(n: int, k: int, sharpened: float = 1.0, seed: int = 0, accuracy_logit: float = 4.8) -> Predictions:
    """Labels drawn from calibrated probabilities, and those probabilities with their logits times `sharpened`.

    A logit of 4.8 with 3 classes makes an accuracy of about 0.9.
    """
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), rng.integers(0, k, n)] += rng.normal(accuracy_logit, 2.5, n)
    calibrated = _softmax(logits)
    labels = (calibrated.cumsum(1) > rng.random((n, 1))).argmax(1)
    return from_probabilities(labels, _softmax(sharpened * logits))


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def log_loss(val: Predictions, value: float) -> float:
    scaled = from_probabilities(val.labels, scaling.scale(val.probabilities, value))
    return float(probability.log_losses(scaled).mean())


def with_errors(errors: int, n: int = 200) -> Predictions:
    """Two classes, each prediction 0.9; the first `errors` are wrong."""
    labels = np.zeros(n, np.int64)
    predicted = (np.arange(n) < errors).astype(np.int64)
    return from_probabilities(labels, np.array([[0.9, 0.1], [0.1, 0.9]])[predicted])


class Answers(ClassifierMixin, BaseEstimator):
    """A scikit-learn classifier whose probabilities are its input."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, x):
        return x

    def predict(self, x):
        return x.argmax(1)


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 3.0])
def test_the_temperature_is_that_by_which_a_model_was_made_overconfident(sharpened):
    """The standard error of the logarithm of a temperature is about 0.03 at 5,000 images: four of them."""
    assert temperature.best(simulate(5000, 4, sharpened)) == pytest.approx(sharpened, rel=0.12)


@pytest.mark.parametrize(("n", "k", "sharpened"), [(60, 2, 1.0), (300, 3, 2.0), (1000, 10, 0.7)])
def test_the_temperature_is_that_of_scikit_learn(n, k, sharpened):
    """scikit-learn adds 1e-12 to each probability, so they are kept far above it."""
    val = simulate(n, k, sharpened)
    x, y = 0.999 * val.probabilities + 0.001 / k, val.labels
    fitted = CalibratedClassifierCV(FrozenEstimator(Answers().fit(x, y)), method="temperature").fit(x, y)
    inverse = fitted.calibrated_classifiers_[0].calibrators[0].beta_
    assert temperature.best(from_probabilities(y, x)) == pytest.approx(1 / inverse, abs=1e-5)


def test_no_other_temperature_has_a_lower_log_loss():
    val = simulate(300, 3, 2.0)
    best = temperature.best(val)
    assert log_loss(val, best) < min(log_loss(val, 0.99 * best), log_loss(val, 1.01 * best))


@pytest.mark.parametrize("errors", [0, 1, temperature.LEAST_ERRORS - 1])
def test_too_few_errors_fit_no_temperature(errors):
    assert temperature.fit(with_errors(errors), BOOTSTRAP) == (1.0, None, None, "too few errors", errors)


def test_ten_errors_are_enough():
    fitted = temperature.fit(with_errors(temperature.LEAST_ERRORS), BOOTSTRAP)
    assert fitted.fit == "fitted" and fitted.low <= fitted.value <= fitted.high


def test_one_saturated_error_of_three_fits_no_temperature():
    labels = np.array([0, 1, 1])
    fitted = temperature.fit(from_probabilities(labels, np.eye(2, dtype="float32")[[0, 1, 0]]), BOOTSTRAP)
    assert (fitted.value, fitted.fit) == (1.0, "too few errors")


def test_errors_of_one_cluster_count_once():
    val = with_errors(20)
    together = Design(np.arange(val.n) // 4, given=False)
    clustered = Predictions(val.labels, val.predicted, 2, together, val.probabilities)
    assert temperature.fit(val, BOOTSTRAP).errors == 20
    assert temperature.fit(clustered, BOOTSTRAP).errors == 5


def test_a_temperature_at_the_end_of_the_range_is_marked():
    """Half of the answers are wrong and all are certain: the best probabilities are equal ones."""
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 2, (2, 100))
    fitted = temperature.fit(from_probabilities(labels, np.eye(2)[predicted]), BOOTSTRAP)
    assert fitted.fit == "end of range" and fitted.value == pytest.approx(temperature.RANGE[1])


def test_probabilities_that_are_all_equal_have_a_finite_temperature():
    fitted = temperature.fit(from_probabilities(np.arange(60) % 3, np.full((60, 3), 1 / 3)), BOOTSTRAP)
    assert np.isfinite([fitted.value, fitted.low, fitted.high]).all()


@pytest.mark.parametrize("sharpened", [0.5, 1.0, 3.0])
def test_the_temperature_of_a_sample_is_that_of_its_images(sharpened):
    """Within the 0.3 % that the module states, against an independent optimiser on the weighted log loss."""
    val, bootstrap = simulate(200, 4, sharpened), Bootstrap(resamples=20, confidence=0.95, seed=2)
    logits, of_label = np.log(val.probabilities), np.log(val.probabilities)[np.arange(val.n), val.labels]

    def slope(inverse, drawn):
        scaled = _softmax(inverse * logits)
        return ((scaled * logits).sum(1) - of_label) @ drawn

    drawn = next(weights(val.labels, val.design, bootstrap))
    exact = [1 / brentq(slope, 0.05, 20, args=(column,)) for column in drawn.T]
    assert temperature.of_samples(val, bootstrap) == pytest.approx(np.array(exact), rel=0.003)


def test_the_interval_of_a_calibrated_model_holds_1():
    """At 0.95 fewer than 33 of 40 intervals hold it in 1 case of 10,000; 1,000 images, accuracy 0.9."""
    fits = [temperature.fit(simulate(1000, 3, seed=seed), Bootstrap(100, 0.95, seed)) for seed in range(40)]
    assert sum(fitted.low <= 1 <= fitted.high for fitted in fits) >= 33


def test_more_images_make_the_interval_narrower():
    """Four times the images halve it, give or take the third by which two samples of 500 can differ."""
    few, many = (temperature.fit(simulate(n, 3), Bootstrap(500, 0.95, 1)) for n in (500, 2000))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.33)
