"""pack.read: whole, or exit 4."""

import subprocess
import sys

import pytest

from darkroom.data import pack, packing
from darkroom.errors import ArtifactError


@pytest.fixture
def packed(folder, listed, small, cache, tmp_path):
    images = folder([f"{side}/{label}/1.png" for side in ("train", "val", "test") for label in "ab"])
    rows = listed(images).rows
    packing.write(rows, images, tmp_path / "packed", small, max_pixels=500, cache=cache)
    return tmp_path / "packed"


def test_images_stay_on_disk_and_cannot_be_changed(packed):
    found = pack.read(packed, "train")
    assert found.images.filename.name == "images.npy" and not found.images.flags.writeable
    assert found.images.shape[0] == len(found.labels) == len(found.paths) == 2


@pytest.mark.parametrize("name", ["train/images.npy", "val/labels.npy", "test/paths.csv", "spec.json", "MANIFEST.json"])
@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_any_harm_is_exit_4_and_names_the_file(packed, name, harm):
    path = packed / name
    path.unlink() if harm == "missing" else path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArtifactError) as fault:
        pack.read(packed, "train")
    assert fault.value.exit_code == 4 and str(path) in fault.value.where


def test_importing_it_brings_no_decoder_and_no_table_library():
    script = "import sys, darkroom.data.pack; print(sorted({'PIL', 'pandas', 'tensorflow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
