"""labels.known_errors: flipped labels are counted as they were planted."""

import numpy as np
import pytest

from darkroom.labels import known_errors


class Oracle:
    """Knows the truth of all but a fraction of the images, and is nearly as sure of another class there."""

    name = "oracle"

    def __init__(self, true, k, mistaken=0.0):
        rng = np.random.default_rng(99)  # not the rows that `measure` flips
        self.k, self.known = k, true.copy()
        rows = rng.permutation(len(true))[: round(mistaken * len(true))]
        self.known[rows] = (true[rows] + 1) % k
        self.sure = np.where(self.known != true, 0.975, np.where(rng.random(len(true)) < 0.4, 0.99, 0.98))

    def out_of_sample(self, labels):
        others = ((1 - self.sure) / (self.k - 1))[:, np.newaxis]
        return np.where(np.eye(self.k, dtype=bool)[self.known], self.sure[:, np.newaxis], others)

    def of_split(self, name):
        pytest.fail("flipped labels are those of training images alone")


@pytest.fixture
def true():
    return np.random.default_rng(0).integers(0, 5, 2000)


@pytest.mark.parametrize("rate", [0.0001, 0.01, 0.08])
def test_a_fraction_of_the_labels_is_flipped_to_any_other_class(true, rate):
    flipped = known_errors.flip(true, 5, rate, np.random.default_rng(0))
    rows = flipped != true
    assert rows.sum() == max(1, round(rate * 2000)) and set(flipped) <= set(range(5))
    if rate == 0.08:
        assert len(set(zip(true[rows], flipped[rows], strict=True))) == 20  # every pair of two classes, 8 times each


def test_an_oracle_finds_all_and_is_always_right(true):
    assert known_errors.measure(Oracle(true, 5), true, 5, 0.03, 0.0, seed=1) == {
        "flipped": 120, "recall": 1.0, "precision": 1.0
    }  # fmt: skip


def test_mistakes_of_the_model_count_against_the_list(true):
    """2 % of confident mistakes beside 3 % of flipped labels, of which it knows 98 %: 0.0294 of 0.0490 are right."""
    measured = known_errors.measure(Oracle(true, 5, mistaken=0.02), true, 5, 0.03, 0.0, seed=1)
    assert measured["precision"] == pytest.approx(0.6, abs=0.03)  # 1 or 2 of the 60 flipped are among the mistakes
    assert measured["recall"] == pytest.approx(0.98, abs=0.03)


@pytest.mark.parametrize("rate", [0.0, 0.03, 0.08])
def test_errors_that_the_data_had_before_are_estimated_and_do_not_count_against_the_list(true, rate):
    """Of 500 sure images a fraction `rate` is wrong: 0.08 with a standard error of 0.012."""
    given = known_errors.flip(true, 5, rate, np.random.default_rng(5)) if rate else true
    oracle = Oracle(true, 5)
    wrong = known_errors.wrong(given, oracle.out_of_sample(given))
    assert wrong == pytest.approx(rate, abs=0.03)
    measured = known_errors.measure(oracle, given, 5, 0.03, rate, seed=1)
    assert measured["precision"] > 0.9  # without the estimate 3 of 11 at 0.08; a flip may mend an error: 1 in 50


def test_mistakes_that_the_model_is_less_sure_of_are_no_estimated_errors(true):
    oracle = Oracle(true, 5, mistaken=0.1)
    assert known_errors.wrong(true, oracle.out_of_sample(true)) == 0


def test_a_weak_model_gives_no_estimate(true):
    """One that is wrong about 11 % of the images, and one that contradicts 30 % of the labels of easy images too."""
    assert known_errors.wrong(true, Oracle(true, 5, mistaken=0.11).out_of_sample(true)) is None
    given = known_errors.flip(true, 5, 0.3, np.random.default_rng(5))
    assert known_errors.wrong(given, Oracle(true, 5).out_of_sample(given)) is None


def test_the_flipped_images_are_not_those_that_the_same_seed_draws_elsewhere(true, monkeypatch):
    """`pixels` compares all images with 500 of 2,000; of 120 flips 30 fall on these, with a deviation of 5."""
    seen = []
    oracle = Oracle(true, 5)
    monkeypatch.setattr(oracle, "out_of_sample", lambda labels: seen.append(labels) or Oracle(true, 5).out_of_sample(0))
    known_errors.measure(oracle, true, 5, 0.03, 0.0, seed=1)
    drawn = np.random.default_rng(1).permutation(2000)[:500]
    flipped = np.concatenate([np.flatnonzero(labels != true) for labels in seen])
    assert 10 <= np.isin(flipped, drawn).sum() <= 50
