"""Find rules that tell a class without looking at what its images show: by size, format, file name, border, ...

For each class and family of properties, a shallow decision tree tells the class from the others, classes weighed
alike. Its worth is Youden's J = sensitivity + specificity - 1 (1950), on images that it has not seen (folds by
cluster, so copies are not on both sides): 0 for chance, 1 for a rule that never errs. J is twice the balanced
accuracy less 1, and of a single value the fraction inside the class less that outside.

Bytes, border and light are also what content is like: a one has less ink than any other digit, which alone finds it
with J = 0.91. So for these an error counts several times (SEVERITY). Measured on 12,000 images each of MNIST and
CIFAR-10 and 10,000 of cats and dogs, the other families stay below J = 0.15, border below 0.6, bytes below 0.9 and
light below 0.95; for digits of 8 x 8 pixels, where the border is half of the image, it is below 0.9.

The price: a rule of more than three questions is not found, nor one on what is not in the manifest, such as a corner
with writing in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor

import numpy as np

from darkroom.validate import properties
from darkroom.validate.properties import Property

INSIDE, OUTSIDE = 1000, 2000  # most images of a class, and of the others, that a tree sees: J within 0.03
FEW, TIMES = 200, 10  # of the others no more than so many, or so many times those of the class
DEPTH, FOLDS = 3, 3
LEAST = 20  # a leaf has at least 1 in so many images of the class
SEVERITY = {"border": 4, "bytes": 4, "light": 10}  # how many times an error counts, where content differs as well
CAUSES = {  # families that explain a rule of this one: mended, it goes with them
    "bytes": {"size", "format", "colouring"},
    "border": {"colouring"},
    "light": {"size", "format", "colouring", "border"},
    "file name": {"format"},
}


def find(rows: Sequence[Mapping], limit: float) -> list[dict]:
    """A row for each class and family: class, property, rule in words, inside, outside, alone and score.

    `inside` and `outside` are the fractions of the class and of the others that the rule applies to, `alone` is its
    balanced accuracy, `score` is J, less for the families of SEVERITY. They are of images held out, except where the
    score is within `limit` even for those that the rule is made from. Of two classes one is judged: both are the same.
    """
    labels = np.array([row["label"] for row in rows], object)
    classes = sorted(set(labels))
    rng = np.random.default_rng(0)
    found = []
    for label in classes[: 1 if len(classes) == 2 else None]:
        chosen = _sample(labels == label, rng)
        found += _unexplained(_of_class(label, [rows[number] for number in chosen], limit), limit)
    return found


def _sample(inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers of images in and out of the class, in order."""
    own = rng.permutation(np.flatnonzero(inside))[:INSIDE]
    others = rng.permutation(np.flatnonzero(~inside))[: min(OUTSIDE, max(FEW, TIMES * len(own)))]
    return np.sort(np.concatenate((own, others)))


def _of_class(label: str, rows: Sequence[Mapping], limit: float) -> Iterator[dict]:
    inside = np.array([row["label"] == label for row in rows])
    for family, its in properties.families(rows).items():
        folds = _folds(rows, inside, "pixels" if family == "group" else "cluster")  # a cluster has whole groups
        yield {"class": label, "property": family, **_best(its, inside, folds, SEVERITY.get(family, 1), limit)}


def _folds(rows: Sequence[Mapping], inside: np.ndarray, key: str) -> np.ndarray:
    """int64 (n,): 0 to FOLDS - 1, equal for equal `key`, and even in the class and outside of it."""
    _, first, cluster = np.unique([row[key] for row in rows], return_index=True, return_inverse=True)
    order = np.argsort(inside[first], kind="stable")
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    return fold[cluster]


def _best(its: Sequence[Property], inside: np.ndarray, folds: np.ndarray, severity: int, limit: float) -> dict:
    """The shortest rule that goes beyond `limit`, else the longest."""
    values = np.stack([each.values.astype(float) for each in its], axis=1)
    tree = _tree(DEPTH, inside).fit(values, inside)
    row = _scored(tree.predict(values), inside, severity)
    if row["score"] > limit:
        for depth in range(1, DEPTH + 1):
            row = _scored(_held_out(depth, values, inside, folds), inside, severity)
            if row["score"] > limit:
                tree = _tree(depth, inside).fit(values, inside)
                break
    return {"rule": _in_words(tree.tree_, its), **row}


def _tree(depth: int, inside: np.ndarray):
    from sklearn.tree import DecisionTreeClassifier  # a quarter of a second, for the validate stage alone

    least = max(2, int(inside.sum()) // LEAST)
    return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, class_weight="balanced", random_state=0)


def _held_out(depth: int, values: np.ndarray, inside: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """bool (n,): what trees say of images that they were not made from; False where there was nothing to learn."""
    said = np.zeros(len(inside), bool)
    for fold in range(FOLDS):
        out = folds == fold
        if len(set(inside[~out])) == 2 and out.any():
            said[out] = _tree(depth, inside[~out]).fit(values[~out], inside[~out]).predict(values[out])
    return said


def _scored(said: np.ndarray, inside: np.ndarray, severity: int) -> dict:
    hit, false = float(said[inside].mean()), float(said[~inside].mean())
    youden = hit - false
    return {"inside": hit, "outside": false, "alone": (1 + youden) / 2, "score": 1 - severity * (1 - youden)}


def _unexplained(found: Iterator[dict], limit: float) -> Iterator[dict]:
    """The rows without those beyond `limit` that another one beyond it explains."""
    beyond: set[str] = set()
    for row in found:
        explained = row["score"] > limit and CAUSES.get(row["property"], set()) & beyond
        if row["score"] > limit:
            beyond.add(row["property"])
        if not explained:
            yield row


def _in_words(tree, its: Sequence[Property]) -> str:
    return ", or ".join(" and ".join(_path(path, its)) for path in _paths(tree, 0) if path) or "none"


def _paths(tree, node: int) -> list[list[tuple[int, bool, float]]]:
    """The ways to leaves that say yes, each a list of property, whether above, and the limit; [[]] for all ways."""
    if tree.children_left[node] == tree.children_right[node]:
        never, ever = tree.value[node][0]
        return [[]] if ever > never else []
    step, limit = int(tree.feature[node]), float(tree.threshold[node])
    low, high = (_paths(tree, int(child[node])) for child in (tree.children_left, tree.children_right))
    if low == high == [[]]:
        return [[]]
    return [[(step, False, limit), *way] for way in low] + [[(step, True, limit), *way] for way in high]


def _path(path: Sequence[tuple[int, bool, float]], its: Sequence[Property]) -> Iterator[str]:
    """The steps in words; of several limits of one number the last, which is the narrowest."""
    narrowest = {(step, above): limit for step, above, limit in path}
    for (step, above), limit in narrowest.items():
        words = its[step].above if above else its[step].below
        yield words.format(_limit(limit, above, its[step].values))


def _limit(limit: float, above: bool, values: np.ndarray) -> str:
    if (values == np.floor(values)).all():
        return str(ceil(limit) if above else floor(limit))
    return f"{limit:.2f}" if limit < 100 else f"{limit:.0f}"
