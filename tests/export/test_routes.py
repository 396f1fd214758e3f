"""The same picture file gets the same probabilities on every way that darkroom offers."""

import numpy as np
import pytest
from benchmarks import pictures, routes
from tests.export import networks

from darkroom.export import comparison, exporting
from darkroom.export.evidence import Evidence
from darkroom.export.exporting import Int8, Order
from darkroom.inference import inference

for library in ("ai_edge_litert", "onnx", "onnxruntime", "prometheus_client", "python_multipart", "tf2onnx"):
    pytest.importorskip(library, reason="the extras `export` and `serve` are not installed")
model = pytest.importorskip("darkroom.serve.model")

pytestmark = pytest.mark.filterwarnings("ignore")  # of converters: NumPy's and TensorFlow's deprecations
PICTURES = pictures.pictures(100)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("routes")


@pytest.fixture(scope="module")
def source(home):
    return networks.written(home / "cnn", networks.plain, levels=pictures.LEVELS)


@pytest.fixture(scope="module")
def files(home):
    return routes.write(PICTURES, home / "pictures")


@pytest.fixture(scope="module")
def found(home, source, files):
    """Probabilities (100, 3) by route."""
    seen = Evidence(routes.decoded(files, inference.read_spec(source)), None)
    exports = routes.Exports(*(home / form for form in routes.Exports._fields))
    for form, folder in exports._asdict().items():
        exporting.export(Order(source, form, None), seen, folder)
    return routes.probabilities(source, exports, files, home)


def test_the_pictures_are_of_every_mode_and_get_different_answers(found):
    assert len(PICTURES) == 100 and len(pictures.KINDS) >= 40
    assert len(np.unique(found["evaluate"].round(4), axis=0)) > 90  # else any constant would pass


def test_every_route_and_every_format_gives_the_probabilities_of_evaluate(found):
    assert len(found) == 12
    assert {way: by for way, by in routes.differences(found).items() if not by <= comparison.TOLERANCE} == {}


def test_the_keras_engine_of_serve_gives_the_probabilities_of_evaluate_on_every_route(source, files, found):
    for route, rows in routes.served(model.OPEN["keras"](source, 2), files.contents).items():
        np.testing.assert_allclose(rows, found["evaluate"], rtol=0, atol=comparison.TOLERANCE, err_msg=route)


def test_an_int8_model_gives_its_own_probabilities_on_every_route(home, source, files, found):
    """They are others than those of the model; `darkroom export` says by how much."""
    images = routes.decoded(files, inference.read_spec(source))
    facts = exporting.export(Order(source, "onnx", None, Int8(images, 0.95)), Evidence(images, None), home / "int8")
    predicted = routes.predicted(home / "int8", files, exported=True)
    for route, rows in routes.served(model.open_onnx(home / "int8", 2), files.contents).items():
        np.testing.assert_allclose(rows, predicted, rtol=0, atol=comparison.TOLERANCE, err_msg=route)
    assert np.abs(predicted - found["evaluate"]).max() == pytest.approx(facts["largest_difference"], abs=1e-5)
