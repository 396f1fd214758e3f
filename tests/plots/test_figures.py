"""figures: SVG that says what the numbers say, the same each time, on any ground."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from darkroom.plots import figures, svg

HOSTILE = ["<script>alert(1)</script>", "\"quoted\" & 'so'", "$x^2$", "שלום", "🐶‍🦺", "bell\x07\x00", "x" * 300]


def texts(drawn):
    return [element.text for element in ElementTree.fromstring(drawn).iter(f"{{{svg.SVG}}}text")]


def matrix(k):
    counts = np.random.default_rng(k).integers(0, 3, (k, k))
    return counts + 40 * np.eye(k, dtype="int64")


def history(epochs, best=None):
    rows = [{"epoch": e + 1, "loss": 1 / (e + 1), "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
            for e in range(epochs)]  # fmt: skip
    if best:
        rows[best - 1]["val_loss"] = 0.1
    return [{key: str(value) for key, value in row.items()} for row in rows]


DRAWN = {
    "confusion": lambda: figures.confusion(matrix(10), [str(i) for i in range(10)]),
    "curves": lambda: figures.curves(history(12, best=7)),
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_input_gives_the_same_bytes(name):
    assert DRAWN[name]() == DRAWN[name]()


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_fetches_nothing_and_needs_no_inline_style(name):
    root = ElementTree.fromstring(DRAWN[name]())
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


@pytest.mark.parametrize("name", DRAWN)
def test_ink_is_that_of_the_page_and_the_ground_is_clear(name):
    drawn = DRAWN[name]()
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn)) - {"none", "currentColor"}
    assert colours <= {figures.BLUE, figures.VERMILION}
    assert "currentColor" in drawn and f'color="{svg.PAPER_INK}"' in drawn


@pytest.mark.parametrize("k", [2, 10, 20])
def test_a_confusion_matrix_shows_every_count_but_zero(k):
    counts, names = matrix(k), [f"class {i}" for i in range(k)]
    shown = texts(figures.confusion(counts, names))
    assert sorted(t for t in shown if t.isdigit()) == sorted(str(n) for n in counts.flat if n)
    assert set(names) <= set(shown)


def test_a_hundred_classes_keep_their_names_and_lose_their_numbers():
    names = [f"class {i}" for i in range(100)]
    drawn = figures.confusion(matrix(100), names)
    assert {t for t in texts(drawn)} - set(names) == {"truth", "predicted", "Shade: share of the row"}
    assert len(drawn) < 1_500_000


def test_a_class_without_test_images_is_an_empty_row():
    counts = np.array([[5, 1], [0, 0]])
    assert sorted(t for t in texts(figures.confusion(counts, ["a", "b"])) if t.isdigit()) == ["1", "5"]


def test_hostile_names_are_text_and_nothing_else():
    root = ElementTree.fromstring(figures.confusion(matrix(len(HOSTILE)), HOSTILE))
    said = [element.text for element in root.iter(f"{{{svg.SVG}}}text")]
    assert "$x^2$" in said and "\"quoted\" & 'so'" in said
    assert max(map(len, said)) <= 24
    assert not any("script" in element.tag for element in root.iter())


def test_the_best_epoch_is_the_earliest_of_the_lowest_validation_loss():
    assert texts(figures.curves(history(9, best=4))).count("best epoch 4") == 2
    assert texts(figures.curves(history(9))).count("best epoch 1") == 2


def test_a_training_without_validation_has_no_best_epoch():
    rows = [{**row, "val_loss": "", "val_accuracy": ""} for row in history(5)]
    assert not any("best" in text for text in texts(figures.curves(rows)))
