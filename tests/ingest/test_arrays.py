"""Images in npz, idx and CIFAR-10 files are unpacked pixel by pixel."""

import errno
import gzip
import struct

import numpy as np
import pytest
from tests.fixtures.images import contents

from darkroom.dataset import layout
from darkroom.decoding import decode
from darkroom.image_store.reading import open_store
from darkroom.ingest import arrays, sources
from darkroom.runtime.errors import DataError

RNG = np.random.default_rng(1)
GREY, COLOUR = RNG.integers(0, 256, (6, 9, 8), np.uint8), RNG.integers(0, 256, (6, 32, 32, 3), np.uint8)
LABELS = np.array([3, 1, 3, 1, 1, 3])


def idx_head(*shape):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


def idx(array):
    return idx_head(*array.shape) + array.astype(np.uint8).tobytes()


def cifar(labels, images):
    planes = images.transpose(0, 3, 1, 2).reshape(len(labels), -1)
    return np.hstack([np.asarray(labels, np.uint8)[:, None], planes]).tobytes()


def npz(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    return path


@pytest.fixture
def unpacked(tmp_path, limits):
    """Unpack a source; returns split -> class -> pixels, in the order of the file names."""

    def unpack(source):
        done = sources.unpack(source, tmp_path / "out", limits)
        images = {}
        store = open_store(tmp_path / "out")
        for image in layout.read(store).images:
            data = store.read(image.path)
            seen, _ = decode.inspect(data, max_pixels=10_000)
            color = "grayscale" if seen["mode"] == "L" else "rgb"
            pixels = decode.to_array(data, decode.PackSettings(seen["height"], color, "stretch", 10_000))
            images.setdefault(image.split, {}).setdefault(image.label, []).append(pixels)
        assert done.files == sum(len(pixels) for classes in images.values() for pixels in classes.values())
        return images

    return unpack


@pytest.fixture
def refused(tmp_path, limits):
    def unpack(source):
        with pytest.raises(DataError) as fault:
            sources.unpack(source, tmp_path / "out", limits)
        assert not [path for path in tmp_path.iterdir() if path.name.startswith("out")]
        return fault.value

    return unpack


SQUARE = RNG.integers(0, 256, (6, 8, 8), np.uint8)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("names", ["{}-images-idx3-ubyte", "{}-images.idx3-ubyte", "emnist-{}-images-idx3-ubyte"])
def test_a_folder_of_idx_files_gives_every_image_its_label(folder, unpacked, ending, names):
    pack = gzip.compress if ending else bytes
    parts = {"train": (SQUARE[:4], LABELS[:4]), "t10k": (SQUARE[4:], LABELS[4:])}
    files = {}
    for split, (images, labels) in parts.items():
        name = names.format(split) + ending
        files[name] = pack(idx(images))
        files[name.replace("images", "labels").replace("idx3", "idx1")] = pack(idx(labels))
    by_split = unpacked(folder(files))
    assert np.array_equal(np.squeeze(by_split["train"]["3"]), SQUARE[[0, 2]])
    assert np.array_equal(np.squeeze(by_split["test"]["1"]), SQUARE[4])


def test_a_tar_of_cifar_batches_gives_colours_and_class_names(tarred, unpacked):
    members = {"cifar-10-batches-bin/batches.meta.txt": b"plane\ncar\nbird\ncat\n\n"}
    members |= {"cifar-10-batches-bin/data_batch_1.bin": cifar(LABELS[:2], COLOUR[:2])}
    members |= {"cifar-10-batches-bin/data_batch_2.bin": cifar(LABELS[2:4], COLOUR[2:4])}
    members |= {"cifar-10-batches-bin/test_batch.bin": cifar(LABELS[4:], COLOUR[4:])}
    by_split = unpacked(tarred(members, mode="w:gz"))
    assert np.array_equal(by_split["train"]["cat"], COLOUR[[0, 2]]) and np.array_equal(
        by_split["test"]["car"], COLOUR[[4]]
    )


@pytest.mark.parametrize("keys", ["x_{0} y_{0}", "{0}_images {0}_labels", "images_{0} labels_{0}"])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], LABELS.astype(str)])
def test_an_npz_gives_every_image_its_label(tmp_path, unpacked, keys, labels):
    x, y = (key.format("train") for key in keys.split())
    u, v = (key.format("test") for key in keys.split())
    path = npz(tmp_path / "in/data.npz", **{x: COLOUR[:4], y: labels[:4], u: COLOUR[4:], v: labels[4:]})
    by_split = unpacked(path)
    assert np.array_equal(by_split["train"]["1"], COLOUR[[1, 3]]) and np.array_equal(by_split["test"]["3"], COLOUR[[5]])


