"""judging.evaluation: all about one model, and the same again."""

from dataclasses import asdict
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from darkroom.evaluate import evaluation

HOW = {"resamples": 100, "confidence": 0.95, "seed": 1, "criterion": "f1", "name": "cnn"}
CURVES = [{"epoch": e, "loss": 1 / e, "accuracy": 0.5, "val_loss": 1 / e, "val_accuracy": 0.5} for e in (1, 2)]


def side(name, n, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 120, (n, 8, 8, 1)) + 100 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    paths = [f"{'ab'[label]}/{name}{i}.png" for i, label in enumerate(labels)]
    return SimpleNamespace(images=images.astype("uint8"), labels=labels, paths=paths, classes=("a", "b"))


VAL, TEST = side("val", 20, 1), side("test", 40, 2)
MANIFEST = {path: {"brightness": str(image.mean())} for path, image in zip(TEST.paths, TEST.images, strict=True)}


@pytest.fixture(scope="module")
def judged():
    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(pixels))))
    model = keras.Model(pixels, layers.Dense(2, activation="softmax")(x))

    def ask(images):
        return np.asarray(model(np.asarray(images)), "float32")

    return [evaluation.evaluate(model, ask, VAL, TEST, manifest=MANIFEST, curves=CURVES, **HOW) for _ in range(2)]


def test_judging_again_gives_the_same_but_for_the_clock(judged):
    first, second = map(asdict, judged)
    assert {name for name in first if first[name] != second[name]} <= {"cost"}
    assert not any("latency" in name for name in first["metrics"])


def test_everything_is_there_and_of_the_test_images(judged):
    found = judged[0]
    assert [row["path"] for row in found.predictions] == TEST.paths
    assert found.threshold["criterion"] == "f1"
    assert sum(row["n"] for row in found.slices if row["property"] == "brightness") == 40
    assert {row["path"] for row in found.doubtful} <= {*VAL.paths, *TEST.paths}
    assert found.figures.keys() == {"confusion", "history", "roc_curves", "reliability"}
    assert "filters" in found.pngs


def test_doubts_are_those_of_the_model_with_the_lowest_validation_loss(judged):
    worse = evaluation.Evaluation(**{**vars(judged[0]), "val_loss": 9.0})
    assert evaluation.steadiest({"worse": worse, "better": judged[0]}) is judged[0]
