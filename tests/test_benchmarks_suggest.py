"""The benchmark of suggested images counts what it says, on data in which a suggestion helps."""

import numpy as np
from benchmarks import suggest
from benchmarks.suggest import Images


def drawn(n: int, seed: int) -> Images:
    """Two easy classes that are common, and two that are rare and close to each other."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, n, p=[0.46, 0.46, 0.04, 0.04])
    centres = np.array([[6, 0, 0], [-6, 0, 0], [0, 6, 1.5], [0, 6, -1.5]])
    return Images((centres[labels] + rng.normal(size=(n, 3))).astype(np.float32), labels.astype(str))


def test_wins_are_the_repeats_in_which_suggestions_did_better_than_chance():
    measured = suggest.run(drawn(3000, 1), drawn(3000, 2), start=60, added=30, repeats=3)
    better = [row["suggested"] > np.mean(row["random"]) for row in measured["accuracy"]]
    assert measured["wins"] == sum(better) and measured["repeats"] == len(better) == 3
    gains = [row["suggested"] - row["start"] for row in measured["accuracy"]]
    assert abs(measured["gain"]["suggested"] - np.mean(gains)) < 1e-4
    assert measured["images"] == {"start": 60, "added": 30, "pool": 2940, "test": 3000}
