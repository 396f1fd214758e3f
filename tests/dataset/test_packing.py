"""packing.write: every used image once, in its row."""

import csv

import numpy as np
import pytest

from darkroom import packed_data
from darkroom.dataset import file_cache, layout, listing, packing
from darkroom.dataset.packed_rows import open_rows
from darkroom.decoding import decode
from darkroom.decoding.bounds import DecodeLimits
from darkroom.decoding.decode import PackSettings
from darkroom.runtime.errors import ArtifactError

SPLITS = ("train", "val", "test")
LIMITS = DecodeLimits(500)


@pytest.fixture
def images(stored, png):
    names = [f"{split}/{label}/{number}.png" for split in SPLITS for label in ("b", "C", "10", "9") for number in "12"]
    return stored({name: png(number) for number, name in enumerate(names)} | {"train/b/bad.png": b"<html>"})


@pytest.fixture
def rows(images, listed):
    return listed(images).rows


def test_a_row_of_the_array_is_the_decoded_image_of_its_path(images, rows, small, cache, tmp_path):
    assert packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache) == dict.fromkeys(SPLITS, 8)
    for split in SPLITS:
        result = packed_data.read(tmp_path / "packed").split(split)
        assert (
            result.images.shape == (8, 8, 8, 3) and result.images.dtype == np.uint8 and result.labels.dtype == np.int64
        )
        for image, label, path in zip(result.images, result.labels, result.paths, strict=True):
            assert result.classes[label] == path.split("/")[1] and path.startswith(split)
            again = decode.to_array(images.read(path), PackSettings(8, "rgb", "stretch", 500))
            assert np.array_equal(image, again)


def test_classes_are_sorted_by_code_point_and_the_spec_says_how_it_was_made(images, rows, small, cache, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache)
    result = packed_data.read(tmp_path / "packed").split("val")
    assert result.classes == ("10", "9", "C", "b")
    mean, deviation = (result.spec.pop(key) for key in ("mean", "deviation"))
    assert result.spec == {
        "classes": ["10", "9", "C", "b"], "image_size": 8, "color": "rgb", "fit": "stretch", "normalise": "unit",
        "levels": {"depth": "refuse", "window": None, "icc": "convert"},
        "max_pixels": 500, "given_splits": ["train", "val", "test"],
    }  # fmt: skip
    train = packed_data.read(tmp_path / "packed").split("train").images.astype(float)
    assert np.allclose(mean, train.mean((0, 1, 2)), rtol=1e-12)
    assert np.allclose(deviation, train.std((0, 1, 2)), rtol=1e-12)


def test_bad_images_are_left_out(images, rows, small, cache, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache)
    assert "train/b/bad.png" not in packed_data.read(tmp_path / "packed").split("train").paths


def test_paths_csv_leads_from_row_to_image(images, rows, small, cache, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache)
    with (tmp_path / "packed/test/paths.csv").open() as file:
        listed = list(csv.DictReader(file))
    assert [row["row"] for row in listed] == [str(number) for number in range(8)]
    assert tuple(row["path"] for row in listed) == packed_data.read(tmp_path / "packed").split("test").paths


def test_what_the_files_looked_like_is_kept_in_the_same_order(images, rows, small, cache, tmp_path):
    packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache)
    by_path = {row["path"]: [row[name] for name in packed_data.PROPERTIES] for row in rows}
    for split in SPLITS:
        paths = packed_data.read(tmp_path / "packed").split(split).paths
        kept = packed_data.read_appearance(tmp_path / "packed", split)
        assert kept.dtype == np.float32 and np.array_equal(kept, np.float32([by_path[path] for path in paths]))


def test_images_that_an_earlier_release_packed_are_exit_4(tmp_path):
    with pytest.raises(ArtifactError, match="appearance.npy") as caught:
        packed_data.read_appearance(tmp_path, "val")
    assert "preprocess" in caught.value.fix


