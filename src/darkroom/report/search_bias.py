"""How much the validation accuracy of the best trial flatters: the images that chose the trial also measured it.

If m trials are equally good, the accuracy of the best is the largest of m estimates of the same number. Its bias is
the expected maximum of m normal deviates (Blom 1958), times the standard error of an estimate, less what all trials
have in common: images that are hard for one are hard for all. If the trials are not equally good, chance decides less
and the bias is smaller, so this is about the most it can be. Images of one cluster count as independent here.
"""

import math
from statistics import NormalDist

CORRELATION = 0.5  # of the errors of two models on the same images: 0.37 and 0.51 were measured


def largest(accuracy: float, images: int, trials: int) -> float:
    """Return the bias of the best `accuracy` of `trials`, each measured on the same `images`; a fraction, 0 or more.

    One error more than was seen is assumed, because no error is no proof that there is none.
    """
    wrong = ((1 - accuracy) * images + 1) / (images + 2)
    standard_error = math.sqrt(wrong * (1 - wrong) / images)
    maximum = NormalDist().inv_cdf((trials - 0.375) / (trials + 0.25))
    return standard_error * math.sqrt(1 - CORRELATION) * maximum
