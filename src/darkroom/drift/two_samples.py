"""Two-sample tests of one thing at a time: of numbers by Kolmogorov and Smirnov, of labels by chi-squared.

`scipy.stats` takes a second to import, so it waits until there is something to test.
"""

from collections.abc import Sequence

import numpy as np

from darkroom.drift.findings import Family, Finding

QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}  # what is shown of a number


def numbers(name: str, family: Family, before: np.ndarray, now: np.ndarray) -> Finding:
    """Compare how a number is distributed, float `(v,)` and `(n,)`. Ties, as of widths, make p too high, never low."""
    from scipy import stats

    found = stats.ks_2samp(before, now)
    return Finding(name, family, "KS", float(found.pvalue), float(found.statistic), _quantiles(before), _quantiles(now))


def labels(before: np.ndarray, now: np.ndarray, classes: Sequence[str], tables: int, seed: int) -> Finding:
    """Compare the shares of predicted classes, int `(v,)` and `(n,)`.

    The p is that of as many random `tables` with the same sums, as some classes may be expected less than five times,
    where the chi-squared distribution is no guide.
    """
    counts = np.stack([np.bincount(predicted, minlength=len(classes)) for predicted in (before, now)])
    shares = counts / counts.sum(1, keepdims=True)
    by_class = [dict(zip(classes, row.tolist(), strict=True)) for row in shares]
    moved = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Finding("labels", "predictions", "chi2", _chi2(counts, tables, seed), moved, *by_class)


def _chi2(counts: np.ndarray, tables: int, seed: int) -> float:
    from scipy import stats

    seen = counts[:, counts.any(0)]
    if seen.shape[1] == 1:
        return 1.0
    method = stats.MonteCarloMethod(n_resamples=tables, rng=np.random.default_rng(seed))
    return float(stats.chi2_contingency(seen, correction=False, method=method).pvalue)


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {name: float(np.quantile(values, level)) for name, level in QUANTILES.items()}
