"""split.assign: who ends up on which side of the border."""

from collections import Counter
from math import sqrt

import pytest

from darkroom.data import split


def rows(n, side=""):
    return [{"path": f"{side}{i}.jpg", "cluster": f"{i:064x}", "split": side} for i in range(n)]


def sides(found):
    return [row["split"] for row in found]


def with_shares(how, **shares):
    return how.model_copy(update=shares)


def test_equal_pictures_share_a_side(how):
    twins = [{**row, "path": f"copy/{row['path']}"} for row in rows(200)]
    assigned = split.assign(rows(200) + twins, how, seed=1)
    assert sides(assigned[:200]) == sides(assigned[200:])


def test_later_pictures_never_move_earlier_ones(how):
    assert split.assign(rows(400), how, seed=1)[:250] == split.assign(rows(250), how, seed=1)


def test_order_and_names_do_not_matter(how):
    assert split.assign(rows(99)[::-1], how, seed=1)[::-1] == split.assign(rows(99), how, seed=1)


def test_another_seed_draws_anew(how):
    assert sides(split.assign(rows(99), how, seed=1)) != sides(split.assign(rows(99), how, seed=2))


@pytest.mark.parametrize(("val", "test"), [(0.1, 0.1), (0.15, 0.2), (0.5, 0.4)])
def test_shares_hold_within_four_standard_errors(how, val, test):
    n = 4000
    got = Counter(sides(split.assign(rows(n), with_shares(how, val=val, test=test), seed=7)))
    for side, share in {"val": val, "test": test, "train": 1 - val - test}.items():
        assert abs(got[side] / n - share) < 4 * sqrt(share * (1 - share) / n)


def test_a_full_split_of_the_archive_is_kept(how):
    given = [row for side in ("train", "val", "test") for row in rows(50, side)]
    assert split.assign(given, how, seed=1) == given


@pytest.mark.parametrize(("given", "drawn"), [("test", "val"), ("val", "test")])
def test_a_lacking_side_is_drawn_out_of_the_training_folder(how, given, drawn):
    n = 2000
    assigned = split.assign(rows(n, "train") + rows(n, given), how, seed=1)
    got = Counter(sides(assigned[:n]))
    assert sides(assigned[n:]) == [given] * n and set(got) == {"train", drawn}
    assert abs(got[drawn] / n - 0.25) < 4 * sqrt(0.25 * 0.75 / n)


def test_a_bad_picture_is_drawn_nowhere(how):
    assert sides(split.assign([{"path": "x", "cluster": "", "split": ""}], how, seed=1)) == [""]
