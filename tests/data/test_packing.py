"""packing.write: every good picture once, in its place."""

import csv

import numpy as np
import pytest

from darkroom.data import decode, layout, manifest, pack, packing
from darkroom.errors import ArtifactError

SIDES = ("train", "val", "test")


@pytest.fixture
def images(folder, png):
    pictures = [f"{side}/{label}/{number}.png" for side in SIDES for label in ("b", "C", "10", "9") for number in "12"]
    return folder({name: png(number) for number, name in enumerate(pictures)} | {"train/b/bad.png": b"<html>"})


@pytest.fixture
def rows(images, how):
    return manifest.build(images, layout.read(images), how, seed=1)


def test_a_row_of_the_array_is_the_decoded_picture_of_its_path(images, rows, small, tmp_path):
    assert packing.write(rows, images, tmp_path / "packed", small, max_pixels=500) == dict.fromkeys(SIDES, 8)
    for side in SIDES:
        found = pack.read(tmp_path / "packed", side)
        assert found.images.shape == (8, 8, 8, 3) and found.images.dtype == np.uint8 and found.labels.dtype == np.int64
        for image, label, path in zip(found.images, found.labels, found.paths, strict=True):
            assert found.classes[label] == path.split("/")[1] and path.startswith(side)
            again = decode.picture((images / path).read_bytes(), size=8, color="rgb", fit="stretch", max_pixels=500)
            assert np.array_equal(image, again)


def test_classes_are_sorted_by_code_point_and_the_spec_says_how_it_was_made(images, rows, small, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, max_pixels=500)
    found = pack.read(tmp_path / "packed", "val")
    assert found.classes == ("10", "9", "C", "b")
    assert found.spec == {
        "classes": ["10", "9", "C", "b"], "image_size": 8, "color": "rgb", "fit": "stretch", "max_pixels": 500,
    }  # fmt: skip


def test_bad_pictures_are_left_out(images, rows, small, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, max_pixels=500)
    assert "train/b/bad.png" not in pack.read(tmp_path / "packed", "train").paths


def test_paths_csv_leads_from_row_to_picture(images, rows, small, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, max_pixels=500)
    with (tmp_path / "packed/test/paths.csv").open() as file:
        listed = list(csv.DictReader(file))
    assert [row["row"] for row in listed] == [str(number) for number in range(8)]
    assert tuple(row["path"] for row in listed) == pack.read(tmp_path / "packed", "test").paths


def test_grey_has_one_channel(images, rows, small, tmp_path):
    grey = small.model_copy(update={"color": "grayscale"})
    packing.write(rows, images, tmp_path / "packed", grey, max_pixels=500)
    assert pack.read(tmp_path / "packed", "val").images.shape == (8, 8, 8, 1)


def test_the_folder_is_the_same_every_time(images, rows, small, tmp_path):
    for name in ("first", "second"):
        packing.write(rows, images, tmp_path / name, small, max_pixels=500)
    first, second = ((tmp_path / name / "MANIFEST.json").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize("change", ["changed", "is missing"])
def test_a_picture_that_is_not_the_validated_one_stops_it_and_leaves_nothing(
    images, rows, small, tmp_path, png, change
):
    path = images / "val/C/1.png"
    path.write_bytes(png(99)) if change == "changed" else path.unlink()
    with pytest.raises(ArtifactError, match=f"val/C/1.png {change}"):
        packing.write(rows, images, tmp_path / "packed", small, max_pixels=500)
    assert not [found for found in tmp_path.iterdir() if "packed" in found.name]
