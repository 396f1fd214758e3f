"""What fans out on a cluster gives what one machine gives: features, folds, trainings again, evaluations."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tests.fixtures.cluster import on_ray
from tests.fixtures.defaults import DEFAULTS

from darkroom.labels.network_folds import NetworkFolds
from darkroom.networks import tuned
from darkroom.params import Engine
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.repeat import repetition
from darkroom.repeats_file import Training
from darkroom.runtime import files, sealing
from darkroom.training.session import Session, TrainingData
from darkroom.workers import engine

pytestmark = pytest.mark.slow

SIZES = {"train": 48, "val": 32, "test": 40}
AS_NEAR = 1e-4  # the number of threads differs


class Made(NamedTuple):
    features: np.ndarray
    files: set[str]
    folds: np.ndarray
    again: dict[Training, np.ndarray]
    evaluations: dict


@pytest.fixture(scope="module")
def project(tmp_path_factory, painted, written_model, model) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "params.yaml").touch()
    for seed, (split, n) in enumerate(SIZES.items()):
        pack = painted(n, seed)
        (folder / "packed" / split).mkdir(parents=True)
        np.save(folder / "packed" / split / "images.npy", pack.images)
        np.save(folder / "packed" / split / "labels.npy", pack.labels)
        rows = ({"path": f"{i}.png", "cluster": i} for i in range(n))
        files.write_rows(folder / "packed" / split / "paths.csv", ["path", "cluster"], rows)
    files.write_json(folder / "packed/spec.json", pack.spec)
    sealing.seal(folder / "packed")
    files.write_rows(folder / "manifest.csv", ["path", "brightness"], [{"path": "0.png", "brightness": 1}])
    values = model(learning_rate=0.02).model_dump()
    tuned.write(folder / "best.json", {"algorithm": "none", "trial": None, "values": values})
    for number, name in enumerate(("one", "two")):
        (folder / name).symlink_to(written_model(name, number))
    return folder


@pytest.fixture(scope="module")
def made(cluster, project, changes, brief, transfer_config) -> dict[str, Made]:
    """On this machine and on the cluster, which is connected once, as each connection imports TensorFlow anew."""
    config = RefitConfig(1, changes(), brief(epochs=3), transfer_config(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        return {
            kind: _everything(kind, place, config, changes(rotation=20.0))
            for kind, place in (("here", DEFAULTS.engine), ("cluster", on_ray(cluster.address, workers=2)))
        }


def _everything(kind: str, place: Engine, config: RefitConfig, augment) -> Made:
    from darkroom.evaluate import evaluation
    from darkroom.evaluate.evaluation import Settings
    from darkroom.metrics.bootstrap import Bootstrap
    from darkroom.transfer_learning.features import FeatureCache

    data = TrainingData.read(Path("packed"))
    paths = RefitPaths(Path("packed"), Path("best.json"), Path("weights"), Path("cache", kind))
    session = Session(1, Path("state", kind), quiet=True)
    folds = NetworkFolds(data._asdict(), np.arange(SIZES["train"]) % 2, config, paths, session)
    settings = Settings(Bootstrap(resamples=20, confidence=0.95, seed=1), "f1")
    read = partial(evaluation.read, Path("packed"), Path("manifest.csv"))
    cache = FeatureCache(_extractor(), Path("features", kind), "small")
    with engine.opened(place):
        return Made(
            cache.read(data.train.images, augment, seed=1, copy=1),
            {path.name for path in cache.folder.iterdir()},
            folds.out_of_sample(np.asarray(data.train.labels)),
            repetition.repeat(["cnn"], 2, config, paths, code=()),
            evaluation.evaluate_all({name: Path(name) for name in ("one", "two")}, read, settings),
        )


def _extractor():
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = layers.Conv2D(5, 3, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(x))


def test_features_are_the_same_and_are_cached_where_all_see_them(made):
    here, cluster = made["here"], made["cluster"]
    np.testing.assert_allclose(cluster.features, here.features, atol=AS_NEAR)
    assert cluster.files == here.files and np.ptp(here.features) > 0.01


def test_a_cross_validation_gives_the_same_probabilities(made):
    np.testing.assert_allclose(made["cluster"].folds, made["here"].folds, atol=AS_NEAR)


def test_trainings_from_other_seeds_predict_the_same(made):
    here, cluster = made["here"].again, made["cluster"].again
    assert list(cluster) == list(here) and len(here) == 2
    for training, predicted in here.items():
        np.testing.assert_array_equal(cluster[training], predicted)


def test_an_evaluation_says_the_same_but_for_the_clock(made):
    here, cluster = made["here"].evaluations, made["cluster"].evaluations
    assert list(cluster) == ["one", "two"]
    for name in here:
        assert cluster[name].scores == here[name].scores
        assert cluster[name].evaluation.predictions == here[name].evaluation.predictions
