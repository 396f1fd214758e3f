"""The summary and the model cards: Markdown with the numbers of the files."""

import re
from dataclasses import replace

from tests.report.example import HOSTILE, METRICS, report_context, score

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
