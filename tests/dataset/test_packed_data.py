"""packed_data.read: an undamaged folder, or exit 4."""

import subprocess
import sys

import numpy as np
import pytest

from darkroom import packed_data
from darkroom.dataset import packing
from darkroom.decoding.bounds import DecodeLimits
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError


@pytest.fixture
def packed(stored, listed, small, cache, tmp_path):
    images = stored([f"{split}/{label}/1.png" for split in ("train", "val", "test") for label in "ab"])
    rows = listed(images).rows
    packing.write(rows, images, tmp_path / "packed", small, DecodeLimits(500), cache)
    return tmp_path / "packed"


def test_images_stay_on_disk_and_cannot_be_changed(packed):
    result = packed_data.read(packed).split("train")
    assert result.images.filename.name == "images.npy" and not result.images.flags.writeable
    assert result.images.shape[0] == len(result.labels) == len(result.paths) == 2


@pytest.mark.parametrize("name", ["train/images.npy", "val/labels.npy", "test/paths.csv", "spec.json", "MANIFEST.json"])
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_any_harm_is_exit_4_and_names_the_file(packed, name, harm):
    path = packed / name
    path.unlink() if harm == "missing" else path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArtifactError) as fault:
        packed_data.read(packed).split("train")
    assert fault.value.exit_code == 4 and str(path) in fault.value.where


def test_importing_it_brings_no_decoder_and_no_table_library():
    script = "import sys, darkroom.packed_data; print(sorted({'PIL', 'pandas', 'tensorflow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def rewritten(name, array):
    return lambda folder: np.save(folder / "train" / name, array)


MISFITS = {
    "labels of another number": rewritten(packed_data.LABELS, np.zeros(1, np.int64)),
    "labels beyond the classes": rewritten(packed_data.LABELS, np.full(4, 2)),
    "labels that are floats": rewritten(packed_data.LABELS, np.zeros(4)),
    "images that are floats": rewritten(packed_data.IMAGES, np.zeros((4, 8, 8, 1))),
    "images without channels": rewritten(packed_data.IMAGES, np.zeros((4, 8, 8), np.uint8)),
    "no array": lambda folder: (folder / "train" / packed_data.IMAGES).write_bytes(b"x"),
    "an array that is cut": lambda folder: (folder / "train" / packed_data.IMAGES).write_bytes(
        (folder / "train" / packed_data.IMAGES).read_bytes()[:150]
    ),
    "a header nested deeply": lambda folder: (folder / "train" / packed_data.LABELS).write_bytes(
        b"\x93NUMPY\x01\x00\x00\x26" + b"(" * 9728
    ),
    "paths without a column": lambda folder: files.write_rows(
        folder / "train" / packed_data.PATHS, ["x"], [{"x": 1}] * 4
    ),
    "a spec that is a list": lambda folder: files.write_json(folder / packed_data.SPEC, [1]),
    "a spec without classes": lambda folder: files.write_json(folder / packed_data.SPEC, {}),
}


@pytest.mark.parametrize("damage", MISFITS.values(), ids=MISFITS)
def test_arrays_that_do_not_fit_together_are_exit_four_under_a_right_seal(tmp_path, damage):
    folder = tmp_path / "packed"
    files.write_rows(
        folder / "train" / packed_data.PATHS,
        ["path", "cluster"],
        [{"path": f"{i}.png", "cluster": i} for i in range(4)],
    )
    np.save(folder / "train" / packed_data.IMAGES, np.zeros((4, 8, 8, 1), np.uint8))
    np.save(folder / "train" / packed_data.LABELS, np.zeros(4, np.int64))
    files.write_json(folder / packed_data.SPEC, {"classes": ["a", "b"]})
    sealing.seal(folder)
    assert len(packed_data.read(folder).split("train").paths) == 4
    damage(folder)
    sealing.seal(folder)
    with pytest.raises(ArtifactError) as caught:
        packed_data.read(folder).split("train")
    assert caught.value.exit_code == 4 and "\n" not in str(caught.value)
