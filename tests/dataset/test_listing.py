"""listing.build: one row per image, whatever the cache holds."""

import sys

import pytest

from darkroom.dataset import file_cache, layout, listing
from darkroom.dataset.packed_rows import open_rows
from darkroom.runtime import errors
from darkroom.runtime.errors import ArtifactError


@pytest.fixture
def build(listed):
    return lambda images: listed(images).rows


def test_a_copy_under_another_name_is_in_the_same_split(stored, png, build):
    contents = {f"{label}/{number}.png": png(number + 100 * (label == "b")) for label in "ab" for number in range(20)}
    copies = {name.replace(".png", " copy.png"): data for name, data in contents.items()}
    splits = {row["path"]: row["split"] for row in build(stored(contents | copies))}
    assert all(splits[name] == splits[name.replace(".png", " copy.png")] for name in contents)
    assert len(set(splits.values())) == 3


def test_cached_bytes_are_not_scanned_again_under_any_name(stored, png, listed, monkeypatch):
    contents = {f"{label}/{number}.png": png(number + 50 * (label == "b")) for label in "ab" for number in range(5)}
    first = listed(stored(contents | {"a/bad.png": b"<html>"}))
    scanned = []
    monkeypatch.setattr(
        file_cache.parallel, "map", lambda function, items, **_: scanned.extend(items) or map(function, items)
    )
    renamed = {name.replace("a/", "c/"): data for name, data in contents.items()}
    again = listed(stored(renamed | {"c/bad.png": b"<html>", "c/new.png": png(99)}, root="more"))
    assert [file.path for file in scanned] == ["c/new.png"]
    facts_of = {row["sha256"]: row for row in first.rows}
    for row in again.rows:
        if row["path"] != "c/new.png":
            assert {**row, "path": "", "label": ""} == {**facts_of[row["sha256"]], "path": "", "label": ""}


def test_a_second_run_is_the_same_as_one_without_a_cache(stored, config, listed, tmp_path):
    images = stored([f"{label}/{number}.png" for label in "ab" for number in range(9)])
    fresh = listing.build(images, layout.read(images), config, cache=tmp_path / "another")
    assert listed(images) == listed(images) == fresh


def test_an_image_that_kills_its_decoder_is_bad_and_scanned_again_next_time(stored, png, listed, monkeypatch):
    images = stored({f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)})

    def all_crash(function, items, *, title, lost=None, limits=None):
        return (lost(item, "crashed") if lost else function(item) for item in items)

    monkeypatch.setattr(file_cache.parallel, "map", all_crash)
    assert {row["bad"] for row in listed(images).rows} == {"the decoder crashed"}
    monkeypatch.undo()
    assert {row["bad"] for row in listed(images).rows} == {""}


def test_an_image_that_takes_too_long_is_bad_and_does_not_delay_the_others(stored, png, slow_jpeg, config, tmp_path):
    contents = {f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)}
    images = stored({**contents, "a/slow.jpg": slow_jpeg})
    quick = config.model_copy(update={"max_seconds": 0.05, "max_pixels": 3_000_000})
    rows = listing.build(images, layout.read(images), quick, cache=tmp_path / "facts").rows
    bad = {row["path"]: row["bad"] for row in rows if row["bad"]}
    assert bad == {"a/slow.jpg": "takes longer than 0.05 s to decode"}


def test_a_damaged_image_stops_validate_and_is_no_bad_image(stored, png, listed):
    """A bad image is a fault of the data; this one was whole when it was ingested."""
    images = stored({f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)})
    with (images.folder / "000000.tar").open("r+b") as shard:
        shard.seek(images.file("b/1.png").offset + 40)
        shard.write(b"x")
    with pytest.raises(ArtifactError, match=r"000000.tar is damaged at b/1.png"):
        listed(images)


def test_a_file_that_cannot_be_read_is_named_and_exit_5(stored, png, config, tmp_path, monkeypatch, capsys):
    """As an unreadable one, which it is not for the root that runs tests in containers."""
    images = stored({f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)})
    files = layout.read(images)
    shard = images.folder / "000000.tar"
    shard.unlink()
    shard.mkdir()
    monkeypatch.setattr(sys, "argv", ["validate"])
    with pytest.raises(SystemExit) as left:
        errors.guard(lambda: listing.build(images, files, config, cache=tmp_path / "facts"))
    assert left.value.code == 5 and f"where: {shard}" in capsys.readouterr().err


def test_facts_and_splits_do_not_depend_on_how_images_are_packed(stored, encoded, painted, config, small, tmp_path):
    contents = {
        f"{label}/{number}.jpg": painted(number, width=300, height=280) for label in "ab" for number in range(4)
    }
    images = stored({name: encoded(image, "JPEG") for name, image in contents.items()})
    built = []
    for size in (8, 200):
        preprocess = small.model_copy(update={"image_size": size})
        with open_rows(tmp_path / f"{size}/rows", preprocess, config.max_pixels) as (_, packed):
            cache = tmp_path / f"{size}/facts"
            built.append(listing.build(images, layout.read(images), config, cache=cache, packed=packed))
    assert built[0] == built[1]
