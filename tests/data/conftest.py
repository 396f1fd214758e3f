"""Pictures, folders and archives, painted for the test that asks."""

import tarfile
import tracemalloc
import zipfile
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom import engine
from darkroom.data import layout, manifest, scan
from darkroom.params import Ingest, Preprocess, Validate


@pytest.fixture(scope="session", autouse=True)
def _workers_that_know_the_code():
    """The first pool decides what all later workers have imported, and a test of `engine` must not be the first."""
    list(engine.map(partial(scan.digest, images=Path(__file__).parent), [Path(__file__).name], title="", lost=str))


def _noise(number, *, width=12, height=10, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(number).integers(0, 256, shape, np.uint8)


def _encoded(image, kind="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def painted():
    """A picture of noise that is a function of its number."""
    return lambda number=0, **how: Image.fromarray(_noise(number, **how))


@pytest.fixture
def encoded():
    return _encoded


@pytest.fixture
def png(painted):
    """Bytes of a noise picture, different for each number."""
    return lambda number=0, **how: _encoded(painted(number, **how))


@pytest.fixture
def slow_jpeg(encoded):
    """About a second of a processor: its last scan is repeated, short of the number that is refused unseen."""
    image = encoded(Image.new("RGB", (1500, 1500), "teal"), "JPEG", progressive=True)
    return image[:-2] + image[image.rindex(b"\xff\xda") : -2] * 80 + image[-2:]


@pytest.fixture
def folder(tmp_path, png):
    """A folder of pictures from their names; equal numbers give equal pictures."""

    def make(names, root="images"):
        names = names if isinstance(names, dict) else {name: png(number) for number, name in enumerate(names)}
        for name, data in names.items():
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return tmp_path / root

    return make


@pytest.fixture
def zipped(tmp_path):
    """A zip whose member names are written as they are, evil ones too."""

    def make(members, *, attributes=0, method=zipfile.ZIP_STORED, name="data.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in members.items() if isinstance(members, dict) else members:
                info = zipfile.ZipInfo("x")
                info.filename, info.external_attr, info.compress_type = member, attributes, method
                archive.writestr(info, data)
        return path

    return make


@pytest.fixture
def tarred(tmp_path):
    """A tar whose members are as they are given: bytes for a file, or a ready TarInfo."""

    def make(members, *, mode="w", name="data.tar"):
        with tarfile.open(tmp_path / name, mode) as archive:
            for member, data in members.items():
                info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo()
                info.name, info.size = member, 0 if data is info else len(data)
                archive.addfile(info, None if data is info else BytesIO(data))
        return tmp_path / name

    return make


@pytest.fixture
def memory_below():
    """A context that must not allocate more than so many bytes at a time."""

    @contextmanager
    def measure(most):
        tracemalloc.start()
        try:
            yield
            assert tracemalloc.get_traced_memory()[1] < most
        finally:
            tracemalloc.stop()

    return measure


@pytest.fixture
def limits():
    return Ingest(max_entries=1000, max_total_bytes=100 << 20, max_entry_bytes=64 << 20, max_ratio=100.0)


@pytest.fixture
def how():
    return Validate(
        val=0.25,
        test=0.25,
        leaks="stop",
        conflicts="stop",
        min_per_class=3,
        max_imbalance=20.0,
        max_bad_share=0.1,
        min_side=8,
        min_contrast=2.0,
        max_flat_share=0.2,
        max_giveaway=0.7,
        max_pixels=1_000_000,
        max_seconds=10.0,
    )


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def listed(how, cache):
    """The manifest of a folder of pictures, and its near duplicates."""
    return lambda images, seed=1: manifest.build(images, layout.read(images), how, seed=seed, cache=cache)


@pytest.fixture
def small():
    return Preprocess(image_size=8, color="rgb", fit="stretch", normalise="unit")
