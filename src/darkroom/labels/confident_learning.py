"""Which labels a model questions: confident learning (Northcutt, Jiang and Chuang 2021).

The threshold of a class is the mean probability that the images labelled so have for it. An image that reaches the
threshold of another class is counted off the diagonal of the confident joint: its label is questioned. Here that class
must have more than half as well, or a model that has learnt little would question nearly every label.
The probabilities must come from a model that was not trained on the image. The price: a weak model questions few
wrong labels and many right ones, and labels that are always wrong in the same way look right to it.
"""

import numpy as np

HALF = 0.5


def thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 `(k,)`: the mean probability of a class over the images that are labelled with it.

    `labels` int64 `(n,)`, `probabilities` float `(n, k)`; rows of NaN are left out. It is infinite for a class that no
    image is labelled with, which is then never suggested.
    """
    k = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    known = ~np.isnan(own)
    counts, sums = np.bincount(labels[known], minlength=k), np.bincount(labels[known], own[known], minlength=k)
    return np.divide(sums, counts, out=np.full(k, np.inf), where=counts > 0)


def suggestions(labels: np.ndarray, probabilities: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: the class that has more than HALF and its threshold in `reached`; else the label itself.

    `labels` int64 `(n,)`, `probabilities` float `(n, k)`, `reached` float `(k,)`. A row of NaN keeps its label.
    """
    predicted = probabilities.argmax(1)
    confident = probabilities[np.arange(len(labels)), predicted] >= np.maximum(reached[predicted], HALF)
    return np.where(confident, predicted, labels)
