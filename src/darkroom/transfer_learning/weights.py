"""Where the weights of a backbone come from. They fit it exactly or nothing is trained.

A file says its architecture only by the number and the shapes of its arrays, so these are what is compared.
"""

import hashlib
import re
import socket
import warnings
from pathlib import Path
from urllib.error import URLError

import h5py
import keras
from keras import layers

from darkroom.runtime import errors
from darkroom.runtime.errors import ArtifactError, EnvironmentFault
from darkroom.transfer_learning.backbones import Choice

DOWNLOAD_PATIENCE = 8  # seconds without an answer before the network counts as absent
IMAGENET = 1000  # classes, of a file that has the last layer too
TOPLESS = re.compile("no[-_]?top", re.IGNORECASE)


def base(chosen: Choice, which: str, folder: Path) -> tuple[keras.Model, str | None]:
    """The backbone's network and where its weights come from; None for random ones.

    `which` is a file or a folder of weights, or: `imagenet`, a file of `folder` or else a download; `auto`, the
    same or else random weights and a warning; `none`, random weights. Raises ArtifactError (exit 4) for a file that
    is damaged, missing or of another network, EnvironmentFault (exit 5) when the download cannot be had.
    """
    network = chosen.base()
    if which == "none":
        return _prompt(network), None
    place = folder if which in ("auto", "imagenet") else Path(which)
    if path := _find(chosen, place):
        _read(network, chosen, path)
        return network, path.as_posix()
    if place is not folder:
        raise _unusable(f"there is no file of weights for {chosen.name}", place, f"put {chosen.file} there")
    try:
        _download(network, chosen)
    except EnvironmentFault as fault:
        if which == "imagenet":
            raise
        errors.warn(f"{fault.what}; it is trained from random weights, pretrained: false")
        return _prompt(network), None
    return network, "imagenet"


def digest(network: keras.Model) -> str:
    """The SHA-256 of the values, 64 hex digits, whatever file they came from."""
    found = hashlib.sha256()
    for value in network.get_weights():
        found.update(value.tobytes())
    return found.hexdigest()


def _find(chosen: Choice, place: Path) -> Path | None:
    """`place` itself if it is a file, else the one in it that is called like the backbone's; without top if it can."""
    if place.is_file():
        return place
    found = sorted(place.glob(chosen.file))
    topless = [path for path in found if TOPLESS.search(path.name)] or found
    if len(topless) > 1:
        names = " and ".join(path.name for path in topless)
        raise _unusable(f"{names} could both be the weights of {chosen.name}", place, "name one in transfer.weights")
    return topless[0] if topless else None


def _read(network: keras.Model, chosen: Choice, path: Path) -> None:
    try:
        with h5py.File(path) as file:
            arrays = _arrays(file)
        if arrays <= len(network.weights):
            return _load(network, path, arrays)
        whole = chosen.base(chosen.known.native, include_top=True, classes=IMAGENET)
        _load(whole, path, arrays)
        network.set_weights(whole.get_weights()[: len(network.weights)])  # the top comes last
    except OSError as fault:
        raise _unusable(f"{path.name} is no HDF5 file, or a damaged one", path, "fetch it again") from fault
    except (ValueError, UserWarning) as fault:
        what = f"{path.name} holds the weights of another network than {_called(chosen)}"
        fix = f"put {chosen.file} into data/weights, or change transfer.backbones or transfer.width"
        raise _unusable(what, path, fix) from fault


def _load(network: keras.Model, path: Path, arrays: int) -> None:
    """Raises ValueError or a warning unless each array of the file meets a weight of its shape, and each weight one."""
    if arrays != len(network.weights):
        raise ValueError(f"expected {len(network.weights)} arrays, found {arrays}")
    with warnings.catch_warnings(action="error", category=UserWarning):  # that a layer keeps its random weights
        network.load_weights(path)


def _arrays(file: h5py.File) -> int:
    """How many arrays of weights the file holds; states of random layers (dropout) are none."""
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return sum("seed_generator" not in name for name in found)


def _download(network: keras.Model, chosen: Choice) -> None:
    """Keras fetches the file once into its own folder (~/.keras/models) and checks the hashes that it knows."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_PATIENCE)
    try:
        network.set_weights(chosen.base(chosen.known.native, weights="imagenet").get_weights())
    except Exception as fault:  # Keras raises a bare Exception when a download fails
        why = str(fault).splitlines()[0]
        if isinstance(fault, URLError | TimeoutError | ConnectionError) or why.startswith("URL fetch failure"):
            what, fix = f"no ImageNet weights for {chosen.name}: {why}", f"put {chosen.file} into data/weights"
            raise EnvironmentFault("E_OFFLINE", what, where="params.yaml: transfer.weights", fix=fix) from fault
        what = f"Keras's download of the weights of {chosen.name} is damaged: {why}"
        raise _unusable(what, "~/.keras/models", "delete the file there, then run it again") from fault
    finally:
        socket.setdefaulttimeout(before)


def _prompt(network: keras.Model) -> keras.Model:
    """Let batch norm's means of an untrained base follow within tens of steps.

    Keras's momentum of 0.99 needs hundreds; until then validation looks like chance and ends a short training.
    """
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9
    return network


def _called(chosen: Choice) -> str:
    return chosen.name if chosen.width is None else f"{chosen.name} at width {chosen.width}"


def _unusable(what: str, where: object, fix: str) -> ArtifactError:
    return ArtifactError("E_WEIGHTS", what, where=where, fix=fix)
