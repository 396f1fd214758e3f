"""The summary and the model cards: Markdown with the numbers of the files."""

import re
from dataclasses import replace

from tests.report.example import HOSTILE, METRICS, report_context, score

from darkroom.metrics.metric_table import METRICS as METRIC_TABLE
from darkroom.report import report


def test_a_card_has_the_usual_sections_and_the_numbers_of_the_files():
    content = report_context(("a", "b"))
    text = report.card(content, "cnn")
    sections = ["Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
                "Quantitative analyses", "Ethical considerations", "Caveats and recommendations"]  # fmt: skip
    assert re.findall("^## (.+)$", text, re.MULTILINE) == sections
    assert "198,058 parameters" in text and "| Accuracy | 0.930 (0.918 to 0.942) |" in text
    assert "the champion, version 3" in text and "not pretrained" not in text
    other = report.card(content, "mobilenet")
    assert "the champion" not in other and "random: the backbone was not pretrained" in other


def test_every_model_has_a_card():
    assert list(report.cards(report_context())) == ["cnn.md", "mobilenet.md"]


def test_hostile_names_are_text_in_a_card():
    text = report.card(report_context(HOSTILE, dataset="<i>|x"), "cnn")
    assert "\\<script\\>" in text and "\\<i\\>\\|x" in text and "<script>" not in text
    assert not re.search(r"\b(None|nan|null)\b", text)


def test_hostile_names_are_text_in_the_summary():
    text = report.summary(report_context(HOSTILE, ("cnn", "<b>|x"), dataset="<i>"))
    assert "## \\<i\\>" in text and "\\<b\\>\\|x" in text


def test_the_same_files_give_the_same_summary():
    assert report.summary(report_context()) == report.summary(report_context())


def test_the_summary_warns_of_random_weights():
    assert "Warning: mobilenet has a backbone with random weights" in report.summary(report_context())


def test_a_missing_number_is_shown_as_words_in_the_summary():
    content = report_context()
    metrics = {**content.metrics, "mobilenet": {name: score(None) for name in METRICS}}
    registration = {**content.registration, "champion": None, "promoted": False}
    text = report.summary(replace(content, metrics=metrics, registration=registration))
    assert "– not measured" in text and "Champion: none" in text
    assert not re.search(r"\b(None|nan|null)\b", text)


def test_the_summary_names_the_groups_the_looks_and_a_luckier_model():
    content = report_context()
    text = report.summary(content)
    assert "12 test images in 11 groups." in text and "they have judged 7 challengers\n" in text
    assert "higher accuracy" not in text
    content = replace(
        content,
        comparison={**content.comparison, "best": "mobilenet"},
        registration={**content.registration, "looks": 20},
    )
    text = report.summary(content)
    assert "- cnn has a higher accuracy on the test images, 0.930; the difference is beyond chance." in text
    assert "they have judged 20 challengers, time for new ones" in text


def test_a_card_says_what_part_the_test_images_had():
    content = report_context()
    text = report.card(content, "cnn")
    assert "12 test images in 11 groups that no model saw during training or tuning." in text
    assert "lowest log loss on the validation images, so that choice does not flatter the scores above." in text
    assert "These test images have judged 7 challengers" in text
    assert "On the 40 of them, in 38 groups, that are newer than its promotion its accuracy is 0.910" in text
    other = report.card(content, "mobilenet")
    assert "The run chose cnn" in other and "judged" not in other


def test_a_rejected_challenger_of_the_same_name_is_not_called_the_champion():
    content = report_context()
    lost = {**content.registration, "promoted": False, "version": 4}
    assert "the champion" not in report.card(replace(content, registration=lost), "cnn")


def test_a_card_says_why_a_metric_has_no_interval():
    content = report_context()
    assert "has none, because" not in report.card(content, "cnn")
    bare = {"value": 0.0123, "low": None, "high": None}
    metrics = {**content.metrics, "cnn": {**content.metrics["cnn"], "log_loss": bare}}
    text = report.card(replace(content, metrics=metrics), "cnn")
    assert "| Log loss | 0.012 |" in text
    assert f"Log loss has none, because {METRIC_TABLE['log_loss'].why_no_interval}." in text