def test_an_npz_inside_a_zip_is_read_too(tmp_path, zipped, unpacked):
    path = npz(tmp_path / "in/data.npz", x_train=COLOUR, y_train=LABELS)
    assert set(unpacked(zipped({"ds/data.npz": path.read_bytes()}))) == {"train"}


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x_train": GREY / 255, "y_train": LABELS}, "float64, expected uint8"),
        ({"x_train": GREY}, "without labels"),
        ({"x_train": GREY, "y_train": LABELS[:5]}, "6 images and labels of shape (5,)"),
        ({"x_train": GREY, "y_train": LABELS / 2}, "float64"),
        ({"x_train": GREY, "y_train": np.array([{}] * 6, object)}, "no plain table"),
        ({"x_train": COLOUR.transpose(0, 3, 1, 2), "y_train": LABELS}, "shape (3, 32, 32)"),
        ({"x_train": np.asfortranarray(GREY), "y_train": LABELS}, "no plain table"),
        ({"data": GREY}, "has no x_train"),
        ({"x_train": GREY, "y_train": np.array(["../../evil"] * 6)}, "'../../evil' cannot be the name of a class"),
        ({"x_train": GREY, "y_train": np.array([".hidden"] * 6)}, "'.hidden' cannot be the name of a class"),
    ],
)
def test_an_unsupported_npz_is_refused_with_a_reason(tmp_path, refused, arrays, says):
    fault = refused(npz(tmp_path / "in/data.npz", **arrays))
    assert fault.code == "E_ARRAYS" and says in fault.what


def npy(head, data=b"", version=1):
    """A .npy file with exactly this header."""
    head = head.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(head)) + head + data


def described(shape, descr="'|u1'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


PLAIN = npy(described((2, 3, 3)), bytes(18))


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        (npy(described((1, 2**62, 4))), LABELS),
        (npy(described((1, 2**31, 2**31, 4))), LABELS),
        (npy(described((2**62, 2**62, 4))), LABELS),
        (npy(described("(0x" + "f" * 8000 + ", 3, 3)")), LABELS),
        (npy(described((-2, 3, 3)), bytes(18)), LABELS),
        (npy(described((2, -3, -3)), bytes(18)), LABELS),
        (npy(described((2, 0, 3))), LABELS),
        (npy(described("(True, 3, 3)"), bytes(9)), LABELS),
        (npy(described("(2.0, 3, 3)"), bytes(18)), LABELS),
        (npy(described(())), LABELS),
        (npy("(" * 10_000), LABELS),
        (npy("[" * 9_000), LABELS),
        (npy("-" * 9_000 + "1"), LABELS),
        (npy("{'a':" * 1_900), LABELS),
        (npy(described("1L, 3, 3"), bytes(9)), LABELS),
        (npy(described((2, 3, 3), "'|d1'"), bytes(18)), LABELS),
        (npy(described((2, 3, 3), "'|O'"), bytes(18)), LABELS),
        (npy(described((2, 3, 3), "[('a', '|u1')]"), bytes(18)), LABELS),
        (npy(described((2, 3, 3), "('|u1', (2, 2))"), bytes(72)), LABELS),
        (npy(described((2, 3, 3), "'\\d'"), bytes(18)), LABELS),
        (npy(described((2, 3, 3), order="True"), bytes(18)), LABELS),
        (npy(described((2, 3, 3)), bytes(17)), LABELS),
        (npy(described((2, 3, 3)), bytes(19)), LABELS),
        (npy("", version=9), LABELS),
        (b"", LABELS),
        (b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1), LABELS),
        (PLAIN, npy(described((2,), "'<U0'"))),
        (PLAIN, npy(described((2,), "'<U500000000'"))),
        (PLAIN, npy(described((2,), "'|V1'"), bytes(2))),
        (PLAIN, npy(described((2,), "'|O'"), b"cos\nsystem\n(S'true'\ntR.")),
        (PLAIN, npy(described((2,), "'<U1'"), b"\xff" * 8)),
        (PLAIN, npy(described((2,), "'<U240'"), "\U0001f436".encode("utf-32-le") * 480)),
        (PLAIN, npy(described((2, 2**40), "'<i8'"))),
        (PLAIN, npy(described((-2,), "'|u1'"), bytes(2))),
        (PLAIN, b"PK\3\4"),
    ],
)
def test_any_array_header_gives_images_or_a_one_line_error(zipped, refused, header, labels, memory_below):
    labels = labels if isinstance(labels, bytes) else npy(described((2,)), b"\1\2")
    path = zipped({"x_train.npy": header, "y_train.npy": labels}, name="data.npz")
    with memory_below(16 << 20):
        fault = refused(path)
        assert fault.code in ("E_ARRAYS", "E_ARCHIVE_LIMIT") and str(fault).isprintable() and len(str(fault)) < 1000
        assert fault.where.startswith(str(path))


