"""Figures: SVG that shows the numbers, the same bytes each time, on any background."""

import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from darkroom.evaluate import calibration
from darkroom.metrics import roc
from darkroom.metrics.sample import from_probabilities
from darkroom.plots import figures, svg

HOSTILE = ["<script>alert(1)</script>", "\"quoted\" & 'so'", "$x^2$", "שלום", "🐶‍🦺", "bell\x07\x00", "x" * 300]


def texts(figure):
    return [element.text for element in ElementTree.fromstring(figure).iter(f"{{{svg.SVG}}}text")]


def matrix(k):
    counts = np.random.default_rng(k).integers(0, 3, (k, k))
    return counts + 40 * np.eye(k, dtype="int64")


def history(epochs, best=None):
    rows = [{"epoch": e + 1, "loss": 1 / (e + 1), "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
            for e in range(epochs)]  # fmt: skip
    if best:
        rows[best - 1]["val_loss"] = 0.1
    return [{key: str(value) for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("backend", ["no backend", "module://not_installed.backend"])
def test_a_stage_draws_figures_whatever_backend_a_notebook_asked_for(backend):
    code = (
        "import sys; sys.argv = ['-m']; import pipeline; import numpy as np; from darkroom.plots import figures;"
        "print(figures.confusion(np.eye(2, dtype=int), 'ab'))"
    )
    words, environment = [sys.executable, "-c", code], {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "<svg" in done.stdout, done.stderr[-500:]


FIGURES = {
    "confusion": lambda: figures.confusion(matrix(10), [str(i) for i in range(10)]),
    "training_curves": lambda: figures.training_curves(history(12, best=7)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_input_gives_the_same_bytes(name):
    assert FIGURES[name]() == FIGURES[name]()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_requests_nothing_and_needs_no_inline_style(name):
    root = ElementTree.fromstring(FIGURES[name]())
    for element in root.iter():
        assert element.tag.removeprefix(f"{{{svg.SVG}}}") in {
            "svg",
            "g",
            "path",
            "text",
            "defs",
            "clipPath",
            "rect",
            "use",
        }
        assert "style" not in element.attrib
        for key, value in element.attrib.items():
            assert not key.endswith("href") or value.startswith("#")
    assert root.get("role") == "img" and root.get("aria-label")


@pytest.mark.parametrize("name", FIGURES)
def test_ink_has_the_colour_of_the_page_and_the_background_is_transparent(name):
    figure = FIGURES[name]()
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', figure)) - {"none", "currentColor"}
    assert colours <= {figures.BLUE, figures.VERMILION}
    assert "currentColor" in figure and f'color="{svg.PAPER_INK}"' in figure


@pytest.mark.parametrize("k", [2, 10, 20])
def test_a_confusion_matrix_shows_every_count_except_zero(k):
    counts, names = matrix(k), [f"class {i}" for i in range(k)]
    shown = texts(figures.confusion(counts, names))
    assert sorted(t for t in shown if t.isdigit()) == sorted(str(n) for n in counts.flat if n)
    assert set(names) <= set(shown)


def test_a_hundred_classes_have_names_but_no_numbers():
    names = [f"class {i}" for i in range(100)]
    figure = figures.confusion(matrix(100), names)
    assert {t for t in texts(figure)} - set(names) == {"true class", "predicted class", "Shade: fraction of the row"}
    assert len(figure) < 1_500_000


def test_a_class_without_test_images_is_an_empty_row():
    counts = np.array([[5, 1], [0, 0]])
    assert sorted(t for t in texts(figures.confusion(counts, ["a", "b"])) if t.isdigit()) == ["1", "5"]


def test_hostile_names_are_only_text():
    root = ElementTree.fromstring(figures.confusion(matrix(len(HOSTILE)), HOSTILE))
    labels = [element.text for element in root.iter(f"{{{svg.SVG}}}text")]
    assert "$x^2$" in labels and "\"quoted\" & 'so'" in labels
    assert max(map(len, labels)) <= 26
    assert not any("script" in element.tag for element in root.iter())


def test_the_best_epoch_is_the_earliest_with_the_lowest_validation_loss():
    assert texts(figures.training_curves(history(9, best=4))).count("best epoch 4") == 2
    assert texts(figures.training_curves(history(9))).count("best epoch 1") == 2


def test_training_without_validation_has_no_best_epoch():
    rows = [{**row, "val_loss": "", "val_accuracy": ""} for row in history(5)]
    assert not any("best" in text for text in texts(figures.training_curves(rows)))


def probabilities(k, n=300, seed=0):
    """Labels int64 `(n,)` and probabilities float `(n, k)` of a model that is right more often than not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return labels, 0.4 * rng.dirichlet(np.ones(k), n) + 0.6 * np.eye(k)[np.where(rng.random(n) < 0.7, labels, 0)]


def roc_and_precision_recall(k):
    names = tuple(f"class {i}" for i in range(k))
    areas = {name: 0.9 - i / 200 for i, name in enumerate(names)}
    return figures.roc_and_precision_recall(roc.curves(*probabilities(k), names), areas)


def test_the_worst_of_several_classes_is_named():
    assert "worst: class 4" in texts(roc_and_precision_recall(5))


def test_two_classes_have_one_curve_and_no_worst():
    labels = texts(roc_and_precision_recall(2))
    assert "class" in labels and not any("worst" in text for text in labels)


@pytest.mark.parametrize("k", [2, 10, 100])
def test_the_same_points_give_the_same_bytes_and_not_too_many(k):
    assert roc_and_precision_recall(k) == roc_and_precision_recall(k)
    assert len(roc_and_precision_recall(k)) < 200_000


def test_a_test_set_of_one_class_has_an_empty_figure():
    assert "ROC" in texts(figures.roc_and_precision_recall([], {}))


def test_a_reliability_diagram_shows_both_and_leaves_out_empty_bins():
    labels, sharp = probabilities(3)
    before, after = (
        calibration.reliability(from_probabilities(labels, p), 0.95) for p in (sharp, 0.5 * sharp + 0.5 / 3)
    )
    assert {"before scaling", "after scaling", "perfect"} <= set(texts(figures.reliability(before, after)))
    assert {"not scaled", "after scaling"} & set(texts(figures.reliability(before, before))) == {"not scaled"}
    empty = [{**row, "n": 0, "confidence": None, "value": None, "low": None, "high": None} for row in before]
    assert figures.reliability(empty, empty)