@pytest.mark.parametrize("n", [1, 255, 600])
@pytest.mark.parametrize("channels", [1, 3])
def test_statistics_are_those_of_each_channel_in_any_order(n, channels):
    images = np.random.default_rng(n).integers(0, 256, (n, 4, 4, channels), np.uint8)
    mean, deviation = packing.statistics(images)
    assert np.allclose(mean, images.mean((0, 1, 2))) and np.allclose(deviation, images.std((0, 1, 2)))
    assert packing.statistics(images[::-1]) == (mean, deviation)


def test_a_channel_without_variation_can_be_divided_by():
    assert packing.statistics(np.full((3, 2, 2, 1), 7, np.uint8)) == ([7.0], [1.0])


def test_without_training_images_the_statistics_are_numbers():
    assert packing.statistics(np.zeros((0, 2, 2, 1), np.uint8)) == ([0.0], [1.0])


def test_binary_is_black_or_white(images, rows, small, cache, tmp_path):
    binary = small.model_copy(update={"color": "binary"})
    packing.write(rows, images, tmp_path / "packed", binary, LIMITS, cache)
    result = packed_data.read(tmp_path / "packed").split("val").images
    assert result.shape == (8, 8, 8, 1) and np.unique(result).tolist() == [0, 255]


def test_grey_has_one_channel(images, rows, small, cache, tmp_path):
    grey = small.model_copy(update={"color": "grayscale"})
    packing.write(rows, images, tmp_path / "packed", grey, LIMITS, cache)
    assert packed_data.read(tmp_path / "packed").split("val").images.shape == (8, 8, 8, 1)