def test_a_fault_names_the_array_in_its_archive(zipped, refused):
    inner = zipped({"x_train.npy": PLAIN, "y_train.npy": PLAIN}, name="inner.npz").read_bytes()
    path = zipped({"ds/data.npz": inner, "ds/readme.txt": b"x"})
    assert refused(path).where == f"{path}!ds/data.npz"


def test_arrays_of_the_same_name_do_not_overwrite_each_other(folder, refused):
    batch = cifar(LABELS, COLOUR)
    fault = refused(folder({"a/data_batch_1.bin": batch, "b/data_batch_1.bin": batch}))
    assert fault.code == "E_NAME_CONFLICT" and "data_batch_1 is there 2 times for train" in fault.what


def test_a_full_disk_is_not_called_a_damaged_array(folder, tmp_path, limits, monkeypatch):
    def full(pixels):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays.png, "encode", full)
    with pytest.raises(OSError, match="No space left"):
        sources.unpack(folder({"data_batch_1.bin": cifar(LABELS, COLOUR)}), tmp_path / "out", limits)


def test_an_image_of_an_array_obeys_the_limit_of_a_file(tmp_path, refused, limits, monkeypatch):
    monkeypatch.setitem(limits.__dict__, "max_entry_bytes", 3071)
    path = npz(tmp_path / "in/data.npz", x_train=COLOUR, y_train=LABELS)
    assert "ingest.max_entry_bytes " in refused(path).fix


def test_a_damaged_npz_is_refused(tmp_path, refused):
    path = npz(tmp_path / "in/data.npz", x_train=GREY, y_train=LABELS)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    assert refused(path).code == "E_ARRAYS"


@pytest.mark.parametrize(
    "files",
    [
        {"train-images-idx3-ubyte": idx(GREY[:0]), "train-labels-idx1-ubyte": idx(LABELS[:0])},
        {"data_batch_1.bin": b"", "test_batch.bin": b""},
    ],
    ids=["idx", "cifar"],
)
def test_arrays_without_any_image_are_refused(folder, refused, files):
    fault = refused(folder(files))
    assert fault.code == "E_ARRAYS" and "have no images" in fault.what


def test_an_npz_without_any_image_is_refused(tmp_path, refused):
    path = npz(tmp_path / "in/data.npz", x_train=GREY[:0], y_train=LABELS[:0])
    fault = refused(path)
    assert (fault.code, fault.where) == ("E_ARRAYS", str(path)) and "have no images" in fault.what


