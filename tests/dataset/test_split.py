"""split.assign: who ends up on which side of the border."""

from collections import Counter
from math import sqrt
from random import Random

import pytest

from darkroom.dataset import split


def rows(n, side="", label="a"):
    return [{"path": f"{side}{i}.jpg", "label": label, "cluster": f"{i:064x}", "split": side} for i in range(n)]


def sides(found):
    return [row["split"] for row in found.rows]


def with_shares(config, **fractions):
    return config.model_copy(update=fractions)


def test_equal_images_share_a_side(config):
    twins = [{**row, "path": f"copy/{row['path']}"} for row in rows(200)]
    assigned = split.assign(rows(200) + twins, config, seed=1)
    assert sides(assigned)[:200] == sides(assigned)[200:]


def test_later_images_never_move_earlier_ones(config):
    assert split.assign(rows(400), config, seed=1).rows[:250] == split.assign(rows(250), config, seed=1).rows


def test_order_and_names_do_not_matter(config):
    assert split.assign(rows(99)[::-1], config, seed=1).rows[::-1] == split.assign(rows(99), config, seed=1).rows


def test_another_seed_draws_anew(config):
    assert sides(split.assign(rows(99), config, seed=1)) != sides(split.assign(rows(99), config, seed=2))


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.1), (0.15, 0.2), (0.5, 0.4)])
def test_shares_hold_within_four_standard_errors(config, val, test):
    n = 4000
    got = Counter(sides(split.assign(rows(n), with_shares(config, val=val, test=test), seed=7)))
    for side, fraction in {"val": val, "test": test, "train": 1 - val - test}.items():
        assert abs(got[side] / n - fraction) < 4 * sqrt(fraction * (1 - fraction) / n)


def test_a_full_split_of_the_archive_is_kept(config):
    given = [row for side in ("train", "val", "test") for row in rows(50, side)]
    assert split.assign(given, config, seed=1) == (given, [])


@pytest.mark.parametrize(("given", "drawn"), [("test", "val"), ("val", "test")])
def test_a_lacking_side_is_drawn_out_of_the_training_folder(config, given, drawn):
    n = 2000
    assigned = split.assign(rows(n, "train") + rows(n, given), config, seed=1)
    got = Counter(sides(assigned)[:n])
    assert sides(assigned)[n:] == [given] * n and set(got) == {"train", drawn}
    assert abs(got[drawn] / n - 0.25) < 4 * sqrt(0.25 * 0.75 / n)


def test_a_bad_image_is_drawn_nowhere(config):
    bad = {"path": "x", "label": "a", "cluster": "", "split": ""}
    assert split.assign([bad], config, seed=1) == ([bad], [])


def small_set(number, *, shared=False):
    """2 to 6 classes of 3 to 12 clusters of 1 to 3 images; where `shared`, half the clusters hold several classes."""
    random = Random(number)
    names = "abcdef"[: random.randint(2, 6)]
    found = []
    for label in names:
        for cluster in range(random.randint(3, 12)):
            others = (
                random.choices(names, k=random.randint(0, 2)) if shared and cluster % 2 else [label] * (cluster % 3)
            )
            found += [image(each, f"{number} {label} {cluster}") for each in (label, *others)]
    return found


def image(label, cluster):
    return {"path": "", "label": label, "cluster": cluster, "split": ""}


def reached(assigned):
    return {(row["label"], row["split"]) for row in assigned.rows}


def test_a_class_of_three_clusters_has_a_image_on_each_side(config):
    for number in range(1000):
        found = split.assign(small_set(number), config, seed=1)
        assert reached(found) == {(label, side) for label, _ in reached(found) for side in ("train", "val", "test")}


def test_a_class_of_two_clusters_has_one_in_train_and_the_drawn_side_of_two(config):
    given = rows(50, "test", "a") + rows(50, "test", "b")
    for number in range(100):
        found = split.assign(
            [*given, *(image(each, f"{number} {each} {i}") for each in "ab" for i in "12")], config, seed=1
        )
        assert reached(found) == {(label, side) for label in "ab" for side in ("train", "val", "test")}


def test_with_fewer_clusters_than_sides_train_comes_first_then_test(config):
    for number in range(50):
        assert sides(split.assign([image("a", str(number))], config, seed=1)) == ["train"]
        two = split.assign([image("a", f"{number} {i}") for i in "12"], config, seed=1)
        assert reached(two) == {("a", "train"), ("a", "test")}


def test_no_cluster_is_divided_and_no_class_loses_a_side_by_help_for_another(config, monkeypatch):
    for number in range(300):
        lot = small_set(number, shared=True)
        found = split.assign(lot, config, seed=1)
        assert len({(row["cluster"], row["split"]) for row in found.rows}) == len({row["cluster"] for row in lot})
        with monkeypatch.context() as patch:
            patch.setattr(split, "_fill", lambda *_: [])
            assert reached(split.assign(lot, config, seed=1)) <= reached(found)


def test_only_a_class_that_needs_help_ever_moves_a_image(config):
    """Adding images, of old classes and a new one, to sets whose sides the draw alone reaches moves no old one."""
    moved, helped = set(), 0
    for number in range(1000):
        lot = small_set(number)
        before = split.assign(lot, config, seed=1)
        after = split.assign([*lot, *(image(each, f"new {number} {each}") for each in "abz")], config, seed=1)
        needy = {each["class"] for each in before.filled}
        helped += bool(needy)
        moved |= {
            (number, old["label"] in needy)
            for old, new in zip(before.rows, after.rows, strict=False)
            if old["split"] != new["split"]
        }
    assert helped > 100 and moved and all(is_needy for _, is_needy in moved)


def test_what_was_moved_is_told_with_its_class_and_side(config):
    """Draws by construction: all clusters far up, so that test and val get the two lowest."""
    lot = [image("a", cluster) for cluster in sorted(map(str, range(200)), key=lambda each: -split._draw(each, 1))][:9]
    found = split.assign([*lot, dict(lot[-1])], config, seed=1)
    assert sorted(found.filled, key=lambda each: each["side"]) == [
        {"class": "a", "side": "test", "images": 2},
        {"class": "a", "side": "val", "images": 1},
    ]
    assert sides(found) == ["train"] * 7 + ["val", "test", "test"]
