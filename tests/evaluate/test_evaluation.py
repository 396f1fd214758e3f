"""evaluate.evaluation: everything about one model, and the same again."""

import keras
import numpy as np
import pytest
from keras import layers

from darkroom import evaluation_folder, png
from darkroom.evaluate import evaluation
from darkroom.evaluate.evaluation import EvaluationData, Settings, TrainedModel
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.packed_data import Split

SETTINGS = Settings(Bootstrap(resamples=100, confidence=0.95, seed=1), criterion="f1")
HISTORY = [{"epoch": e, "loss": 1 / e, "accuracy": 0.5, "val_loss": 1 / e, "val_accuracy": 0.5} for e in (1, 2)]


def split(name, n, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 120, (n, 8, 8, 1)) + 100 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    paths = tuple(f"{'ab'[label]}/{name}{i}.png" for i, label in enumerate(labels))
    return Split(images.astype("uint8"), labels, paths, np.arange(n), ("a", "b"), {"given_splits": []})


VAL, TEST = split("val", 20, 1), split("test", 40, 2)
MANIFEST = {path: {"brightness": str(image.mean())} for path, image in zip(TEST.paths, TEST.images, strict=True)}
DATA = EvaluationData(VAL, TEST, MANIFEST)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(pixels))))
    network = keras.Model(pixels, layers.Dense(2, activation="softmax")(x))
    return TrainedModel("cnn", network, {"name": "cnn", "multiply_adds": 123}, HISTORY, 456, b"a PNG")


@pytest.fixture(scope="module")
def results(model):
    return [evaluation.evaluate(model, DATA, SETTINGS) for _ in range(2)]


def test_a_second_evaluation_gives_the_same_but_for_the_clock(results):
    first, second = results
    assert first._replace(cost=second.cost) == second
    assert not any("latency" in name for name in first.scores)


def test_everything_is_there_and_about_the_test_images(results):
    e, _, cost, pictures = results[0]
    assert [row["path"] for row in e.predictions] == list(TEST.paths)
    assert e.threshold["criterion"] == "f1" and e.validation["log_loss"] > 0
    assert sum(row["n"] for row in e.slices if row["property"] == "brightness") == 40
    assert e.figures.keys() == {"confusion", "history", "roc_curves", "reliability"}
    assert e.images.keys() >= {"filters", "feature_maps", "augmented"}
    assert (cost["bytes"], cost["multiply_adds"]) == (456, 123)
    assert pictures.keys() >= {"confusion_matrix", "training_curves", "grad_cam"}
    assert all(png.decode(picture).shape[2] in (3, 4) for picture in pictures.values())


def test_an_evaluation_is_read_back_as_it_was_written(results, tmp_path):
    evaluations = {"cnn": results[0].evaluation}
    test_set = {"images": 40, "clusters": 40, "given": False}
    evaluation_folder.write(tmp_path / "evaluation", evaluations, test_set)
    assert evaluation_folder.read(tmp_path / "evaluation") == evaluations
