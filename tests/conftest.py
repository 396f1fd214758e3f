"""What holds for all tests, and a small model folder, made in the test."""

import gc
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.warm import warm_dvc, warm_python  # noqa: F401  # fixtures

from darkroom.runtime import garbage, lean_keras, processors

CLASSES = ("cat", "dog")
LONGEST = ("test_pipeline.py", "test_notebook.py")  # each runs the whole pipeline
ON_RAY = "_on_ray.py"  # the end of the name of a file whose tests use a cluster
ONE_THREAD = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
SPEC = {"image_size": 8, "color": "grayscale", "fit": "stretch", "max_pixels": 10_000}


def pytest_configure() -> None:
    """Give each worker one processor, import Keras as the stages do, and handle signals.

    TensorFlow's threads for other processors would wait there for the other workers. A parent process may ignore
    signals, as `nohup` and a shell's `&` do, and tests send them to children.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    garbage.search_seldom()
    lean_keras.install()
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(optionalhook=True)  # tests run pytest without plugins
def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are processors: a third of its time, a worker waits for what it started or asked."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors.granted() + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give whole files to a worker, and to one worker all files of a cluster: two would starve each other's nodes."""
    from xdist.scheduler import LoadFileScheduling

    class OneCluster(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return ON_RAY if file.endswith(ON_RAY) else file

    return OneCluster(config, log)


def pytest_collection_modifyitems(items: list) -> None:
    """Start with the slow files, so that workers, which take whole files, end at about the same time.

    Those of a cluster come last: Ray leaves threads and handlers in a process, which tests of signals do not expect.
    """
    for item in items:
        assert "cluster" not in getattr(item, "fixturenames", ()) or item.path.name.endswith(ON_RAY), item.path
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name.endswith(ON_RAY), item.path.name not in LONGEST, item.path not in slow))


def pytest_collection_finish() -> None:
    """Let no search for garbage look at the tests and the libraries that they imported, which stay to the end.

    Keras asks for a search before each training, and it would take half a second.
    """
    gc.freeze()


HISTORY = [
    {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7},
]


@pytest.fixture(scope="session")
def written_model(tmp_path_factory):
    """A function that gives a model folder whose network predicts the class number `label` for every image.

    `spec` overrides keys of the input spec, `key` is that of the run, `tilt` the logit of the class. Each folder is
    written once and shared, so no test may change it.
    """
    written: dict[str, Path] = {}

    def give(name: str, label: int = 0, key: str | None = None, tilt: float = 4.0, **spec) -> Path:
        asked = repr((name, label, key, tilt, spec))
        if asked not in written:
            written[asked] = tmp_path_factory.mktemp("models") / name
            _write_model(written[asked], label, key or f"key-of-{name}", tilt, {"classes": CLASSES, **SPEC, **spec})
        return written[asked]

    return give


@pytest.fixture
def model_folder(written_model, tmp_path):
    """A function that copies such a folder to one of this test's own."""

    def copy(name: str, *details, **more) -> Path:
        folder = tmp_path / "models" / name
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(written_model(name, *details, **more), folder)

    return copy


def _write_model(folder: Path, label: int, key: str, tilt: float, spec: dict) -> None:
    import keras  # takes seconds, and most tests need none of it

    from darkroom.saving import model_folder as folders
    from darkroom.saving.model_folder import TrainingFacts

    size, channels = spec["image_size"], 3 if spec["color"] == "rgb" else 1
    keras.backend.clear_session()  # layers are numbered from the start, so equal networks have equal names
    inputs = keras.Input((size, size, channels), dtype="uint8")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    outputs = keras.layers.Dense(len(spec["classes"]), activation="softmax", kernel_initializer="zeros")(flat)
    network = keras.Model(inputs, outputs)
    network.layers[-1].bias.assign(tilt * np.eye(len(spec["classes"]), dtype="float32")[label])
    facts: TrainingFacts = {
        "name": folder.name,
        "architecture": "tunable",
        "pretrained": None,
        "params": {"train.epochs": 2},
        "run": key,
        "versions": {"python": "3.11"},
        "multiply_adds": 128,
        "best_epoch": 1,
    }
    folders.write(folder, network, HISTORY, spec=spec, facts=facts)
