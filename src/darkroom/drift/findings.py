"""What a test found: one thing that was compared, before and now."""

from typing import Literal, NamedTuple

Family = Literal["properties", "features", "predictions"]


class Finding(NamedTuple):
    """A test of one thing. `effect` says how much, whatever the number of images; `p` only says how surely.

    Of a number (KS) it is the largest difference of the shares of images below any value, 0 to 1; of the labels (chi2)
    the share of images that would need another label, 0 to 1; of the features (classifier) the AUC, of which 0.5 is
    chance.
    """

    name: str
    family: Family
    test: Literal["KS", "chi2", "classifier"]
    p: float
    effect: float
    before: dict[str, float]  # of a number: low, median and high, see QUANTILES; of the labels: the share of each
    now: dict[str, float]


class Corrected(NamedTuple):
    """A finding among all those of a comparison."""

    finding: Finding
    p: float  # corrected by Holm for their number
    moved: bool  # whether it is below alpha
