"""sealing: any change of a sealed folder is noticed."""

import os

import pytest

from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: p.write_bytes(b"x")])
def test_a_sealed_folder_notices_damage(tmp_path, damage):
    (tmp_path / "a").write_text("data")
    sealing.seal(tmp_path)
    sealing.verify(tmp_path)
    damage(tmp_path / "a")
    with pytest.raises(ArtifactError) as caught:
        sealing.verify(tmp_path)
    assert caught.value.exit_code == 4


def test_sealed_folders_that_are_not_listed_are_moved_away_and_nothing_else_is(tmp_path):
    models, others = tmp_path / "models", tmp_path / "others"
    for folder in (models / "listed", models / "old", models / "notes", others / "old"):
        folder.mkdir(parents=True)
        (folder / "a").write_text(str(folder))
    sealing.seal(models / "listed")
    sealing.seal(models / "old")
    sealing.set_aside(models, but=["listed"], to=others)
    assert {path.name for path in models.iterdir()} == {"listed", "notes"}
    assert (others / "old/a").read_text() == str(models / "old")


DAMAGES = {
    "an empty inventory": lambda folder: (folder / sealing.INVENTORY).write_text("{}"),
    "a list for an inventory": lambda folder: (folder / sealing.INVENTORY).write_text("[1]"),
    "noise for an inventory": lambda folder: (folder / sealing.INVENTORY).write_bytes(b"\xff\x00"),
    "an inventory nested deeply": lambda folder: (folder / sealing.INVENTORY).write_text("[" * 100_000),
    "a pipe for an inventory": lambda folder: (
        (folder / sealing.INVENTORY).unlink(), os.mkfifo(folder / sealing.INVENTORY)
    ),
    "a link for an inventory": lambda folder: (
        (folder / sealing.INVENTORY).unlink(), (folder / sealing.INVENTORY).symlink_to(folder)
    ),
    "no inventory": lambda folder: (folder / sealing.INVENTORY).unlink(),
    "an entry that is a number": lambda folder: files.write_json(folder / sealing.INVENTORY, {"a": 1, "b/c": 2}),
    "an entry without a digest": lambda folder: files.write_json(
        folder / sealing.INVENTORY, {"a": {"bytes": 5}, "b/c": {"bytes": 5}}
    ),
    "a name that leads outside": lambda folder: files.write_json(
        folder / sealing.INVENTORY,
        files.read_json(folder / sealing.INVENTORY) | {"../outside": {"bytes": 0, "sha256": ""}},
    ),
    "an extra file": lambda folder: (folder / "b/extra").touch(),
    "an extra link": lambda folder: (folder / "extra").symlink_to(folder.parent),
    "an extra pipe": lambda folder: os.mkfifo(folder / "extra"),
    "a missing file": lambda folder: (folder / "b/c").unlink(),
    "a pipe for a file": lambda folder: ((folder / "a").unlink(), os.mkfifo(folder / "a")),
    "an endless file": lambda folder: ((folder / "a").unlink(), (folder / "a").symlink_to("/dev/zero")),
    "a link to nowhere": lambda folder: ((folder / "a").unlink(), (folder / "a").symlink_to("absent")),
}  # fmt: skip


@pytest.fixture
def sealed(tmp_path):
    folder = tmp_path / "sealed"
    files.write_files(folder, {"a": "data"})
    files.write_text(folder / "b/c", "data")
    sealing.seal(folder)
    return folder


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_any_change_of_a_sealed_folder_is_noticed(sealed, damage):
    damage(sealed)
    with pytest.raises(ArtifactError) as caught:
        sealing.verify(sealed)
    assert str(caught.value).count("\n") == 0


def test_a_sealed_folder_may_consist_of_links_into_the_cache_of_dvc(sealed, tmp_path):
    (sealed / "a").rename(tmp_path / "cached")
    (sealed / "a").symlink_to(tmp_path / "cached")
    sealing.verify(sealed)


def test_a_flipped_bit_anywhere_is_noticed(sealed):
    for path in sorted(files.below(sealed)):
        data = path.read_bytes()
        for i in range(len(data)):
            path.write_bytes(data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :])
            with pytest.raises(ArtifactError):
                sealing.verify(sealed)
        path.write_bytes(data)
    sealing.verify(sealed)
