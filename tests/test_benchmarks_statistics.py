"""benchmarks.statistics: simulated models err as they are said to, and shares are those that theory gives."""

import numpy as np
import pytest
from benchmarks.statistics import __main__ as statistics
from benchmarks.statistics import coverage, promotions, recipes, small_networks
from benchmarks.statistics.simulated_models import both_right, is_right, log_loss, obstacles

RNG = np.random.default_rng(1)


def test_simulated_models_err_together_as_often_as_two_networks():
    """A correlation of 0.51; 200,000 images know it to 0.006 (three standard errors of 0.002)."""
    right = is_right(obstacles(RNG, 2, np.arange(200_000)), 0.90)
    assert right.mean(1) == pytest.approx(0.90, abs=0.003)
    assert np.corrcoef(right)[0, 1] == pytest.approx((both_right(0.9, 0.9) - 0.81) / 0.09, abs=0.009)
    assert round((both_right(0.9, 0.9) - 0.81) / 0.09, 2) == 0.51


def test_images_of_a_group_share_what_stands_in_the_way():
    way = obstacles(RNG, 1, np.repeat(np.arange(50_000), 2), within=0.5)[0].reshape(-1, 2)
    assert np.corrcoef(way.T)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_the_better_of_two_models_has_the_lower_log_loss():
    way = obstacles(RNG, 2, np.arange(5_000))
    good, poor = log_loss(way, np.array([[0.95], [0.85]]))
    assert good < poor


def test_exact_power_is_the_share_of_simulated_rounds():
    """1,000 rounds know a share of 0.4 to 0.047, three standard errors."""
    pairs = (is_right(obstacles(RNG, 2, np.arange(100)), np.array([[0.90], [0.97]])) for _ in range(1_000))
    share = np.mean([promotions.is_promoted(better, champion) for champion, better in pairs])
    assert promotions.power(100, 0.07) == pytest.approx(share, abs=0.05)


def test_six_images_of_six_are_the_fewest_that_promote_and_five_of_five():
    """One-sided mid-p: half of 1 / 2^5 and of 1 / 2^6 are below 2.5 %; 1 / 2^4 and 5 of 6 are not."""
    assert [promotions.fewest_won(images) for images in (4, 5, 6)] == [5, 5, 6]


def test_coverage_is_measured_in_every_cell_of_the_bar():
    result = coverage.run(quick=True)
    cells = [name for name in result["coverage"] if "accuracy 0." in name]
    assert len(cells) == 45  # three sizes, three accuracies: accuracy, and two metrics at two numbers of classes
    assert all(0 <= share <= 1 for share in result["coverage"].values())


def test_an_interval_that_misses_is_counted():
    """A truth that no interval can hold is missed by all."""
    draw = coverage._of_recalls(50, np.array([0.9, 0.9]))
    assert coverage.measure(draw, {"accuracy": 2.0}, 3, [1]) == {"accuracy": coverage.Covered(given=1.0, missed=1.0)}


def test_a_part_that_is_measured_again_replaces_what_it_gave_before():
    before = {"a": 1, "b": 2, "seconds": {"one": 5, "two": 6}}
    after = statistics.merged(before, {"b": 3, "seconds": {"two": 7}})
    assert after == {"a": 1, "b": 3, "seconds": {"one": 5, "two": 7}}


def test_a_part_that_does_not_exist_ends_the_run():
    with pytest.raises(ModuleNotFoundError):
        statistics.measure(["absent"], quick=True)


def test_small_networks_learn():
    """Chance is 0.1; on 300 of scikit-learn's digits with noise the networks reach about 0.8."""
    images, rng = small_networks.load(), np.random.default_rng(1)
    rows = rng.integers(0, 800, (4, 300))
    networks = small_networks.train(images.draw(rng, rows), images.labels[rows], rng)
    unseen = rng.integers(900, 1700, (4, 500))
    assert (small_networks.predict(networks, images.draw(rng, unseen)) == images.labels[unseen]).mean() > 0.7


def test_two_pairs_of_recipes_make_the_shares_that_the_long_run_reports():
    result = recipes.run(quick=True)["recipes"]
    assert result["pairs"] == 2 and result["test_images"] == 2_000
    for setting in ("equal", "same_images", "more_images"):
        assert {0.0, 0.5, 1.0} >= set(result[setting].values())
        assert result[setting]["seeds_3"] <= result[setting]["seeds_0"]
