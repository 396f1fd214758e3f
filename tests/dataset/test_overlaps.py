"""overlaps: images that are there twice, and which of them are dropped."""

import pytest
from tests.fixtures.defaults import changed

from darkroom import manifest
from darkroom.dataset import layout, listing, overlaps, packing
from darkroom.decoding.bounds import DecodeLimits
from darkroom.validate import notes


def row(path, cluster, split="", *, pixels=None, group="", dropped=""):
    label = path.split("/")[-2]
    facts = {"cluster": cluster, "pixels": pixels or path, "group": group, "bad": "", "dropped": dropped}
    return {"path": path, "label": label, "split": split, **facts}


def test_all_copies_of_an_image_in_two_classes_are_a_conflict():
    rows = [row("a/1", "x", pixels="p"), row("b/1", "x", pixels="p"), row("b/2", "y"), row("a/2", "z", pixels="p")]
    result = overlaps.conflicts(rows)
    assert [(conflict.row, conflict.other) for conflict in result] == [(0, "b/1"), (1, "a/1"), (3, "b/1")]


def test_equal_images_of_one_class_are_none():
    assert overlaps.conflicts([row("a/1", "x", pixels="p"), row("a/2", "x", pixels="p")]) == []


def test_the_copy_in_test_stays_else_the_one_in_val():
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


def test_without_its_leaks_no_cluster_is_in_two_splits():
    splits = ("train", "val", "test")
    rows = [row(f"{split}/a/{n}", str(n % 7), split) for split in splits for n in range(len(split) + 3)]
    left = [row for row in overlaps.without(rows, overlaps.leaks(rows)) if not row["dropped"]]
    pairs = {(row["cluster"], row["split"]) for row in left}
    assert len(pairs) == len({row["cluster"] for row in rows})


def test_what_the_archive_does_not_split_leaks_nothing():
    assert overlaps.leaks([row("a/1", "x", pixels="p"), row("a/2", "x", pixels="p")]) == []


def test_a_leak_never_decides_a_conflict():
    rows = [row("train/a/1", "x", "train", pixels="p"), row("test/b/1", "x", "test", pixels="p")]
    assert overlaps.leaks(rows) == [] and len(overlaps.conflicts(rows)) == 2


def test_a_dropped_row_has_its_reason_and_no_cluster():
    rows = [row("train/a/1", "x", "train", pixels="p"), row("test/a/1", "x", "test", pixels="p")]
    first, second = overlaps.without(rows, overlaps.leaks(rows))
    assert (first["dropped"], first["cluster"]) == ("equal to an image in test", "") and second == rows[1]


@pytest.fixture
def leaking(stored, png):
    """A given split of two classes: train and test have image 1 in common, two classes share image 40."""
    names = {f"train/{label}/{n}.png": png(n + 20 * (label == "b")) for label in "ab" for n in range(12)}
    tests = {f"test/{label}/{n}.png": png(n + 60 + 20 * (label == "b")) for label in "ab" for n in range(4)}
    doubles = {"test/a/again.png": png(1), "train/a/two.png": png(50), "train/b/two.png": png(50)}
    return stored({**names, **tests, **doubles})


@pytest.fixture
def build(leaking, config, cache):
    def build(**params):
        files = layout.read(leaking)
        return listing.build(leaking, files, config.model_copy(update=params), cache=cache)

    return build


def dropped(listed):
    return [row["path"] for row in listed.overlaps if row["dropped"] == "yes"]


def test_by_default_all_overlaps_stay_and_are_listed(build):
    listed = build()
    assert dropped(listed) == [] and len(manifest.used(listed.rows)) == len(listed.rows)
    assert [row["path"] for row in listed.overlaps] == ["train/a/1.png", "train/a/two.png", "train/b/two.png"]


def test_drop_from_train_and_drop_leave_out_the_overlaps_only(build):
    listed = build(leaks="drop_from_train", conflicts="drop")
    assert dropped(listed) == ["train/a/1.png", "train/a/two.png", "train/b/two.png"]
    assert {row["path"] for row in listed.rows} - {row["path"] for row in manifest.used(listed.rows)} == set(
        dropped(listed)
    )
    assert notes.sentences(listed, layout.Layout((), (), ())) == [
        "dropped: 1 equal to an image in test, listed in reports/dropped.csv",
        "dropped: 2 equal to an image of another class, listed in reports/dropped.csv",
    ]


def test_split_again_draws_all_images_by_cluster(build):
    listed = build(leaks="split_again")
    assert listed.is_split_again and not listed.given_splits and dropped(listed) == []
    splits = {row["path"]: row["split"] for row in listed.rows}
    assert splits["train/a/1.png"] == splits["test/a/again.png"]
    assert set(splits.values()) == {"train", "val", "test"}
    assert any(split != path.split("/")[0] for path, split in splits.items() if path.startswith("test/"))


def test_split_again_respects_a_split_that_has_no_leak(stored, leaking, config, cache):
    store = stored({path: leaking.read(path) for path in leaking.paths if path != "test/a/again.png"})
    listed = listing.build(store, layout.read(store), changed(config, leaks="split_again"), cache=cache)
    assert not listed.is_split_again and listed.given_splits == {"train", "test"}


def test_dropped_images_are_never_packed(build, leaking, small, cache, tmp_path):
    listed = build(leaks="drop_from_train", conflicts="drop")
    manifest.write(tmp_path / "manifest.csv", listed.rows)
    rows = manifest.read(tmp_path / "manifest.csv", packing.COLUMNS)
    counts = packing.write(rows, leaking, tmp_path / "packed", small, DecodeLimits(10_000), cache)
    packed = "".join(path.read_text() for path in (tmp_path / "packed").rglob("paths.csv"))
    assert sum(counts.values()) == len(listed.rows) - 3
    assert not any(path in packed for path in dropped(listed))
