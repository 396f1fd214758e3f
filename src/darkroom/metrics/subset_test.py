"""Test whether a model classifies some of the images better or worse than all others."""

import numpy as np

from darkroom.metrics.design import Design


def fisher(correct: np.ndarray, inside: np.ndarray, design_effect: float) -> float:
    """Return the p of Fisher's exact test (1922) that the fraction of `correct` is the same inside and outside.

    `correct` and `inside` bool `(n,)`. The counts are divided by the design effect (Rao and Scott 1992).
    """
    from scipy.stats import fisher_exact  # over a second to import

    table = np.array([[(correct[rows] == value).sum() for value in (True, False)] for rows in (inside, ~inside)])
    return float(fisher_exact(np.rint(table / design_effect).astype(int)).pvalue)


def design_effect(correct: np.ndarray, inside: np.ndarray, design: Design) -> float:
    """Return by how much clusters widen the variance of the difference in `correct` between inside and outside.

    At least 1, and 1 where every image is a cluster. Under the null of one fraction the difference is a sum over
    images; its variance is the sum of their squares if images are independent, and else of the squares of the sums of
    each cluster. Where all images are correct, or none is, those of a cluster count as copies of one.
    """
    weights = np.where(inside, 1 / max(inside.sum(), 1), -1 / max((~inside).sum(), 1))
    images = weights * (correct - correct.mean())
    clusters = np.bincount(design.cluster_of, weights=images)
    independent = float((images**2).sum())
    return max(1.0, float((clusters**2).sum()) / independent) if independent else len(correct) / design.n_clusters
