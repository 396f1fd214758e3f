"""Figures of what accuracy depends on."""

from xml.etree import ElementTree

import numpy as np

from darkroom.evaluate import slices
from darkroom.metrics.design import independent
from darkroom.plots import svg
from darkroom.report import accuracy_figures

RNG = np.random.default_rng(0)
ROWS = [{"brightness": str(b), "group": "phone" if b < 0.05 else "camera"} for b in RNG.random(300)]
CORRECT = np.array([float(row["brightness"]) > 0.25 for row in ROWS])
SLICES = slices.by_property(ROWS, CORRECT, independent(300), confidence=0.95)
MODELS = [{"model": name, "value": v, "low": v - 0.02, "high": v + 0.01, "latency_ms": t}
          for name, v, t in [("cnn", 0.9, 1.0), ("mobilenet", 0.95, 40.0), ("slow", 0.8, 50.0)]]  # fmt: skip


def texts(figure):
    return [element.text for element in ElementTree.fromstring(figure).iter(f"{{{svg.SVG}}}text")]


def test_every_slice_is_listed_under_its_property():
    labels = texts(accuracy_figures.slices(SLICES, 0.75, 0.05))
    assert [text for text in labels if text in ("Brightness", "Group", "camera", "phone")] == [
        "Brightness", "Group", "camera", "phone",
    ]  # fmt: skip
    assert len(SLICES) == 6


def test_only_a_significant_slice_is_vermilion():
    assert accuracy_figures.VERMILION in accuracy_figures.slices(SLICES, 0.75, 0.05)
    assert accuracy_figures.VERMILION not in accuracy_figures.slices(SLICES, 0.75, 0.0)


def test_every_model_is_named_and_the_same_input_gives_the_same_bytes():
    figure = accuracy_figures.latency(MODELS, ["cnn", "mobilenet"], "Accuracy")
    assert {"cnn", "mobilenet", "slow"} <= set(texts(figure))
    assert figure == accuracy_figures.latency(MODELS, ["cnn", "mobilenet"], "Accuracy")


def test_a_single_model_can_be_drawn():
    assert "cnn" in texts(accuracy_figures.latency(MODELS[:1], ["cnn"], "Accuracy"))
