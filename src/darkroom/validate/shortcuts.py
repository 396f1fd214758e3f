"""Find shortcuts: rules that identify a class without its content, by size, format, file name, border, ...

For each class and family of properties, a shallow decision tree tells the class from the others, both weighed
alike. Its score is Youden's J = sensitivity + specificity - 1 (1950), on images that it has not seen (folds by
cluster, so copies are never in two folds): 0 for chance, 1 for a rule without error. J is twice the balanced
accuracy less 1, and for a single value the fraction inside the class less that outside.

Bytes, border and light follow from content as well: the digit 1 has less ink than any other, which alone identifies
it with J = 0.91. So for these an error counts several times (SEVERITY). Measured on 12,000 images each of MNIST and
CIFAR-10 and 10,000 of cats and dogs, the other families stay below J = 0.15, border below 0.6, bytes below 0.9 and
light below 0.95; for digits of 8 x 8 pixels, where the border is half of the image, it is below 0.9.

The price: a rule of more than three questions is not found, nor one on what is not in the manifest, such as text in
a corner.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from darkroom.manifest import ManifestRow
from darkroom.table.rows import Rows
from darkroom.validate import lean_trees, properties
from darkroom.validate.properties import Property
from darkroom.verdict import Shortcut

INSIDE, OUTSIDE = 1000, 2000  # most images of a class, and of the others, that a tree sees: J within 0.03
FEW, TIMES = 200, 10  # of the others no more than so many, or so many times those of the class
DEPTH, FOLDS = 3, 3
LEAST = 20  # a leaf has at least 1 in so many images of the class
SEVERITY = {"border": 4, "bytes": 4, "light": 10}  # how many times an error counts, where content differs as well
CAUSES = {  # families that explain a rule of this one: without theirs, it goes as well
    "bytes": {"size", "format", "colouring"},
    "border": {"colouring"},
    "light": {"size", "format", "colouring", "border"},
    "file name": {"format"},
}


class Rule(NamedTuple):
    """A rule for a class in words, and how well it does on images."""

    words: str
    inside: float  # fraction of the class that it applies to
    outside: float  # the same of all others
    score: float

    @property
    def balanced_accuracy(self) -> float:
        return (1 + self.inside - self.outside) / 2


def find(rows: Sequence[ManifestRow], limit: float) -> list[Shortcut]:
    """Find the best rule for each class and family of properties, whether or not its score is beyond `limit`.

    The score is J, less for the families of SEVERITY. The numbers are those of images held out, except where the
    score is within `limit` even for the images that the rule is made from. Of two classes only the first is judged:
    its rules are those of both.
    """
    labels = np.array([*Rows.gather(rows).column("label")], object)
    classes = sorted(set(labels))
    rng = np.random.default_rng(0)
    shortcuts: list[Shortcut] = []
    for label in classes[: 1 if len(classes) == 2 else None]:
        chosen = _sample(labels == label, rng)
        shortcuts += _unexplained(_of_class(label, [rows[number] for number in chosen], limit), limit)
    return shortcuts


def _sample(inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers of images in and out of the class, in order."""
    own = rng.permutation(np.flatnonzero(inside))[:INSIDE]
    others = rng.permutation(np.flatnonzero(~inside))[: min(OUTSIDE, max(FEW, TIMES * len(own)))]
    return np.sort(np.concatenate((own, others)))


def _of_class(label: str, rows: Sequence[ManifestRow], limit: float) -> Iterator[Shortcut]:
    inside = np.array([row["label"] == label for row in rows])
    pixels, clusters = [row["pixels"] for row in rows], [row["cluster"] for row in rows]
    for family, members in properties.families(rows).items():
        folds = _folds(pixels if family == "group" else clusters, inside)  # a cluster has whole groups
        rule = _best(members, inside, folds, SEVERITY.get(family, 1), limit)
        yield {
            "class": label,
            "property": family,
            "rule": rule.words,
            "inside": rule.inside,
            "outside": rule.outside,
            "balanced_accuracy": rule.balanced_accuracy,
            "score": rule.score,
        }


