"""A model in another format predicts the same, or there is none."""

import json
import shutil
import sys

import numpy as np
import pytest
from tests.export import networks

from darkroom.export import evidence, exporting, formats, litert, saved_model
from darkroom.export.evidence import Evidence, Labels
from darkroom.export.exporting import Int8, Order
from darkroom.inference import inference, onnx_check, onnx_model
from darkroom.metrics import design
from darkroom.register import identity
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.saving import export_folder

for library in ("ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(library, reason="the extra `export` is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # of converters: NumPy's and TensorFlow's deprecations


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return networks.written(tmp_path_factory.mktemp("models") / "cnn", networks.plain)


@pytest.fixture(scope="module")
def seen():
    return Evidence(evidence.drawn(networks.SPEC), None)


@pytest.fixture(scope="module")
def exported(source, seen, tmp_path_factory):
    """The folders of one network in every format."""
    home = tmp_path_factory.mktemp("exports")
    for form in export_folder.FILES:
        exporting.export(Order(source, form, 1.5), seen, home / form)
    return home


@pytest.mark.parametrize("form", export_folder.FILES)
def test_a_model_predicts_the_same_in_every_format_and_says_so(exported, source, seen, form):
    folder, model = exported / form, inference.load(source)[0]
    sealing.verify(folder)
    facts = export_folder.read_facts(folder)
    assert facts["largest_difference"] <= 1e-5 and facts["images"] == len(seen.images)
    assert (facts["model"], facts["digest"]) == ("cnn", identity.digest(source))
    assert inference.read_spec(folder) == inference.read_spec(source)
    predict = formats.opened(folder / export_folder.FILES[form], form, inference.read_spec(folder))
    for n in (1, 7):  # no batch is too small or too odd
        expected = inference.probabilities(model, seen.images[:n])
        np.testing.assert_allclose(predict(seen.images[:n]), expected, atol=1e-5)
    assert expected.std(0).max() > 0.01  # else any constant would pass


def test_size_time_and_accuracy_stand_beside_those_of_the_model(source, seen, tmp_path):
    labels = Labels(inference.probabilities(inference.load(source)[0], seen.images).argmax(1), None)
    facts = exporting.export(Order(source, "onnx", None), seen._replace(labels=labels), tmp_path / "onnx")
    before = facts["before"]
    assert (facts["accuracy"], before["accuracy"]) == (1.0, 1.0) and min(facts["ms"], before["ms"]) > 0
    assert before["bytes"] == (source / "model.keras").stat().st_size
    assert export_folder.read_facts(tmp_path / "onnx") == facts


def test_the_file_of_each_format_says_what_its_input_is(exported):
    own = {key: json.dumps(networks.SPEC[key]) for key in ("classes", "image_size", "color", "fit")}
    own["temperature"] = "1.5"
    assert onnx_check.metadata((exported / "onnx/model.onnx").read_bytes()) == own
    assert litert.read_metadata(exported / "litert/model.tflite") == own
    assert json.loads((exported / "saved_model/saved_model" / saved_model.METADATA).read_text()) == own


def test_input_and_output_of_an_onnx_file_have_names_and_a_batch_of_any_size(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported / "onnx/model.onnx")
    (images,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (images.name, images.type, images.shape) == ("images", "tensor(uint8)", ["batch", 12, 12, 3])
    assert (probabilities.name, probabilities.shape) == ("probabilities", ["batch", 3])


@pytest.mark.parametrize("damage", ["truncated", "swapped", "forged"])
def test_a_damaged_swapped_or_forged_file_is_refused_before_it_is_opened(exported, tmp_path, monkeypatch, damage):
    folder = shutil.copytree(exported / "onnx", tmp_path / "onnx")
    path, data = folder / "model.onnx", (folder / "model.onnx").read_bytes()
    path.write_bytes(data[:-9] if damage == "truncated" else data.replace(b'"fox"', b'"cow"'))
    if damage != "truncated":
        sealing.seal(folder)  # whoever can write the file can write the inventory
    if damage == "forged":
        (folder / "MANIFEST.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # would be exit 5
    with pytest.raises(ArtifactError) as caught:
        onnx_model.load(folder, 1)
    assert caught.value.exit_code == 4


def test_an_operation_that_litert_lacks_is_named_and_nothing_is_left(seen, tmp_path):
    from keras import layers

    source = networks.written(tmp_path / "cubic", layers.Resizing(9, 9, interpolation="bicubic"))
    with pytest.raises(ArtifactError, match="no operation ResizeBicubic.*fix: use --to saved_model"):
        exporting.export(Order(source, "litert", None), seen, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"cubic"}


def test_an_operation_that_onnx_lacks_is_named_although_the_converter_only_logs_it(seen, tmp_path):
    from keras import ops

    source = networks.written(tmp_path / "odd", ops.erfinv)
    with pytest.raises(ArtifactError, match="no operation Erfinv"):
        exporting.export(Order(source, "onnx", None), seen, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"odd"}


def test_a_file_that_predicts_otherwise_is_not_kept_and_the_earlier_one_stays(
    source, seen, exported, tmp_path, monkeypatch
):
    out = shutil.copytree(exported / "onnx", tmp_path / "out")
    opened = formats.opened
    monkeypatch.setattr(formats, "opened", lambda *words: lambda images: opened(*words)(images) + np.float32(2e-5))
    with pytest.raises(ArtifactError, match="predicts otherwise than the model"):
        exporting.export(Order(source, "onnx", None), seen, out)
    sealing.verify(out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("form", ["onnx", "litert"])
def test_an_int8_model_is_smaller_and_its_accuracy_is_judged(source, seen, tmp_path, form):
    labels = inference.probabilities(inference.load(source)[0], seen.images).argmax(1)
    known = Evidence(seen.images, Labels(labels, design.independent(len(labels))))
    order = Order(source, form, None, Int8(seen.images[:16], 0.95))
    facts = exporting.export(order, known, tmp_path / "out")
    assert facts["int8"] and facts["comparison"]["accuracy_before"] == 1
    assert facts["comparison"]["not_worse"] is None  # too few images for half a point
    assert 1e-5 < facts["largest_difference"] < 0.2


def test_an_int8_model_that_is_surely_worse_is_not_kept(source, seen, tmp_path, monkeypatch):
    labels = Labels(np.zeros(len(seen.images), np.int64), design.independent(len(seen.images)))
    wrong, right = np.eye(3, dtype="float32")[[1, 0]]
    monkeypatch.setattr(inference, "probabilities", lambda _, images: np.tile(right, (len(images), 1)))
    monkeypatch.setattr(formats, "write", lambda model, form, folder, *_: folder / "classes.json")
    monkeypatch.setattr(formats, "opened", lambda *_: lambda images: np.tile(wrong, (len(images), 1)))
    order = Order(source, "onnx", None, Int8(seen.images[:4], 0.95))
    with pytest.raises(ArtifactError, match="loses 100.0 points of accuracy .* worse by more than 0.5"):
        exporting.export(order, Evidence(seen.images, labels), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_keras_on_another_backend_is_an_error_of_the_environment(monkeypatch):
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(EnvironmentFault, match="needs Keras on TensorFlow, not on jax"):
        exporting.require_tensorflow()


def test_a_missing_converter_is_one_line_that_names_the_extra(source, seen, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(EnvironmentFault, match=r"tf2onnx is not installed .*darkroom\[export\]"):
        exporting.export(Order(source, "onnx", None), seen, tmp_path / "out")
