"""manifest: a row for each picture, there and back."""

import pytest

from darkroom.data import layout, manifest
from darkroom.errors import ArtifactError


@pytest.fixture
def build(how):
    return lambda images, seed=1: manifest.build(images, layout.read(images), how, seed=seed)


def test_rows_are_sorted_complete_and_read_back_equal(folder, png, build, tmp_path):
    names = [f"{label}/{number}.png" for label in ("nan", "no", "007", "null") for number in range(5)]
    pictures = {name: png(number) for number, name in enumerate(names)} | {'no/bad, "odd".jpg': b"<html>"}
    rows = build(folder(pictures))
    assert [row["path"] for row in rows] == sorted(pictures)
    manifest.write(tmp_path / "manifest.csv", rows)
    assert manifest.read(tmp_path / "manifest.csv") == rows
    assert manifest.classes(rows) == ("007", "nan", "no", "null")
    assert [row["path"] for row in rows if row not in manifest.good(rows)] == ['no/bad, "odd".jpg']


def test_the_file_is_the_same_every_time(folder, build, tmp_path):
    images = folder([f"{label}/{number}.png" for label in "ab" for number in range(9)])
    for name in ("first", "second"):
        manifest.write(tmp_path / name, build(images))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_picture_under_another_name_keeps_its_side(folder, png, build):
    pictures = {f"{label}/{number}.png": png(number + 100 * (label == "b")) for label in "ab" for number in range(20)}
    copies = {name.replace(".png", " copy.png"): data for name, data in pictures.items()}
    side = {row["path"]: row["split"] for row in build(folder(pictures | copies))}
    assert all(side[name] == side[name.replace(".png", " copy.png")] for name in pictures)
    assert len(set(side.values())) == 3


def test_a_missing_or_foreign_manifest_is_exit_4(tmp_path):
    with pytest.raises(ArtifactError):
        manifest.read(tmp_path / "manifest.csv")
    (tmp_path / "manifest.csv").write_text("path,width\nx,wide\n")
    with pytest.raises(ArtifactError, match="not a manifest"):
        manifest.read(tmp_path / "manifest.csv")
