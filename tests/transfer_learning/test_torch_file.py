"""A file of PyTorch gives its arrays and runs nothing, whatever it asks for; a damaged one gives nothing at all."""

import hashlib
import os
import pickle
import sys
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from darkroom.runtime.errors import ArtifactError
from darkroom.transfer_learning import torch_file

VERSION, MACHINE = 1001, {"little_endian": True}


class Storage(SimpleNamespace):
    """What a tensor is a view of: `values` one after the other, under `key`."""


class Runs:
    """As it is unpickled, it makes a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


class Pickler(pickle.Pickler):
    """Pickles a Storage and an array, which is all of storage 0, as PyTorch pickles its own."""

    def __init__(self, file: BytesIO, torch: ModuleType, protocol: int):
        super().__init__(file, protocol)
        self.torch = torch

    def persistent_id(self, value):
        if isinstance(value, Storage):
            kind = self.torch.FloatStorage if value.values.dtype == "float32" else self.torch.LongStorage
            return "storage", kind, value.key, "cpu", value.values.size, None
        return None


@pytest.fixture
def torch(monkeypatch):
    """The names of PyTorch that a pickle of its tensors holds, in modules that do nothing."""
    package, utils = ModuleType("torch"), ModuleType("torch._utils")
    for module, name in ((package, "FloatStorage"), (package, "LongStorage"), (utils, "_rebuild_tensor_v2")):
        setattr(module, name, type(name, (), {"__module__": module.__name__}))
    package._utils = utils
    monkeypatch.setitem(sys.modules, "torch", package)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return package


@pytest.fixture
def tensor(torch):
    """A function that gives an object which pickles as a tensor of PyTorch does."""

    def make(storage, shape, strides, offset=0):
        class Tensor:
            def __reduce__(self):
                rest = False, OrderedDict()
                return torch._utils._rebuild_tensor_v2, (storage, offset, shape, strides, *rest)

        return Tensor()

    return make


@pytest.fixture
def save(torch, tmp_path):
    """A function that writes `parts`, each a pickle, and the values of `storages`, and returns path and SHA-256."""

    def write(parts, storages=(), protocol=2):
        file = BytesIO()
        for part in parts:
            Pickler(file, torch, protocol).dump(part)
        for storage in storages:
            file.write(np.int64(storage.values.size).tobytes() + storage.values.tobytes())
        return put(tmp_path / "net.pth", file.getvalue())

    return write


def put(path: Path, data: bytes) -> tuple[Path, str]:
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


@pytest.fixture
def saved(save, tensor):
    """Path and SHA-256 of a file of two arrays in two storages."""
    floats = Storage(key="7", values=np.arange(6, dtype="float32"))
    steps = Storage(key="3", values=np.array([5], "int64"))
    tensors = OrderedDict(weight=tensor(floats, (2, 3), (3, 1)), steps=tensor(steps, (), ()))
    return save([torch_file.MAGIC, VERSION, MACHINE, tensors, ["3", "7"]], [steps, floats])


def test_the_arrays_are_those_that_were_saved_in_their_order(saved):
    arrays = torch_file.read(*saved)
    assert list(arrays) == ["weight", "steps"] and arrays["steps"] == 5
    np.testing.assert_array_equal(arrays["weight"], np.arange(6, dtype="float32").reshape(2, 3))
    assert (arrays["weight"].dtype, arrays["steps"].dtype) == ("float32", "int64")


def test_a_view_of_a_storage_is_that_view(save, tensor):
    storage = Storage(key="0", values=np.arange(24, dtype="float32"))
    tensors = OrderedDict(all=tensor(storage, (4, 3, 2), (1, 4, 12)), row=tensor(storage, (3,), (2,), offset=5))
    arrays = torch_file.read(*save([torch_file.MAGIC, VERSION, MACHINE, tensors, ["0"]], [storage]))
    np.testing.assert_array_equal(arrays["all"], np.arange(24).reshape(2, 3, 4).T)
    np.testing.assert_array_equal(arrays["row"], [5, 7, 9])


@pytest.mark.parametrize(("shape", "strides", "offset"), [((7,), (1,), 0), ((2,), (6,), 0), ((6,), (1,), 1)])
def test_a_view_beyond_its_storage_is_refused(save, tensor, shape, strides, offset):
    storage = Storage(key="0", values=np.arange(6, dtype="float32"))
    tensors = OrderedDict(beyond=tensor(storage, shape, strides, offset))
    file = save([torch_file.MAGIC, VERSION, MACHINE, tensors, ["0"]], [storage])
    with pytest.raises(ArtifactError, match="is no file of torch.save, or a damaged one"):
        torch_file.read(*file)


@pytest.mark.parametrize("protocol", [2, 4])  # which name a function by different instructions
@pytest.mark.parametrize("part", range(5))
def test_a_pickle_that_asks_for_any_other_name_is_refused_before_anything_runs(save, tmp_path, part, protocol):
    parts = [torch_file.MAGIC, VERSION, MACHINE, OrderedDict(), []]
    parts[part] = [Runs(tmp_path / "made")]
    path, sha256 = save(parts, protocol=protocol)
    with pytest.raises(ArtifactError, match=r"asks for (posix|nt)\.mkdir, which no file of weights needs") as fault:
        torch_file.read(path, sha256)
    assert fault.value.exit_code == 4 and not (tmp_path / "made").exists()
    with path.open("rb") as file:
        for _ in range(part + 1):
            pickle.load(file)
    assert (tmp_path / "made").exists()  # so it was dangerous


@pytest.mark.parametrize("name", ["builtins eval", "builtins getattr", "torch load", "collections Counter"])
def test_not_even_a_name_beside_an_allowed_one_is_looked_up(tmp_path, name):
    module, attribute = name.split()
    data = f"c{module}\n{attribute}\n.".encode()
    with pytest.raises(ArtifactError, match=f"asks for {module}.{attribute}, "):
        torch_file.read(*put(tmp_path / "net.pth", data))


def test_a_file_that_ends_anywhere_too_early_or_too_late_gives_nothing(saved, tmp_path):
    data = saved[0].read_bytes()
    for end in range(len(data)):
        with pytest.raises(ArtifactError, match="is no file of torch.save, or a damaged one"):
            torch_file.read(*put(tmp_path / "cut.pth", data[:end]))
    with pytest.raises(ArtifactError, match="is no file of torch.save, or a damaged one"):
        torch_file.read(*put(tmp_path / "more.pth", data + b"\0"))


@pytest.mark.parametrize("data", [b"<html>moved</html>", b"PK\3\4 the format of PyTorch 1.6", b"\x80\x02K\x01."])
def test_another_file_is_named_as_such_in_one_line(tmp_path, data):
    with pytest.raises(ArtifactError, match="is no file of torch.save, or a damaged one") as fault:
        torch_file.read(*put(tmp_path / "net.pth", data))
    assert fault.value.exit_code == 4 and "\n" not in str(fault.value)


def test_nothing_is_interpreted_unless_the_sha_256_is_the_known_one(save, tmp_path):
    path, _ = save([Runs(tmp_path / "made")])
    with pytest.raises(ArtifactError, match=r"net.pth is damaged or another file: its SHA-256 is not 0{12}") as fault:
        torch_file.read(path, "0" * 64)
    assert fault.value.exit_code == 4 and not (tmp_path / "made").exists()