def test_a_split_without_images_beside_others_is_none(tmp_path, unpacked):
    path = npz(tmp_path / "in/data.npz", x_train=COLOUR, y_train=LABELS, x_test=COLOUR[:0], y_test=LABELS[:0])
    assert set(unpacked(path)) == {"train"}


def test_an_npz_that_swells_is_refused_before_it_is_read(tmp_path, refused):
    path = npz(tmp_path / "in/data.npz", x_train=np.zeros((900, 100, 100), np.uint8), y_train=np.arange(900))
    assert refused(path).code == "E_ARCHIVE_BOMB"


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (idx(GREY)[:-1], idx(LABELS), "is cut"),
        (idx(GREY) + b"x", idx(LABELS), "more than the 6 rows"),
        (idx(GREY), idx(LABELS[:5]), "6 images and 5 labels"),
        (b"\0\0\x0d\3" + idx(GREY)[4:], idx(LABELS), "no idx file of unsigned bytes"),
        (b"", idx(LABELS), "no idx file of unsigned bytes"),
        (idx(GREY)[:7], idx(LABELS), "is cut"),
        (idx(GREY), None, "no file of labels"),
        (idx(GREY), idx(GREY), "in 1 dimensions"),
        (idx(LABELS), idx(LABELS), "in 3 or 4 dimensions"),
        (idx_head(6, 0, 8), idx(LABELS), "of shape (0, 8)"),
        (idx_head(6, 8, 8, 5), idx(LABELS), "of shape (8, 8, 5)"),
    ],
)
def test_inconsistent_idx_files_are_refused_with_a_reason(folder, refused, images, labels, says):
    files = {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels}
    fault = refused(folder({name: data for name, data in files.items() if data is not None}))
    assert fault.code == "E_ARRAYS" and says in fault.what


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (idx_head(1, 2**31, 2**31, 4), "bytes unpacked, more than"),
        (idx_head(2**32 - 1, 2**32 - 1, 2**32 - 1), "images, more than"),
    ],
)
def test_an_idx_file_beyond_the_limits_is_refused_by_its_header(folder, refused, head, says):
    fault = refused(folder({"train-images-idx3-ubyte": head, "train-labels-idx1-ubyte": idx(LABELS)}))
    assert fault.code == "E_ARCHIVE_LIMIT" and says in fault.what


def test_a_truncated_or_corrupted_idx_gzip_is_refused(folder, refused):
    complete = gzip.compress(idx(GREY), mtime=0)
    flipped = bytearray(complete)
    flipped[-6] ^= 1  # the sum
    for data in (complete[:-20], bytes(flipped)):
        files = {"train-images-idx3-ubyte.gz": data, "train-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS))}
        assert refused(folder(files)).code == "E_ARRAYS"


def test_truncated_cifar_batches_are_refused(folder, refused):
    assert "multiple of 3073" in refused(folder({"data_batch_1.bin": cifar(LABELS, COLOUR)[:-1]})).what


@pytest.mark.parametrize("hparam", ["max_entries", "max_total_bytes"])
def test_arrays_obey_the_limits_of_archives(folder, refused, limits, monkeypatch, hparam):
    monkeypatch.setitem(limits.__dict__, hparam, {"max_entries": 5, "max_total_bytes": 450}[hparam])
    packed = {"train-images-idx3-ubyte.gz": gzip.compress(idx(GREY)[:16] + bytes(6 * 72))}
    packed |= {"train-labels-idx1-ubyte.gz": gzip.compress(idx(LABELS))}
    if hparam == "max_total_bytes":
        monkeypatch.setitem(limits.__dict__, hparam, 6 * 72 - 1)
    assert f"ingest.{hparam} " in refused(folder(packed)).fix


def test_images_of_arrays_are_always_the_same_bytes(folder, tmp_path, limits):
    source = folder({"data_batch_1.bin": cifar(LABELS, COLOUR)})
    for name in ("first", "second"):
        sources.unpack(source, tmp_path / name, limits)
    first, second = (contents(tmp_path / name) for name in ("first", "second"))
    assert first == second and len(first) == 6
