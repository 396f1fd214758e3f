"""How often 50 equal retrainings crown a luckier champion, and how much its value on the test images flatters it.

A sequence begins with a champion; in each of 50 rounds challengers that are as good in truth are trained, one of them
is chosen and the gate judges it on the test images. A crown is false: the new champion is no better. Optimism is the
last champion's accuracy on the test images minus its true accuracy; power is the chance that one more challenger, which
is GAIN better in truth, is promoted after these rounds.

The gate `before` took the challenger that was best on the test images, and asked for McNemar's exact test and for a
bootstrap interval above zero. The gate `after`, of today, takes the one that is best on validation images, and its test
is that of `metrics.paired_tests`; `after_at_0.99` is the same with `register.confidence: 0.99`.

A growing test set gains 3 % a round, and the champion is also measured on the images that are newer than its
coronation, as `register.looks` finds them. The models are those of `simulated_models`.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from benchmarks.statistics.simulated_models import SHARED
from darkroom.metrics import paired_tests
from darkroom.metrics.design import independent
from darkroom.metrics.paired_tests import Permutations
from darkroom.metrics.sample import Predictions

ROUNDS = 50
ACCURACY, GAIN = 0.90, 0.02
VALIDATION = 270  # images
LEVEL = 0.05
RESAMPLES = 2_000
LEAST_FRESH = 30  # images, below which a value on newer images is not counted
SEED = 1

Wins = Callable[[int, int, int], bool]  # (only the challenger is right, only the champion is right, n images)


class Gate(NamedTuple):
    """How a challenger is chosen among those of a round, and when it wins."""

    on_test: bool
    wins: Wins


class Sequences(NamedTuple):
    """What S sequences ended with. Values are accuracies minus the true one."""

    crowned: np.ndarray  # bool (S,): at least one false crown
    optimism: np.ndarray  # float (S,)
    fresh: np.ndarray  # float (S,): on the images that are newer than the coronation; NaN where there are too few
    beaten: np.ndarray  # bool (S,): whether a challenger that is better by GAIN wins afterwards


class Cell(NamedTuple):
    """One row of the result: how many test images there are in each round, and challengers to choose from."""

    images: tuple[int, ...]  # of the start and of each round, never fewer than before
    challengers: int


CELLS = {
    "one_354": Cell((354,) * (ROUNDS + 1), 1),
    "one_2000": Cell((2000,) * (ROUNDS + 1), 1),
    "best_of_5_354": Cell((354,) * (ROUNDS + 1), 5),
    "best_of_5_2000": Cell((2000,) * (ROUNDS + 1), 5),
    "growing_354": Cell(tuple(round(354 * 1.03**i) for i in range(ROUNDS + 1)), 1),
}


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `retrainings`: for each cell what the gate `before` and `after` did in as many sequences as it says."""
    sequences = 10 if quick else 1_000
    cells = {name: {gate: summary(simulate(cell, GATES[gate], sequences)) for gate in GATES}
             for name, cell in CELLS.items()}  # fmt: skip
    return {"retrainings": {"sequences": sequences, "rounds": ROUNDS, "accuracy": ACCURACY, **cells}}


def summary(sequences: Sequences) -> dict[str, float | None]:
    """Summarise sequences: the share with a false crown, and means in percentage points with standard errors."""
    crowned, optimism, fresh, beaten = sequences
    fresh = fresh[~np.isnan(fresh)]
    return {
        "false_crowns": float(crowned.mean()),
        "optimism": _points(optimism),
        "optimism_where_crowned": _points(optimism[crowned]),
        "power": float(beaten.mean()),
        "fresh": _points(fresh),
        "fresh_standard_error": _points(np.array([fresh.std() / max(len(fresh), 1) ** 0.5])) if len(fresh) else None,
    }


def simulate(cell: Cell, gate: Gate, sequences: int) -> Sequences:
    """Simulate that many sequences, some at a time to save memory."""
    rng = np.random.default_rng(SEED)
    blocks = [_block(cell, gate, size, rng) for size in _sizes(sequences)]
    return Sequences(*(np.concatenate(values) for values in zip(*blocks, strict=True)))


def _sizes(sequences: int, block: int = 200) -> Iterator[int]:
    for start in range(0, sequences, block):
        yield min(block, sequences - start)


