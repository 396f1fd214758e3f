"""From a file to probabilities, through the decoder that training used."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom.inference import classifier, inference, predict
from darkroom.runtime.errors import DataError


def answers(folder: Path, names: list[Path]) -> list:
    return list(predict.predict_files(classifier.of_model_folder(folder), names, Path.read_bytes))


def test_the_likeliest_class_comes_first(model_folder, tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.jpg")
    ((path, result),) = answers(model_folder("cnn", label=1), [tmp_path / "a.jpg"])
    assert path == tmp_path / "a.jpg" and result.label == "dog"
    assert list(result.probabilities) == ["dog", "cat"]
    assert result.probabilities["dog"] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)  # softmax of the biases 0 and 4


def test_a_bad_image_stops_no_other_image(model_folder, tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    names = [tmp_path / name for name in ("bad.png", "missing.png", "good.png")]
    bad, missing, good = (result for _, result in answers(model_folder("cnn"), names))
    assert isinstance(bad, DataError) and isinstance(missing, DataError)
    assert good.probabilities.keys() == {"cat", "dog"}


def test_results_come_in_order_over_several_batches(model_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "BATCH", 4)
    names = [tmp_path / f"{number % 7}.png" for number in range(11)]
    for name in names[:7:2]:
        Image.new("L", (9, 9)).save(name)
    results = answers(model_folder("cnn"), names)
    assert [path for path, _ in results] == names
    assert [not isinstance(answer, DataError) for _, answer in results] == [number % 7 % 2 == 0 for number in range(11)]


def test_an_image_that_takes_too_long_stops_no_other_image(model_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(predict.bounds.worker_limits, "__defaults__", (0.05,))
    Image.new("L", (9, 9)).save(tmp_path / "good.png")
    buffer = BytesIO()
    Image.new("RGB", (1500, 1500), "teal").save(buffer, "JPEG", progressive=True)
    image = buffer.getvalue()
    last_scan = image[image.rindex(b"\xff\xda") : -2]
    (tmp_path / "slow.jpg").write_bytes(image[:-2] + last_scan * 80 + image[-2:])
    names = [tmp_path / "slow.jpg", tmp_path / "good.png"]
    slow, good = (result for _, result in answers(model_folder("cnn", max_pixels=3_000_000), names))
    assert "takes longer than 0.05 s to decode" in str(slow) and good.probabilities.keys() == {"cat", "dog"}


def test_no_model_is_loaded_for_images_that_cannot_be_used(model_folder, tmp_path, monkeypatch):
    folder = model_folder("cnn")
    monkeypatch.setattr(inference, "load", lambda _: pytest.fail("seven seconds for nothing"))
    ((path, result),) = answers(folder, [tmp_path / "absent.png"])
    assert path == tmp_path / "absent.png" and "No such file" in str(result)


def test_a_model_folder_remembers_how_deep_images_are_scaled(model_folder, tmp_path):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 100
    Image.fromarray(pixels).save(tmp_path / "deep.png")
    window = {"depth": "window", "window": [0, 6300], "icc": "convert"}
    spec = inference.read_spec(model_folder("cnn", levels=window))
    (made,) = predict.decoded([tmp_path / "deep.png"], spec, Path.read_bytes)
    assert np.array_equal(made[..., 0], np.rint(pixels / 6300 * 255))
    ((_, refused),) = answers(model_folder("of an earlier release"), [tmp_path / "deep.png"])
    assert "set preprocess.depth" in str(refused)


@pytest.mark.parametrize(("images", "shapes"), [(1, {1}), (3, {4}), (8, {8}), (21, {8})])
def test_the_model_gets_batches_of_one_shape(model_folder, tmp_path, monkeypatch, images, shapes):
    monkeypatch.setattr(predict, "BATCH", 8)
    real, seen = classifier.of_model_folder(model_folder("cnn", label=1)), []

    def load():
        compute = real.load()
        return lambda pixels: (seen.append(len(pixels)), compute(pixels))[1]

    pixels = np.random.default_rng(1).integers(0, 256, (images, 8, 8, 1), np.uint8)
    result = predict.predict_images(iter(enumerate(pixels)), classifier.Classifier(real.spec, load), images)
    assert [(number, answer.label) for number, answer in result] == [(number, "dog") for number in range(images)]
    assert set(seen) == shapes


def test_an_image_has_the_same_probabilities_whatever_else_is_in_the_batch(model_folder):
    loaded = classifier.of_model_folder(model_folder("cnn"))
    pixels = np.random.default_rng(1).integers(0, 256, (300, 8, 8, 1), np.uint8)
    together = [answer.probabilities for _, answer in predict.predict_images(enumerate(pixels), loaded, 300)]
    for number in (0, 255, 299):
        ((_, alone),) = predict.predict_images(iter([(0, pixels[number])]), loaded, 1)
        assert alone.probabilities == pytest.approx(together[number], abs=1e-6)