def _folds(keys: Sequence[str], inside: np.ndarray) -> np.ndarray:
    """int64 (n,): 0 to FOLDS - 1, equal for equal keys, and even in the class and outside of it."""
    _, first, cluster = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(inside[first], kind="stable")
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % FOLDS
    return fold[cluster]


def _best(members: Sequence[Property], inside: np.ndarray, folds: np.ndarray, severity: int, limit: float) -> Rule:
    """The shortest rule that goes beyond `limit`, else the longest."""
    values = np.stack([one.values.astype(float) for one in members], axis=1)
    tree = _tree(DEPTH, values, inside)
    rule = _rule(tree.predict(values), inside, severity)
    if rule.score > limit:
        for depth in range(1, DEPTH + 1):
            rule = _rule(_held_out(depth, values, inside, folds), inside, severity)
            if rule.score > limit:
                tree = _tree(depth, values, inside)
                break
    return rule._replace(words=_in_words(tree.tree_, members))


def _tree(depth: int, values: np.ndarray, inside: np.ndarray) -> Any:
    """A tree fitted to tell the images inside from the others, both weighing as much."""
    tree = lean_trees.classifier()(max_depth=depth, min_samples_leaf=max(2, int(inside.sum()) // LEAST), random_state=0)
    sizes = np.maximum(1, np.bincount(inside, minlength=2))
    return tree.fit(values, inside, sample_weight=len(inside) / (2 * sizes[inside.astype(int)]))


def _held_out(depth: int, values: np.ndarray, inside: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """bool (n,): what trees predict for images that they were not made from; False where there was nothing to fit."""
    predicted = np.zeros(len(inside), bool)
    for fold in range(FOLDS):
        out = folds == fold
        if len(set(inside[~out])) == 2 and out.any():
            predicted[out] = _tree(depth, values[~out], inside[~out]).predict(values[out])
    return predicted


def _rule(predicted: np.ndarray, inside: np.ndarray, severity: int) -> Rule:
    """A rule without words, from what it predicts."""
    sensitivity, false_positives = float(predicted[inside].mean()), float(predicted[~inside].mean())
    return Rule("", sensitivity, false_positives, 1 - severity * (1 - (sensitivity - false_positives)))


def _unexplained(shortcuts: Iterable[Shortcut], limit: float) -> Iterator[Shortcut]:
    """The shortcuts without those beyond `limit` that another one beyond it explains."""
    beyond: set[str] = set()
    for shortcut in shortcuts:
        is_beyond = shortcut["score"] > limit
        is_explained = is_beyond and CAUSES.get(shortcut["property"], set()) & beyond
        if is_beyond:
            beyond.add(shortcut["property"])
        if not is_explained:
            yield shortcut


def _in_words(tree: Any, members: Sequence[Property]) -> str:
    return ", or ".join(" and ".join(_steps(path, members)) for path in _paths(tree, 0) if path) or "none"


def _paths(tree: Any, node: int) -> list[list[tuple[int, bool, float]]]:
    """The paths to leaves that say yes, each a list of property, whether above, and the limit; [[]] for all paths."""
    if tree.children_left[node] == tree.children_right[node]:
        never, ever = tree.value[node][0]
        return [[]] if ever > never else []
    step, limit = int(tree.feature[node]), float(tree.threshold[node])
    low, high = (_paths(tree, int(child[node])) for child in (tree.children_left, tree.children_right))
    if low == high == [[]]:
        return [[]]
    return [[(step, False, limit), *path] for path in low] + [[(step, True, limit), *path] for path in high]


def _steps(path: Sequence[tuple[int, bool, float]], members: Sequence[Property]) -> Iterator[str]:
    """The steps in words; of several limits of one number the last, which is the narrowest."""
    narrowest = {(step, above): limit for step, above, limit in path}
    for (step, above), limit in narrowest.items():
        words = members[step].above if above else members[step].below
        yield words.format(_limit(limit, above, members[step].values))


def _limit(limit: float, above: bool, values: np.ndarray) -> str:
    if (values == np.floor(values)).all():
        return str(ceil(limit) if above else floor(limit))
    return f"{limit:.2f}" if limit < 100 else f"{limit:.0f}"
