"""overlaps: what is there twice, and what goes where params say so."""

import pytest

from darkroom.dataset import layout, manifest, overlaps, packing
from darkroom.validate import notes


def row(path, cluster, split="", *, pixels=None, group="", dropped=""):
    label = path.split("/")[-2]
    facts = {"cluster": cluster, "pixels": pixels or path, "group": group, "bad": "", "dropped": dropped}
    return {"path": path, "label": label, "split": split, **facts}


def test_all_copies_of_a_image_in_two_classes_are_a_conflict():
    rows = [row("a/1", "x", pixels="p"), row("b/1", "x", pixels="p"), row("b/2", "y"), row("a/2", "z", pixels="p")]
    found = overlaps.conflicts(rows)
    assert [(each.row, each.other) for each in found] == [(0, "b/1"), (1, "a/1"), (3, "b/1")]


def test_equal_images_of_one_class_are_none():
    assert overlaps.conflicts([row("a/1", "x", pixels="p"), row("a/2", "x", pixels="p")]) == []


def test_test_keeps_what_it_shares_and_val_keeps_it_from_train():
    rows = [
        row("train/a/1", "x", "train", pixels="p"),
        row("val/a/1", "x", "val"),
        row("test/a/1", "x", "test", pixels="p"),
        row("train/a/2", "y", "train", group="anna"),
        row("val/a/2", "y", "val", group="anna"),
        row("train/a/3", "z", "train"),
        row("train/a/4", "z", "train"),
    ]
    assert overlaps.leaks(rows) == [
        (0, "equal to an image in test", "test/a/1"),
        (1, "nearly equal to an image in test", "test/a/1"),
        (3, "of the same group as an image in val", "val/a/2"),
    ]


def test_afterwards_no_cluster_is_on_two_sides():
    rows = [row(f"{side}/a/{n}", str(n % 7), side) for side in ("train", "val", "test") for n in range(len(side) + 3)]
    left = [each for each in overlaps.without(rows, overlaps.leaks(rows)) if not each["dropped"]]
    sides = {(each["cluster"], each["split"]) for each in left}
    assert len(sides) == len({each["cluster"] for each in rows})


def test_what_the_archive_does_not_split_leaks_nothing():
    assert overlaps.leaks([row("a/1", "x", pixels="p"), row("a/2", "x", pixels="p")]) == []


def test_a_leak_never_settles_a_conflict():
    rows = [row("train/a/1", "x", "train", pixels="p"), row("test/b/1", "x", "test", pixels="p")]
    assert overlaps.leaks(rows) == [] and len(overlaps.conflicts(rows)) == 2


def test_a_dropped_row_has_its_reason_and_no_cluster():
    rows = [row("train/a/1", "x", "train", pixels="p"), row("test/a/1", "x", "test", pixels="p")]
    first, second = overlaps.without(rows, overlaps.leaks(rows))
    assert (first["dropped"], first["cluster"]) == ("equal to an image in test", "") and second == rows[1]


@pytest.fixture
def leaking(folder, png):
    """A given split of two classes: train and test have image 1 in common, two classes share image 40."""
    names = {f"train/{label}/{n}.png": png(n + 20 * (label == "b")) for label in "ab" for n in range(12)}
    tests = {f"test/{label}/{n}.png": png(n + 60 + 20 * (label == "b")) for label in "ab" for n in range(4)}
    doubles = {"test/a/again.png": png(1), "train/a/two.png": png(50), "train/b/two.png": png(50)}
    return folder({**names, **tests, **doubles})


@pytest.fixture
def settled(leaking, config, cache):
    def build(**params):
        found = layout.read(leaking)
        return manifest.build(leaking, found, config.model_copy(update=params), seed=1, cache=cache)

    return build


def dropped(listing):
    return [each["path"] for each in listing.overlaps if each["dropped"] == "yes"]


def test_by_default_all_stay_and_are_listed(settled):
    listing = settled()
    assert dropped(listing) == [] and len(manifest.good(listing.rows)) == len(listing.rows)
    assert [each["path"] for each in listing.overlaps] == ["train/a/1.png", "train/a/two.png", "train/b/two.png"]


def test_drop_from_train_and_drop_leave_out_just_these(settled):
    listing = settled(leaks="drop_from_train", conflicts="drop")
    assert dropped(listing) == ["train/a/1.png", "train/a/two.png", "train/b/two.png"]
    assert {row["path"] for row in listing.rows} - {row["path"] for row in manifest.good(listing.rows)} == set(
        dropped(listing)
    )
    told = notes.of(listing, layout.Layout((), (), ()))
    assert told == [
        "dropped: 1 equal to an image in test, listed in reports/dropped.csv",
        "dropped: 2 equal to an image of another class, listed in reports/dropped.csv",
    ]


def test_split_again_draws_all_images_by_cluster(settled):
    listing = settled(leaks="split_again")
    assert listing.again and not listing.given and dropped(listing) == []
    sides = {row["path"]: row["split"] for row in listing.rows}
    assert sides["train/a/1.png"] == sides["test/a/again.png"]
    assert set(sides.values()) == {"train", "val", "test"}
    assert any(side != path.split("/")[0] for path, side in sides.items() if path.startswith("test/"))


def test_split_again_respects_a_split_that_has_no_leak(settled, leaking):
    (leaking / "test/a/again.png").unlink()
    listing = settled(leaks="split_again")
    assert not listing.again and listing.given == {"train", "test"}


def test_dropped_images_are_never_packed(settled, leaking, small, cache, tmp_path):
    listing = settled(leaks="drop_from_train", conflicts="drop")
    manifest.write(tmp_path / "manifest.csv", listing.rows)
    rows = manifest.read(tmp_path / "manifest.csv", packing.COLUMNS)
    sides = packing.write(rows, leaking, tmp_path / "packed", small, max_pixels=10_000, cache=cache)
    listed = "".join(path.read_text() for path in (tmp_path / "packed").rglob("paths.csv"))
    assert sum(sides.values()) == len(listing.rows) - 3
    assert not any(path in listed for path in dropped(listing))
