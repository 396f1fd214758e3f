"""Any input gives images or a one-line error: no traceback, no file outside the folder, no incomplete folder."""

import gzip
import io
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.fixtures.defaults import DEFAULTS, changed
from tests.fixtures.images import contents, store_of

from darkroom.dataset import layout
from darkroom.decoding import decode
from darkroom.image_store.reading import open_store
from darkroom.ingest import sources
from darkroom.runtime.errors import DataError, EnvironmentFault

LIMITS = changed(DEFAULTS.ingest, max_entries=50, max_total_bytes=1 << 20, max_entry_bytes=1 << 19, max_ratio=100.0)
MANY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
PARTS = st.sampled_from(["..", ".", "", "cats", "Cats", "dogs", "con", "C:", "~", "a.jpg", "a.png", ".hidden", "x.csv"])
NAMES = st.one_of(
    st.lists(PARTS | st.text(max_size=6), min_size=1, max_size=5).map("/".join),
    st.lists(PARTS, min_size=1, max_size=4).map("\\".join),
    st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.text(max_size=12),
    st.sampled_from(
        ["x" * 300, "a/" * 12 + "b.jpg", "train-images-idx3-ubyte", "data_batch_1.bin", "x.npz", "a/" * 99]
    ),
)


def survives(write, name=""):
    """Unpack what `write` creates: everything inside the folder and complete, or a one-line error and nothing."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "inner/out"
        folder.parent.mkdir()
        write(Path(home) / "archive")
        before = {path.name for path in Path(home).iterdir()}
        try:
            done = sources.unpack(Path(home, "archive", name), folder, LIMITS)
        except (DataError, EnvironmentFault) as fault:
            assert str(fault).isprintable() and not any(folder.parent.iterdir())
        else:
            assert [path.name for path in folder.parent.iterdir()] == ["out"]
            assert len(contents(folder)) == done.files > 0
        assert {path.name for path in Path(home).iterdir()} == before


def zip_of(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, data)
    return buffer.getvalue()


def tar_of(members, mode):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=40)), min_size=1, max_size=6)


@MANY
@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(MEMBERS)
def test_any_names_in_a_zip(members):
    try:
        data = zip_of(members)
    except (ValueError, UnicodeEncodeError):  # names that `zipfile` cannot write
        return
    survives(lambda path: path.write_bytes(data))


@MANY
@given(MEMBERS, st.sampled_from(["w", "w:gz"]))
def test_any_names_in_a_tar(members, mode):
    try:
        data = tar_of(members, mode)
    except (ValueError, UnicodeEncodeError):
        return
    survives(lambda path: path.write_bytes(data))


GOOD = [("ds/cats/1.jpg", b"x" * 90), ("ds/dogs/1.jpg", b"y" * 90), ("ds/labels.csv", b"path,label\n1.jpg,a\n")]
ARCHIVES = [zip_of(GOOD), *(tar_of(GOOD, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz"))]
EDITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), min_size=1, max_size=8)


def edited(data, edits, cut):
    data = bytearray(data)
    for offset, change in edits:
        data[offset % len(data)] ^= change
    return bytes(data[: len(data) - cut])


def npz_of(save, labels):
    buffer = io.BytesIO()
    save(buffer, x_train=np.arange(48, dtype=np.uint8).reshape(4, 4, 3), y_train=labels)
    return buffer.getvalue()


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def tell(self):
        raise io.UnsupportedOperation


def streamed_zip_of(members):
    buffer = Pipe()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    return buffer.getvalue()


LONG = [("ds/cats/é" + "n" * 120, b"x" * 90), ("ds/dogs/1.jpg", b"y" * 90)]
IDX = b"\0\0\x08\3" + struct.pack(">3I", 4, 3, 2) + bytes(range(24))
NUMBERS = b"\0\0\x08\1" + struct.pack(">I", 4) + b"\1\0\1\0"
IMAGES_OF, LABELS_OF = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
SOURCES = {  # the file that is damaged, and what lies beside it
    "zip": ("a.zip", zip_of(LONG), {}),
    "streamed zip": ("a.zip", streamed_zip_of(LONG), {}),
    "tar": ("a.tar", tar_of(LONG, "w"), {}),
    "tar.gz": ("a.tar.gz", tar_of(LONG, "w:gz"), {}),
    "tar.bz2": ("a.tar.bz2", tar_of(LONG, "w:bz2"), {}),
    "tar.xz": ("a.tar.xz", tar_of(LONG, "w:xz"), {}),
    "npz": ("a.npz", npz_of(np.savez_compressed, np.array(["a", "b", "a", "b"])), {}),
    "plain npz": ("a.npz", npz_of(np.savez, np.arange(4)), {}),
    "idx": (IMAGES_OF, IDX, {LABELS_OF: NUMBERS}),
    "idx.gz": (IMAGES_OF + ".gz", gzip.compress(IDX), {LABELS_OF + ".gz": gzip.compress(NUMBERS)}),
    "labels": (LABELS_OF, NUMBERS, {IMAGES_OF: IDX}),
    "labels.gz": (LABELS_OF + ".gz", gzip.compress(NUMBERS), {IMAGES_OF + ".gz": gzip.compress(IDX)}),
    "cifar": ("data_batch_1.bin", bytes(2 * 3073), {}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_one_corrupt_byte_gives_images_or_a_one_line_error(kind):
    name, data, beside = SOURCES[kind]
    random = Random(kind)
    for _ in range(60):
        spoilt = bytearray(data)
        spoilt[random.randrange(len(data))] ^= random.randrange(1, 256)
        survives(lambda path, spoilt=spoilt: _lay(path, {name: bytes(spoilt), **beside}), name if not beside else "")


def _lay(path, contents):
    path.mkdir()
    for name, data in contents.items():
        (path / name).write_bytes(data)


@MANY
@given(st.sampled_from(ARCHIVES), EDITS, st.sampled_from([0, 0, 1, 20]))
def test_an_archive_with_flipped_bytes(archive, edits, cut):
    data = edited(archive, edits, cut)
    survives(lambda path: path.write_bytes(data))


def encoded(kind, mode, **options):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (20, 24, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


IMAGES = [
    *(encoded("PNG", mode) for mode in ("RGB", "P", "L", "1", "RGBA", "LA")),
    *(encoded("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
    *(
        encoded("JPEG", "RGB", progressive=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0")
        for _ in "1"
    ),
    *(encoded(kind, "RGB") for kind in ("GIF", "BMP", "WEBP")),
]


@settings(MANY, max_examples=1500)
@given(st.sampled_from(IMAGES), EDITS, st.sampled_from([0, 0, 0, 1, 7, 60]))
def test_an_image_with_flipped_bytes_is_good_or_bad_when_inspected_and_when_packed(image, edits, cut):
    data = edited(image, edits, cut)
    verdicts = []
    for decode_image in (inspect, pack):
        try:
            decode_image(data)
            verdicts.append("good")
        except decode.BadImage as reason:
            assert str(reason).isprintable()
            verdicts.append("bad")
    assert verdicts[0] == verdicts[1]


def inspect(data):
    facts, small = decode.inspect(data, max_pixels=10_000)
    assert facts["width"] * facts["height"] <= 10_000 and small.shape[2] == 3


def pack(data):
    made = decode.to_array(data, decode.PackSettings(8, "rgb", "stretch", 10_000))
    assert (made.shape, made.dtype) == ((8, 8, 3), np.uint8)


TEXTS = st.text(max_size=200) | st.text(alphabet='ab/01.png,;\t\n\r"', max_size=60)
ENCODED = st.builds(
    lambda head, text, encoding: (head + text).encode(encoding, "replace"),
    st.sampled_from(["path,label\n", "id;breed\r\n0;x\r\n", "image\tclass\tsplit\n"]),
    TEXTS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
)


@settings(MANY, max_examples=150)
@given(st.binary(max_size=200) | ENCODED, st.sampled_from(["labels.csv", "x.TSV", "labels.txt", "train.csv"]))
def test_any_bytes_as_a_table_give_labels_or_an_error_and_never_fall_back_to_folders(data, name):
    with tempfile.TemporaryDirectory() as home:
        images = dict.fromkeys(("folder1/0.png", "folder2/1.png"), b"")
        store_of(Path(home, "images"), images | {name: data})
        try:
            labelled = layout.read(open_store(Path(home, "images")))
        except DataError as fault:
            assert str(fault).isprintable()
        else:
            assert not {image.label for image in labelled.images} & {"folder1", "folder2"}
