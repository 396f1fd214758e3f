"""Load the weights of a backbone. They fit it exactly or nothing is trained.

A file does not name its architecture, so the number and the shapes of its arrays are compared.
"""

import hashlib
import re
import socket
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import h5py
import keras
from keras import layers

from darkroom.runtime import errors
from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.transfer_learning import packaged
from darkroom.transfer_learning.backbones import BackboneChoice

DOWNLOAD_TIMEOUT = 8  # seconds without an answer before the machine counts as offline
IMAGENET_CLASSES = 1000  # of a file that has the last layer too
TOPLESS = re.compile("no[-_]?top", re.IGNORECASE)


@dataclass(frozen=True)
class Base:
    """A backbone as Keras builds it, and where its weights come from; None for random ones."""

    choice: BackboneChoice
    network: keras.Model
    source: str | None

    @property
    def precision(self) -> str:
        """The dtype policy that it was built with."""
        return self.network.dtype_policy.name


def load(choice: BackboneChoice, wanted: str, folder: Path) -> Base:
    """Build the backbone and load its weights.

    `wanted` is a file or a folder of weights, or: `imagenet`, a file of `folder`, else that of the backbone's package
    or, where it has none, a download; `auto`, the same or else random weights and a warning; `none`, random weights.
    Raises ArtifactError (exit 4) for a file that is damaged, missing or of another network, EnvironmentFault (exit 5)
    when the package is not installed or the download fails.
    """
    network = choice.build()
    if wanted == "none":
        return Base(choice, _with_fast_statistics(network), None)
    location = folder if wanted in ("auto", "imagenet") else Path(wanted)
    if path := _find(choice, location):
        _read(network, choice, path)
        return Base(choice, network, path.as_posix())
    if location is not folder:
        raise _unusable(f"there is no file of weights for {choice.name}", location, f"put {choice.file} there")
    try:
        return Base(choice, network, _load_published(network, choice))
    except EnvironmentFault as fault:
        if wanted == "imagenet":
            raise
        errors.warn(f"{fault.what}; {choice.name} is trained from random weights, pretrained: false ({fault.fix})")
        return Base(choice, _with_fast_statistics(network), None)


def digest(network: keras.Model) -> str:
    """The SHA-256 of the values, 64 hex digits, whatever file they came from."""
    sha256 = hashlib.sha256()
    for value in network.get_weights():
        sha256.update(value.tobytes())
    return sha256.hexdigest()


def _find(choice: BackboneChoice, location: Path) -> Path | None:
    """`location` if it is a file, else the file in it that is named like the backbone's, if possible without top."""
    if location.is_file():
        return location
    paths = sorted(location.glob(choice.file))
    topless = [path for path in paths if TOPLESS.search(path.name)] or paths
    if len(topless) > 1:
        names = " and ".join(path.name for path in topless)
        raise _unusable(f"{names} could both be the weights of {choice.name}", location, "name one in transfer.weights")
    return topless[0] if topless else None


def _read(network: keras.Model, choice: BackboneChoice, path: Path) -> None:
    try:
        with h5py.File(path) as file:
            arrays = _count_arrays(file)
        if arrays <= len(network.weights):
            return _load(network, path, arrays)
        with_top = choice.build(choice.backbone.native_size, classes=IMAGENET_CLASSES)
        _load(with_top, path, arrays)
        network.set_weights(with_top.get_weights()[: len(network.weights)])  # those of the top come last
    except OSError as fault:
        raise _unusable(f"{path.name} is no HDF5 file, or a damaged one", path, "fetch it again") from fault
    except (ValueError, UserWarning) as fault:
        what = f"{path.name} holds the weights of another network than {_described(choice)}"
        fix = f"put {choice.file} into data/weights, or change transfer.backbones or transfer.width"
        raise _unusable(what, path, fix) from fault


def _load(network: keras.Model, path: Path, arrays: int) -> None:
    """Raises ValueError or a warning unless arrays of the file and weights of the network match one to one."""
    if arrays != len(network.weights):
        raise ValueError(f"expected {len(network.weights)} arrays, found {arrays}")
    with warnings.catch_warnings(action="error", category=UserWarning):  # that a layer keeps its random weights
        network.load_weights(path)


def _count_arrays(file: h5py.File) -> int:
    """How many arrays of weights the file holds; the states of random layers (dropout) do not count."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return sum("seed_generator" not in name for name in names)


def _load_published(network: keras.Model, choice: BackboneChoice) -> str:
    """From the package of the backbone, or else a download; the source is returned."""
    if package := choice.backbone.package:
        network.set_weights(packaged.arrays(package)[: len(network.weights)])  # those of the top come last
        return package.requirement
    _download(network, choice)
    return "imagenet"


def _download(network: keras.Model, choice: BackboneChoice) -> None:
    """Download the file once, into Keras's own folder (~/.keras/models); Keras checks the hashes that it knows."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        network.set_weights(choice.build(choice.backbone.native_size, weights="imagenet").get_weights())
    except Exception as fault:  # Keras raises a bare Exception when a download fails
        why = str(fault).splitlines()[0]
        if isinstance(fault, URLError | TimeoutError | ConnectionError) or why.startswith("URL fetch failure"):
            what, fix = f"no ImageNet weights for {choice.name}: {why}", f"put {choice.file} into data/weights"
            raise EnvironmentFault("E_OFFLINE", what, where="params.yaml: transfer.weights", fix=fix) from fault
        what = f"Keras's download of the weights of {choice.name} is damaged: {why}"
        raise _unusable(what, "~/.keras/models", "delete the file there, then run it again") from fault
    finally:
        socket.setdefaulttimeout(before)


def _with_fast_statistics(network: keras.Model) -> keras.Model:
    """Let the moving averages of batch norm in an untrained base converge within tens of steps.

    Keras's momentum of 0.99 needs hundreds; until then validation looks like chance and ends a short training.
    """
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9
    return network


def _described(choice: BackboneChoice) -> str:
    return choice.name if choice.width is None else f"{choice.name} at width {choice.width}"


def _unusable(what: str, where: object, fix: str) -> ArtifactError:
    return ArtifactError("E_WEIGHTS", what, where=where, fix=fix)