def test_the_folder_is_the_same_every_time(images, rows, small, cache, tmp_path):
    for name in ("first", "second"):
        packing.write(rows, images, tmp_path / name, small, LIMITS, cache)
    first, second = ((tmp_path / name / "MANIFEST.json").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize("change", ["changed", "is missing"])
def test_an_image_that_is_not_the_validated_one_stops_it_and_leaves_nothing(
    images, rows, stored, small, cache, tmp_path, png, change
):
    others = {path: images.read(path) for path in images.paths if path != "val/C/1.png"}
    images = stored(others | ({"val/C/1.png": png(99)} if change == "changed" else {}))
    with pytest.raises(ArtifactError, match=f"val/C/1.png {change}"):
        packing.write(rows, images, tmp_path / "packed", small, LIMITS, cache)
    assert not [result for result in tmp_path.iterdir() if "packed" in result.name]


def test_a_damaged_image_stops_it_and_leaves_nothing(images, rows, small, cache, tmp_path):
    file = images.file("val/C/1.png")
    with (images.folder / f"{file.shard}.tar").open("r+b") as shard:
        shard.seek(file.offset + 20)
        shard.write(b"x")
    with pytest.raises(ArtifactError, match=r"000000.tar is damaged at val/C/1.png") as fault:
        packing.write(rows, images, tmp_path / "packed", small, LIMITS, tmp_path / "another")
    assert fault.value.exit_code == 4 and not [result for result in tmp_path.iterdir() if "packed" in result.name]


def test_only_new_images_are_decoded_and_the_arrays_equal_those_from_scratch(
    stored, png, listed, small, cache, tmp_path, monkeypatch
):
    old = {f"{label}/{number}.png": png(number + 50 * (label == "b")) for label in "ab" for number in range(12)}
    images = stored(old)
    packing.write(listed(images).rows, images, tmp_path / "old", small, LIMITS, cache)
    images = stored(old | {"a/new.png": png(99)})
    rows = listed(images).rows
    packing.write(rows, images, tmp_path / "scratch", small, LIMITS, tmp_path / "another")
    made = []
    here = lambda make, files, **_: (made.append(file.path) or make(file) for file in files)  # noqa: E731
    monkeypatch.setattr(file_cache.parallel, "map", here)
    packing.write(rows, images, tmp_path / "new", small, LIMITS, cache)
    assert made == ["a/new.png"]
    assert (tmp_path / "new/MANIFEST.json").read_bytes() == (tmp_path / "scratch/MANIFEST.json").read_bytes()


@pytest.mark.parametrize("color", ["rgb", "binary"])
def test_after_validate_nothing_is_decoded_again_and_the_arrays_are_the_same(
    stored, encoded, painted, config, small, cache, tmp_path, monkeypatch, color
):
    contents = {
        f"{label}/{n}.jpg": painted(n + 50 * (label == "b"), width=270, height=300) for label in "ab" for n in range(9)
    }
    images = stored({name: encoded(image, "JPEG") for name, image in contents.items()})
    settings = small.model_copy(update={"color": color})
    with open_rows(cache, settings, config.max_pixels) as (_, packed):
        files = layout.read(images)
        rows = listing.build(images, files, config, cache=tmp_path / "facts", packed=packed).rows
    limits = DecodeLimits(config.max_pixels)
    packing.write(rows, images, tmp_path / "cold", settings, limits, tmp_path / "another")
    monkeypatch.setattr(packing, "_pack", lambda file, **_: pytest.fail(f"{file} is decoded again"))
    packing.write(rows, images, tmp_path / "warm", settings, limits, cache)
    assert (tmp_path / "warm/MANIFEST.json").read_bytes() == (tmp_path / "cold/MANIFEST.json").read_bytes()


def test_an_image_that_cannot_be_decoded_again_in_time_stops_it_and_leaves_nothing(
    images, rows, small, cache, tmp_path, monkeypatch
):
    """As when the cache is gone and the machine is another."""

    def here(make, files, *, lost, **_):
        return (lost(file, "slow") if file.path == "val/C/1.png" else make(file) for file in files)

    monkeypatch.setattr(file_cache.parallel, "map", here)
    with pytest.raises(ArtifactError, match=r"val/C/1.png cannot be packed: takes longer than 2 s to decode"):
        packing.write(rows, images, tmp_path / "packed", small, DecodeLimits(500, 2.0), cache)
    assert not [result for result in tmp_path.iterdir() if "packed" in result.name]


def test_another_size_or_fit_is_another_row(images, rows, small, cache, tmp_path):
    for fit in ("stretch", "crop"):
        config = small.model_copy(update={"fit": fit})
        packing.write(rows, images, tmp_path / fit, config, LIMITS, cache)
    stretch, crop = (packed_data.read(tmp_path / fit).split("train").images for fit in ("stretch", "crop"))
    assert not np.array_equal(stretch, crop)


def test_a_damaged_row_of_the_cache_is_made_again(images, rows, small, cache, tmp_path):
    packing.write(rows, images, tmp_path / "first", small, LIMITS, cache)
    for log in cache.glob("*.log"):
        data = bytearray(log.read_bytes())
        data[60::50] = bytes(value ^ 255 for value in data[60::50])
        log.write_bytes(data)
    packing.write(rows, images, tmp_path / "second", small, LIMITS, cache)
    assert (tmp_path / "first/MANIFEST.json").read_bytes() == (tmp_path / "second/MANIFEST.json").read_bytes()


def test_images_of_one_cluster_have_one_number(images, rows, small, cache, tmp_path):
    joined = [row | {"cluster": "joined"} if row["path"] in ("train/b/1.png", "train/C/2.png") else row for row in rows]
    packing.write(joined, images, tmp_path / "packed", small, LIMITS, cache)
    train = packed_data.read(tmp_path / "packed").split("train")
    numbers = dict(zip(train.paths, train.clusters, strict=True))
    assert numbers["train/b/1.png"] == numbers["train/C/2.png"] and len(set(numbers.values())) == len(numbers) - 1


def test_the_spec_says_which_splits_the_archive_gave(images, rows, small, cache, tmp_path):
    drawn = [row | {"given": "train"} if row["split"] == "val" else row for row in rows]
    packing.write(drawn, images, tmp_path / "packed", small, LIMITS, cache)
    assert packed_data.read(tmp_path / "packed").spec["given_splits"] == ["train", "test"]
