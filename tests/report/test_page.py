"""The whole page: every number in it comes from the files, and nothing in it comes from anywhere else."""

import html
import json
import re
from base64 import b64encode
from dataclasses import asdict
from hashlib import sha256

import pytest
from tests.report.example import HOSTILE, RUN, hostile, hundred, page, report_context, usual
from tests.report.parsed_page import Page

from darkroom.metrics.metric_table import METRICS
from darkroom.report import templates


def everything(report):
    """The contents of all files, PNGs aside, the intervals of the learning curve, and the bias of the search."""
    contents = {**asdict(report), "learning_curves": report.learning_curves, "search_bias": report.search_bias}
    contents["evaluations"] = {
        model: {key: value for key, value in evaluation.items() if key != "images"}
        for model, evaluation in contents["evaluations"].items()
    }
    return contents


def leaves(value):
    """Every number in the files, and the counts that can be made of them: lengths and sums."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        yield len(value)
        for item in value:
            yield from leaves(item)
    elif isinstance(value, int | float):
        yield value
    elif isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value):
        yield float(value)


def close(shown, value):
    """Whether `shown` is `value`, rounded to the decimals that are shown."""
    text = shown.replace(",", "").replace("−", "-")
    decimals = len(text.partition(".")[2].partition("e")[0])
    return abs(float(text) - value) <= 0.5000001 * 10**-decimals


@pytest.mark.parametrize("trials", [0, 6])
def test_every_number_comes_from_the_files(trials):
    report = report_context(trials=trials)
    parsed = Page(page(report) if trials == 0 else usual())
    numbers = set(leaves(everything(report))) | {RUN.seed, len(report.errors), *report.split_sizes.values()}
    assert len(parsed.numbers) > 100
    for value, shown in parsed.numbers:
        assert float(value) in numbers, (value, shown)
        percent = shown.endswith("%")
        assert close(shown.rstrip("\xa0%"), float(value) * (100 if percent else 1)), (value, shown)
    assert [text for text in parsed.free if re.search(r"\d", text.replace("F1", ""))] == []


def test_every_quotation_is_a_text_in_the_files():
    report = report_context()
    text = json.dumps(everything(report), ensure_ascii=False) + "".join(m.why_no_interval for m in METRICS.values())
    for quotation in Page(usual()).quoted:
        assert html.unescape(quotation).strip(" .\n") in text


def test_no_number_has_more_than_five_decimals():
    assert [shown for _, shown in Page(usual()).numbers if len(shown.partition(".")[2]) > 5] == []


@pytest.mark.parametrize("rendered", [usual, hundred, hostile])
def test_the_page_refers_to_nothing_outside_itself(rendered):
    text = rendered()
    parsed = Page(text)
    for tag, attributes in parsed.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "image", "foreignobject"}
        assert attributes.get("href", "#").startswith("#") and attributes.get("xlink:href", "#").startswith("#")
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    assert not re.search(r"@import|url\((?!#)", text)
    assert len(text.encode()) < 5_000_000


def test_the_policy_allows_the_one_style_and_the_one_script_and_no_network():
    text = usual()
    policy = next(a["content"] for t, a in Page(text).tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert rules[f"{tag}-src"] == f"'sha256-{b64encode(sha256(body.encode()).digest()).decode()}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"


def test_hostile_names_are_text():
    text = page(report_context(HOSTILE, ("cnn", "<b>|x"), dataset="<i>"))
    tags = [tag for tag, _ in Page(text).tags]
    assert tags.count("script") == 1 and not {"img", "i", "b"} & set(tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "{{ 7 * 7 }}" in text
    assert "\x07" not in text and "\u202e" not in text


def test_the_same_files_give_the_same_bytes():
    assert page(report_context()) == usual()


def test_headings_are_in_order_and_tables_and_figures_are_named():
    parsed = Page(usual())
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    count = [tag for tag, _ in parsed.tags].count
    assert count("table") == count("caption") and count("figure") == count("figcaption")
    assert all(a["role"] in {"img", "group"} and a["aria-label"] for tag, a in parsed.tags if tag == "svg")
    assert all(a.get("scope") for tag, a in parsed.tags if tag == "th")
    ids = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(ids) == len(set(ids)) > 12
    assert {a["aria-labelledby"] for _, a in parsed.tags if "aria-labelledby" in a} <= set(ids)
    assert next(a for tag, a in parsed.tags if tag == "a") == {"class": "skip", "href": "#summary"}


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_the_contrast_of_level_aa(scheme):
    style = (templates.PAGE / "report.css").read_text()
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style.split(":root")[1 + scheme]))
    for ground in ("paper", "raised", "tint"):
        for text in ("ink", "soft", "accent", "bad"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