def _block(cell: Cell, gate: Gate, sequences: int, rng: np.random.Generator) -> Sequences:
    n = cell.images[-1]
    difficulty = rng.standard_normal((sequences, VALIDATION + n), np.float32)
    champion, round_of_coronation = _chosen(cell, gate, 0, difficulty, rng), np.zeros(sequences, int)
    for number, images in enumerate(cell.images[1:], 1):
        challenger = _chosen(cell, gate, number, difficulty, rng)
        won = _won(challenger[:, :images], champion[:, :images], gate.wins)
        champion[won], round_of_coronation[won] = challenger[won], number
    seen = np.array(cell.images)[round_of_coronation]
    newer = np.arange(n) >= seen[:, np.newaxis]
    fresh = np.where(n - seen < LEAST_FRESH, np.nan, (champion & newer).sum(1) / np.maximum(n - seen, 1))
    better = _answers(difficulty, ACCURACY + GAIN, rng)[:, VALIDATION:]
    return Sequences(
        round_of_coronation > 0, champion.mean(1) - ACCURACY, fresh - ACCURACY, _won(better, champion, gate.wins)
    )


def _chosen(cell: Cell, gate: Gate, number: int, difficulty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The answers of the challenger of a round on all test images, bool `(S, n)`: right or wrong.

    `difficulty` float32 `(S, VALIDATION + n)`.
    """
    judges = slice(VALIDATION, VALIDATION + cell.images[number]) if gate.on_test else slice(VALIDATION)
    best = _answers(difficulty, ACCURACY, rng)
    score = best[:, judges].sum(1)
    for _ in range(cell.challengers - 1):
        other = _answers(difficulty, ACCURACY, rng)
        better = other[:, judges].sum(1) > score
        best[better], score[better] = other[better], other[better][:, judges].sum(1)
    return best[:, VALIDATION:]


def _answers(difficulty: np.ndarray, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Where a new model is right, as `difficulty`."""
    noise = rng.standard_normal(difficulty.shape, np.float32)
    threshold = NormalDist().inv_cdf(accuracy)
    return np.float32(SHARED**0.5) * difficulty + np.float32((1 - SHARED) ** 0.5) * noise < threshold


def _won(challenger: np.ndarray, champion: np.ndarray, wins: Wins) -> np.ndarray:
    """In which sequences the challenger wins, bool `(S,)`; answers bool `(S, n)`."""
    only_challenger, only_champion = (challenger & ~champion).sum(1), (champion & ~challenger).sum(1)
    n = challenger.shape[1]
    return np.array([a > b and wins(int(a), int(b), n) for a, b in zip(only_challenger, only_champion, strict=True)])


@cache
def before(only_challenger: int, only_champion: int, n: int) -> bool:
    """McNemar's exact test and a bootstrap percentile interval of the difference above zero."""
    from scipy.stats import binomtest

    discordant = only_challenger + only_champion
    if binomtest(only_challenger, discordant).pvalue >= LEVEL:
        return False
    shares = np.array([only_challenger, only_champion, n - discordant]) / n
    counts = np.random.default_rng(SEED).multinomial(n, shares, RESAMPLES)
    return bool(np.quantile(counts[:, 0] - counts[:, 1], LEVEL / 2) > 0)


@cache
def p_of_today(only_challenger: int, only_champion: int) -> float:
    """The p of today's gate; images on which both are right or both are wrong say nothing to its test."""
    right = np.repeat([[1, 0], [0, 1]], [only_challenger, only_champion], axis=1)
    labels, design = np.ones(right.shape[1], np.int64), independent(right.shape[1])
    challenger, champion = (Predictions(labels, predicted, 2, design) for predicted in right)
    return paired_tests.compare(challenger, champion, "accuracy", Permutations(0, SEED)).p


def after(level: float) -> Wins:
    """Return the rule of today's gate."""
    return lambda only_challenger, only_champion, n: p_of_today(only_challenger, only_champion) < level


GATES = {
    "before": Gate(on_test=True, wins=before),
    "after": Gate(on_test=False, wins=after(LEVEL)),
    "after_at_0.99": Gate(on_test=False, wins=after(0.01)),
}


def _points(values: np.ndarray) -> float | None:
    return round(100 * float(values.mean()), 3) if len(values) else None
