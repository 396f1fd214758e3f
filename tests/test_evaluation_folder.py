"""evaluation_folder: what evaluate writes is what report reads."""

from dataclasses import replace

import pytest

from darkroom import evaluation_folder, paths
from darkroom.evaluation_folder import ModelEvaluation
from darkroom.runtime.errors import ArtifactError

SCORE = {"value": 0.9, "low": 0.8, "high": None}
BIN = {"bin_low": 0.0, "bin_high": 0.1, "n": 0, "confidence": None, "value": None, "low": None, "high": None}
CNN = ModelEvaluation(
    facts={"name": "cnn", "pretrained": None, "parameters": 12},
    validation={"log_loss": 0.123456789012345},
    history=[{"epoch": 1, "loss": 0.123456789012345, "accuracy": 1.0}],
    per_class=[{"label": "7", "support": 3, "f1": 1.0, "f1_low": None, "f1_high": 1e-07}],
    predictions=[
        {"row": 0, "path": "7/=a.png", "cluster": 5, "label": "7", "predicted": "8", "p_7": 0.25, "p_8": 0.75}
    ],
    roc_curves=[{"label": "7", "threshold": 0.5, "false_positive_rate": 0.0, "recall": 1.0, "precision": 1.0}],
    calibration={
        "temperature": SCORE,
        "fit": "fitted",
        "errors": 12,
        "before": {"ece": SCORE},
        "after": {"ece": SCORE},
        "change": SCORE,
        "effect": "helps",
        "bins": [BIN],
        "bins_after": [BIN],
    },
    threshold={"positive": "8", "criterion": "f1", "threshold": 0.4, "chosen": {"f1": SCORE}, "half": {"f1": SCORE}},
    slices=[{"property": "mode", "slice": "L", "n": 3, **SCORE, "small": True, "p": 1.0, "p_corrected": 1.0}],
    explanation={
        "mistakes": [0],
        "correct": [],
        "heatmaps": True,
        "filters": [4, 3, 3, 1],
        "feature_maps": [{"layer": "relu", "shape": [8, 8, 4]}],
        "feature_maps_row": 0,
    },
    figures={"confusion": "<svg/>"},
    images={"heatmap-0": b"a PNG", "filters": b"another"},
)
TEST_SET = {"images": 1, "clusters": 1, "given": False}
PLAIN = replace(CNN, roc_curves=[], threshold=None, images={})


def test_what_is_written_is_read_back_in_the_same_order(tmp_path):
    evaluations = {"efficientnet_b0": PLAIN, "cnn": CNN}
    evaluation_folder.write(tmp_path / "evaluation", evaluations, TEST_SET)
    result = evaluation_folder.read(tmp_path / "evaluation")
    assert result == evaluations and list(result) == list(evaluations)
    assert evaluation_folder.read_test_set(tmp_path / "evaluation") == TEST_SET


def test_git_keeps_no_empty_folder_and_reading_needs_none(tmp_path):
    evaluation_folder.write(tmp_path, {"cnn": PLAIN}, TEST_SET)
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir() and not any(path.iterdir())]:
        folder.rmdir()
    assert evaluation_folder.read(tmp_path) == {"cnn": PLAIN}


def test_a_model_that_is_no_longer_evaluated_leaves_nothing_behind(tmp_path):
    evaluation_folder.write(tmp_path / "evaluation", {"old": CNN, "cnn": CNN}, TEST_SET)
    evaluation_folder.write(tmp_path / "evaluation", {"cnn": CNN}, TEST_SET)
    assert [path for path in tmp_path.rglob("*") if path.stem == "old"] == []


def test_a_missing_file_is_named(tmp_path):
    evaluation_folder.write(tmp_path, {"cnn": CNN}, TEST_SET)
    (tmp_path / "details/slices.json").unlink()
    with pytest.raises(ArtifactError, match=r"slices\.json is missing"):
        evaluation_folder.read(tmp_path)


def test_the_parts_that_other_stages_read_lie_where_paths_says(tmp_path):
    evaluation_folder.write(tmp_path, {"cnn": CNN}, TEST_SET)
    for path in (paths.PREDICTIONS, paths.TEST_SET, paths.VALIDATION_SCORES):
        assert (tmp_path / path.relative_to(paths.EVALUATION)).exists()
