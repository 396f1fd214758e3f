"""manifest: a row for each image, there and back."""

import sys

import pytest

from darkroom.dataset import file_cache, layout, manifest, rows
from darkroom.runtime import errors
from darkroom.runtime.errors import ArtifactError


@pytest.fixture
def build(listed):
    return lambda images: listed(images).rows


def test_rows_are_sorted_complete_and_read_back_equal(folder, png, build, tmp_path):
    names = [f"{label}/{number}.png" for label in ("nan", "no", "007", "null") for number in range(5)]
    contents = {name: png(number) for number, name in enumerate(names)} | {'no/bad, "odd".jpg': b"<html>"}
    rows = build(folder(contents))
    assert [row["path"] for row in rows] == sorted(contents)
    manifest.write(tmp_path / "manifest.csv", rows)
    assert manifest.read(tmp_path / "manifest.csv") == rows
    assert manifest.classes(rows) == ("007", "nan", "no", "null")
    assert [row["path"] for row in rows if row not in manifest.good(rows)] == ['no/bad, "odd".jpg']


def test_the_file_is_the_same_every_time(folder, build, tmp_path):
    images = folder([f"{label}/{number}.png" for label in "ab" for number in range(9)])
    for name in ("first", "second"):
        manifest.write(tmp_path / name, build(images))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_image_under_another_name_keeps_its_side(folder, png, build):
    contents = {f"{label}/{number}.png": png(number + 100 * (label == "b")) for label in "ab" for number in range(20)}
    copies = {name.replace(".png", " copy.png"): data for name, data in contents.items()}
    side = {row["path"]: row["split"] for row in build(folder(contents | copies))}
    assert all(side[name] == side[name.replace(".png", " copy.png")] for name in contents)
    assert len(set(side.values())) == 3


def test_a_missing_or_foreign_manifest_is_exit_4(tmp_path):
    with pytest.raises(ArtifactError):
        manifest.read(tmp_path / "manifest.csv")
    (tmp_path / "manifest.csv").write_text("path,width\nx,wide\n")
    with pytest.raises(ArtifactError, match="not a manifest"):
        manifest.read(tmp_path / "manifest.csv")


def test_known_bytes_are_not_looked_at_again_under_any_name(folder, png, listed, monkeypatch):
    contents = {f"{label}/{number}.png": png(number + 50 * (label == "b")) for label in "ab" for number in range(5)}
    first = listed(folder(contents | {"a/bad.png": b"<html>"}))
    looked = []
    monkeypatch.setattr(
        file_cache.parallel, "map", lambda function, items, **_: looked.extend(items) or map(function, items)
    )
    renamed = {name.replace("a/", "c/"): data for name, data in contents.items()}
    again = listed(folder(renamed | {"c/bad.png": b"<html>", "c/new.png": png(99)}, root="more"))
    assert looked == [*sorted(row["path"] for row in again.rows), "c/new.png"]  # read all, looked at one
    facts_of = {row["sha256"]: row for row in first.rows}
    for row in again.rows:
        if row["path"] != "c/new.png":
            assert {**row, "path": "", "label": ""} == {**facts_of[row["sha256"]], "path": "", "label": ""}


def test_a_second_run_is_the_same_as_one_without_a_cache(folder, config, listed, tmp_path):
    images = folder([f"{label}/{number}.png" for label in "ab" for number in range(9)])
    fresh = manifest.build(images, layout.read(images), config, seed=1, cache=tmp_path / "another")
    assert listed(images) == listed(images) == fresh


def test_a_image_that_kills_its_decoder_is_bad_and_looked_at_again_next_time(folder, png, listed, monkeypatch):
    images = folder({f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)})

    def all_crash(function, items, *, title, lost=None, limits=None):
        return (lost(item, "crashed") if lost else function(item) for item in items)

    monkeypatch.setattr(manifest.parallel, "map", all_crash)
    assert {row["bad"] for row in listed(images).rows} == {"the decoder crashed"}
    monkeypatch.undo()
    assert {row["bad"] for row in listed(images).rows} == {""}


def test_a_image_that_takes_too_long_is_bad_and_the_others_are_not_held_up(folder, png, slow_jpeg, config, tmp_path):
    contents = {f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)}
    images = folder({**contents, "a/slow.jpg": slow_jpeg})
    quick = config.model_copy(update={"max_seconds": 0.05, "max_pixels": 3_000_000})
    rows = manifest.build(images, layout.read(images), quick, seed=1, cache=tmp_path / "facts").rows
    bad = {row["path"]: row["bad"] for row in rows if row["bad"]}
    assert bad == {"a/slow.jpg": "takes longer than 0.05 s to decode"}


def test_a_file_that_cannot_be_read_is_named_and_exit_5(folder, png, config, tmp_path, monkeypatch, capsys):
    """As an unreadable one, which it is not for the root that runs tests in containers."""
    images = folder({f"{label}/{number}.png": png(number) for label in "ab" for number in range(3)})
    found = layout.read(images)
    (images / "b/1.png").unlink()
    (images / "b/1.png").mkdir()
    monkeypatch.setattr(sys, "argv", ["validate"])
    with pytest.raises(SystemExit) as left:
        errors.guard(lambda: manifest.build(images, found, config, seed=1, cache=tmp_path / "facts"))
    assert left.value.code == 5 and f"where: {images / 'b/1.png'}" in capsys.readouterr().err


def test_facts_and_sides_do_not_depend_on_how_images_are_packed(folder, encoded, painted, config, small, tmp_path):
    contents = {
        f"{label}/{number}.jpg": painted(number, width=300, height=280) for label in "ab" for number in range(4)
    }
    images = folder({name: encoded(image, "JPEG") for name, image in contents.items()})
    found = []
    for size in (8, 200):
        preprocess = small.model_copy(update={"image_size": size})
        with rows.opened(tmp_path / f"{size}/rows", preprocess, config.max_pixels) as (_, packed):
            cache = tmp_path / f"{size}/facts"
            found.append(manifest.build(images, layout.read(images), config, seed=1, cache=cache, packed=packed))
    assert found[0] == found[1]
