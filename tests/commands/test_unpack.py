"""darkroom unpack: the folder of images, complete or not at all, and nothing is overwritten."""

from pathlib import Path

import pytest
from tests.fixtures.images import store_of

from darkroom import cli
from darkroom.commands import unpack
from darkroom.image_store.reading import open_store
from darkroom.runtime.errors import ArtifactError, DataError

CONTENTS = {"train/cats/é.jpg": b"x" * 900, "train/dogs/1.jpg": b"", "labels.csv": b"path,label\n"}


def test_a_person_gets_the_files_byte_for_byte(stored, tmp_path):
    target = tmp_path / "some" / "where"
    assert unpack.unpack(stored(CONTENTS), target) == 3
    found = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == CONTENTS


def test_the_command_says_where_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    store_of(Path("data/images"), CONTENTS)
    cli.run("unpack")
    assert capsys.readouterr().out == "data/unpacked: 3 files\n" and Path("data/unpacked/labels.csv").exists()


@pytest.mark.parametrize("kind", ["a folder", "an empty folder", "a file", "a dangling link"])
def test_nothing_is_overwritten(stored, tmp_path, kind):
    target = tmp_path / "target"
    if kind == "a file":
        target.write_text("mine")
    elif kind == "a dangling link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine") if kind == "a folder" else None
    with pytest.raises(DataError, match="nothing is overwritten"):
        unpack.unpack(stored(CONTENTS), target)
    assert target.is_symlink() or target.is_file() or [path.name for path in target.iterdir()] in ([], ["mine.txt"])


def test_a_damaged_store_leaves_nothing_behind(stored, tmp_path):
    store = stored(CONTENTS)
    with (store.folder / "000000.tar").open("r+b") as shard:
        shard.seek(store.file("train/cats/é.jpg").offset)
        shard.write(b"y")
    with pytest.raises(ArtifactError, match="is damaged"):
        unpack.unpack(store, tmp_path / "target")
    assert not list(tmp_path.glob("target*"))


@pytest.mark.parametrize("path", ["../evil.jpg", "/tmp/evil.jpg", "a/../../evil.jpg"])
def test_nothing_is_written_outside_even_if_someone_edited_the_inventory(tmp_path, path):
    store_of(tmp_path / "store", {path: b"evil"})
    with pytest.raises(ArtifactError, match="leads out"):
        unpack.unpack(open_store(tmp_path / "store"), tmp_path / "in" / "target")
    assert not list(tmp_path.rglob("evil*")) and not list((tmp_path / "in").iterdir())
