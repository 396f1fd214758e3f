"""split.assign: which split each image gets."""

from collections import Counter
from math import sqrt
from random import Random

import pytest

from darkroom.dataset import split


def rows(n, given="", label="a"):
    return [{"path": f"{given}{i}.jpg", "label": label, "cluster": f"{i:064x}", "split": given} for i in range(n)]


def splits(assigned):
    return [row["split"] for row in assigned.rows]


def changed(config, **values):
    return config.model_copy(update=values)


def test_equal_images_share_a_split(config):
    copies = [{**row, "path": f"copy/{row['path']}"} for row in rows(200)]
    assigned = split.assign(rows(200) + copies, config)
    assert splits(assigned)[:200] == splits(assigned)[200:]


def test_later_images_never_move_earlier_ones(config):
    assert split.assign(rows(400), config).rows[:250] == split.assign(rows(250), config).rows


def test_order_and_names_do_not_matter(config):
    assert split.assign(rows(99)[::-1], config).rows[::-1] == split.assign(rows(99), config).rows


def test_another_seed_draws_anew(config):
    assert splits(split.assign(rows(99), config)) != splits(split.assign(rows(99), changed(config, seed=2)))


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.1), (0.15, 0.2), (0.5, 0.4)])
def test_fractions_hold_within_four_standard_errors(config, val, test):
    n = 4000
    got = Counter(splits(split.assign(rows(n), changed(config, val=val, test=test, seed=7))))
    for name, fraction in {"val": val, "test": test, "train": 1 - val - test}.items():
        assert abs(got[name] / n - fraction) < 4 * sqrt(fraction * (1 - fraction) / n)


def test_a_full_split_of_the_archive_is_kept(config):
    given = [row for name in ("train", "val", "test") for row in rows(50, name)]
    assert split.assign(given, config) == ([row | {"given": row["split"]} for row in given], [])


@pytest.mark.parametrize(("given", "lacking"), [("test", "val"), ("val", "test")])
def test_a_lacking_split_is_drawn_out_of_the_training_folder(config, given, lacking):
    n = 2000
    assigned = split.assign(rows(n, "train") + rows(n, given), config)
    got = Counter(splits(assigned)[:n])
    assert splits(assigned)[n:] == [given] * n and set(got) == {"train", lacking}
    assert abs(got[lacking] / n - 0.25) < 4 * sqrt(0.25 * 0.75 / n)


def test_a_bad_image_is_drawn_nowhere(config):
    bad = {"path": "x", "label": "a", "cluster": "", "split": ""}
    assert split.assign([bad], config) == ([bad | {"given": ""}], [])


def small_set(number, *, shared=False):
    """2 to 6 classes of 3 to 12 clusters of 1 to 3 images; where `shared`, half the clusters hold several classes."""
    random = Random(number)
    names = "abcdef"[: random.randint(2, 6)]
    images = []
    for label in names:
        for cluster in range(random.randint(3, 12)):
            others = (
                random.choices(names, k=random.randint(0, 2)) if shared and cluster % 2 else [label] * (cluster % 3)
            )
            images += [image(name, f"{number} {label} {cluster}") for name in (label, *others)]
    return images


def image(label, cluster):
    return {"path": "", "label": label, "cluster": cluster, "split": ""}


def reached(assigned):
    return {(row["label"], row["split"]) for row in assigned.rows}


def test_a_class_of_three_clusters_has_an_image_in_each_split(config):
    for number in range(1000):
        assigned = split.assign(small_set(number), config)
        assert reached(assigned) == {
            (label, name) for label, _ in reached(assigned) for name in ("train", "val", "test")
        }


def test_a_class_of_two_clusters_has_one_in_train_and_one_in_the_only_other_drawn_split(config):
    given = rows(50, "test", "a") + rows(50, "test", "b")
    for number in range(100):
        assigned = split.assign(
            [*given, *(image(label, f"{number} {label} {i}") for label in "ab" for i in "12")], config
        )
        assert reached(assigned) == {(label, name) for label in "ab" for name in ("train", "val", "test")}


def test_with_fewer_clusters_than_splits_train_is_served_first_then_test(config):
    for number in range(50):
        assert splits(split.assign([image("a", str(number))], config)) == ["train"]
        two = split.assign([image("a", f"{number} {i}") for i in "12"], config)
        assert reached(two) == {("a", "train"), ("a", "test")}


def test_no_cluster_is_divided_and_no_class_loses_a_split_to_help_another(config, monkeypatch):
    for number in range(300):
        images = small_set(number, shared=True)
        assigned = split.assign(images, config)
        assert len({(row["cluster"], row["split"]) for row in assigned.rows}) == len({row["cluster"] for row in images})
        with monkeypatch.context() as patch:
            patch.setattr(split, "_moves", lambda *_: [])
            assert reached(split.assign(images, config)) <= reached(assigned)


def test_only_a_class_that_needs_help_ever_moves_an_image(config):
    """Adding images, of old classes and a new one, to sets whose splits the draw alone reaches moves no old one."""
    moved, n_helped = set(), 0
    for number in range(1000):
        images = small_set(number)
        before = split.assign(images, config)
        after = split.assign([*images, *(image(label, f"new {number} {label}") for label in "abz")], config)
        needy = {helped.label for helped in before.helped}
        n_helped += bool(needy)
        moved |= {
            (number, old["label"] in needy)
            for old, new in zip(before.rows, after.rows, strict=False)
            if old["split"] != new["split"]
        }
    assert n_helped > 100 and moved and all(is_needy for _, is_needy in moved)


def test_what_was_moved_is_listed_with_its_class_and_split(config):
    """Draws by construction: all clusters far up, so that test and val get the two lowest."""
    names = sorted(map(str, range(200)), key=lambda cluster: -split._draw(cluster, 1))
    images = [image("a", cluster) for cluster in names[:9]]
    assigned = split.assign([*images, dict(images[-1])], config)
    assert sorted(assigned.helped) == [("a", "test", 2), ("a", "val", 1)]
    assert splits(assigned) == ["train"] * 7 + ["val", "test", "test"]
