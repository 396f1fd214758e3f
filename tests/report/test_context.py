"""The report context: what is selected from the files, and in which order."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from tests.report.example import report_context, with_evaluation

from darkroom import png
from darkroom.report import report


def test_the_most_confident_errors_come_first():
    content = report_context([f"class {i}" for i in range(30)])
    assert len(content.errors) == 30 and len(content.most_confident_errors) == 12
    assert [error.label for error in content.most_confident_errors] == [f"class {i}" for i in range(12)]


def test_a_confusion_matrix_has_the_true_class_in_its_rows():
    assert report_context().confusion_matrix.tolist() == [[3, 1, 0], [0, 3, 1], [1, 0, 3]]


def test_hyperparameters_are_the_columns_that_the_best_model_has_values_of():
    assert report_context().hparams == ["filters", "head"]
    assert report_context().tuned == ["filters"]
    assert report_context(trials=0).hparams == []


def test_significant_slices_come_least_accurate_first():
    content = report_context()
    slices = [{**row, "p_corrected": 0.01} for row in reversed(content.leading.slices)]
    content = with_evaluation(content, "cnn", slices=slices)
    assert content.significant_slices("cnn") == slices[::-1]


def test_the_metric_of_the_comparison_leads_the_headlines():
    content = report_context()
    content = replace(content, comparison={**content.comparison, "metric": "brier"})
    assert list(content.headlines) == ["brier", "accuracy", "f1_macro", "log_loss"]
    assert "brier" in content.table_metrics


def test_the_curve_trained_from_scratch_comes_first():
    content = report_context()
    content = replace(content, learning_curve=content.learning_curve[::-1])
    assert list(content.learning_curves) == ["cnn", "mobilenet"]


def test_only_the_images_that_the_page_shows_get_a_thumbnail():
    image = np.full((2, 2, 1), 7, np.uint8)
    splits = {
        "train": SimpleNamespace(paths=("d.png",), images=image[np.newaxis]),
        "val": SimpleNamespace(paths=("a.png", "b.png"), images=np.stack([image, image])),
        "test": SimpleNamespace(paths=("c.png",), images=image[np.newaxis]),
    }
    packed = SimpleNamespace(split=splits.__getitem__)
    assert report.thumbnails(packed, {"b.png", "c.png", "d.png", "x.png"}) == dict.fromkeys(
        ("b.png", "c.png", "d.png"), png.encode(image)
    )
