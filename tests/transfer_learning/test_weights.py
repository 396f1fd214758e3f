"""A file of weights fits its backbone exactly or nothing is trained, and no fallback is silent."""

from functools import cache
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.transfer_learning import backbones, weights

pytestmark = pytest.mark.slow

SMALL = backbones.choose("mobilenet", width=0.25, size=32)
NAME = "mobilenet_2_5_224_tf_no_top.h5"


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Keras's own folder is an empty one, and nothing answers."""
    home = tmp_path / "keras"
    (home / "models").mkdir(parents=True)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(home))

    def refuse(*_):
        raise OSError("no network in this test")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    return home / "models"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def save(network: keras.Model, path: Path) -> keras.Model:
    """In Keras's format of today for `.weights.h5`, else in that of its ImageNet files."""
    if path.name.endswith(".weights.h5"):
        network.save_weights(path)
    else:
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return network


@cache  # tests save it, and change nothing
def topless() -> keras.Model:
    return scrambled(SMALL.build())


@cache
def top() -> keras.Model:
    return scrambled(SMALL.build(224, classes=1000))


def scrambled(network: keras.Model) -> keras.Model:
    """Give all arrays values of their own: those of batch norm are equal at first."""
    network.set_weights([np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(network.get_weights())])
    return network


@pytest.fixture(scope="module")
def file_of(tmp_path_factory):
    """A function that gives a file of the weights of another backbone, each of which is built and written once."""
    folder = tmp_path_factory.mktemp("others")

    @cache
    def of(name: str, kind: str) -> Path:
        save(built(name), path := folder / f"{name}{kind}")
        return path

    built = cache(lambda name: backbones.choose(name, width=1.0, size=32).build())
    return of


def assert_same(network: keras.Model, values: list[np.ndarray]) -> None:
    for got, wanted in zip(network.get_weights(), values, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", [NAME, "mobilenet_2_5_mine.weights.h5"])
def test_weights_are_those_of_the_file_in_both_of_keras_formats(folder, name):
    written = save(topless(), folder / name)
    base = weights.load(SMALL, "auto", folder)
    assert base.source == (folder / name).as_posix()
    assert_same(base.network, written.get_weights())
    assert weights.digest(base.network) == weights.digest(written)


@pytest.mark.parametrize("name", ["mobilenet_2_5_224_tf.h5", "mobilenet_2_5_224.weights.h5"])
def test_a_file_with_the_last_layer_can_be_used_too(folder, name):
    written = save(top(), folder / name)
    base = weights.load(SMALL, "imagenet", folder)
    assert_same(base.network, written.get_weights()[: len(base.network.weights)])


def test_a_file_may_be_named(folder):
    save(topless(), folder / "mine.h5")
    assert weights.load(SMALL, str(folder / "mine.h5"), folder).source == (folder / "mine.h5").as_posix()


@pytest.mark.parametrize("kind", [".h5", ".weights.h5"])
@pytest.mark.parametrize("other", ["mobilenet-50", "mobilenet_v2-35", "vgg16", "resnet50"])
def test_a_file_of_another_network_is_named_as_such(folder, file_of, kind, other):
    with pytest.raises(
        ArtifactError, match="holds the weights of another network than mobilenet at width 0.25"
    ) as fault:
        weights.load(SMALL, str(file_of(other, kind)), folder)
    assert fault.value.exit_code == 4 and "mobilenet_2_5_" in fault.value.fix


@pytest.mark.parametrize("network", [topless, top], ids=["without top", "with top"])
def test_a_file_of_one_more_layer_is_of_another_network(folder, network):
    """Keras itself loads what it knows of such a file and says nothing of the rest."""
    network = network()
    longer = keras.Model(network.input, keras.layers.Dense(3)(network.output))
    save(longer, folder / "mine.weights.h5")
    with pytest.raises(ArtifactError, match="another network"):
        weights.load(SMALL, str(folder / "mine.weights.h5"), folder)


@pytest.mark.parametrize("spoil", [lambda data: data[:5000], lambda data: b"<html>moved</html>", lambda data: b""])
def test_a_damaged_file_is_named_as_such_even_by_auto(folder, spoil):
    save(topless(), folder / NAME)
    (folder / NAME).write_bytes(spoil((folder / NAME).read_bytes()))
    with pytest.raises(ArtifactError, match="is no HDF5 file, or a damaged one"):
        weights.load(SMALL, "auto", folder)


def test_a_file_without_the_last_layer_comes_first_and_two_are_ambiguous(folder):
    save(top(), folder / "mobilenet_2_5_224_tf.h5")
    save(topless(), folder / NAME)
    assert weights.load(SMALL, "auto", folder).source == (folder / NAME).as_posix()
    save(topless(), folder / "mobilenet_2_5_160_tf_no_top.h5")
    with pytest.raises(ArtifactError, match="could both be the weights of mobilenet .* name one in transfer.weights"):
        weights.load(SMALL, "auto", folder)


def test_a_named_folder_without_the_file_is_an_error(folder):
    with pytest.raises(ArtifactError, match=r"no file of weights for mobilenet .* put mobilenet_2_5_\*\.h5 there"):
        weights.load(SMALL, str(folder / "more"), folder)


def test_imagenet_without_a_network_connection_is_an_error_within_seconds(folder, offline):
    with pytest.raises(EnvironmentFault, match=r"\[E_OFFLINE\] no ImageNet weights for mobilenet") as fault:
        weights.load(SMALL, "imagenet", folder)
    assert fault.value.exit_code == 5 and list(offline.iterdir()) == []


def test_auto_warns_that_it_starts_from_random_weights(folder, capsys):
    assert weights.load(SMALL, "auto", folder).source is None
    assert "random weights, pretrained: false" in capsys.readouterr().err


def test_none_starts_from_random_weights_whatever_files_there_are(folder, capsys):
    written = save(topless(), folder / NAME)
    base = weights.load(SMALL, "none", folder)
    assert base.source is None and weights.digest(base.network) != weights.digest(written)
    assert capsys.readouterr().err == ""


def test_what_keras_fetched_before_is_used(folder, offline):
    written = save(topless(), offline / NAME)
    base = weights.load(SMALL, "auto", folder)
    assert base.source == "imagenet"
    assert_same(base.network, written.get_weights())


def test_a_truncated_download_is_an_error_even_for_auto(folder, offline):
    (offline / NAME).write_bytes(b"half a fi")
    with pytest.raises(ArtifactError, match="download of the weights of mobilenet is damaged: .* delete the file"):
        weights.load(SMALL, "auto", folder)
