"""manifest: one row per image, written and read back."""

import pytest

from darkroom import manifest
from darkroom.evaluate import slices
from darkroom.runtime.errors import ArtifactError


@pytest.fixture
def build(listed):
    return lambda images: listed(images).rows


def test_rows_are_sorted_complete_and_read_back_equal(stored, png, build, tmp_path):
    names = [f"{label}/{number}.png" for label in ("nan", "no", "007", "null") for number in range(5)]
    contents = {name: png(number) for number, name in enumerate(names)} | {'no/bad, "odd".jpg': b"<html>"}
    rows = build(stored(contents))
    assert [row["path"] for row in rows] == sorted(contents)
    manifest.write(tmp_path / "manifest.csv", rows)
    assert manifest.read(tmp_path / "manifest.csv") == rows
    assert manifest.classes(rows) == ("007", "nan", "no", "null")
    assert [row["path"] for row in rows if row not in manifest.used(rows)] == ['no/bad, "odd".jpg']


def test_the_file_is_the_same_every_time(stored, build, tmp_path):
    images = stored([f"{label}/{number}.png" for label in "ab" for number in range(9)])
    for name in ("first", "second"):
        manifest.write(tmp_path / name, build(images))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_missing_or_foreign_manifest_is_exit_4(tmp_path):
    with pytest.raises(ArtifactError):
        manifest.read(tmp_path / "manifest.csv")
    (tmp_path / "manifest.csv").write_text("path,width\nx,wide\n")
    with pytest.raises(ArtifactError, match="not a manifest"):
        manifest.read(tmp_path / "manifest.csv")


def test_slices_are_made_of_columns_of_the_manifest():
    """`evaluate` reads the file as text and depends on no code of this: so the names are compared here."""
    assert {*slices.NUMBERS, *slices.WORDS} <= set(manifest.COLUMNS)
