"""report: every number in it comes from the files, and nothing in it comes from anywhere else."""

import html
import json
import re
from base64 import b64encode
from dataclasses import replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from unittest.mock import patch

import pytest

from darkroom.plots import canvas
from darkroom.report import cards, report, templates
from darkroom.report.context import Findings

HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'so' `x`",
    "{{ 7 * 7 }} $x^2$ | _b_",
    "שלום עולם",
    "🐶‍🦺",
    "bell\x07‮",
    "x" * 300,
    "<img src=x onerror=alert(1)>",
]
ABOUT = {"dataset": "shapes", "seed": 1, "data": "c0ffee" * 10}
METRICS = ("accuracy", "balanced_accuracy", "precision_macro", "f1_macro", "roc_auc", "log_loss", "brier", "ece")
DRAWN = canvas.text_of
PNG = b"\x89PNG\r\n\x1a\nnot really"


def score(value):
    return {"value": value, "low": value - 0.0123456789, "high": min(1.0, value + 0.0123456789)}


def findings(classes=("cat", "dog", "owl"), models=("cnn", "mobilenet"), trials=6, each=4):
    """Of every class the first image is taken for the next class, with less confidence from class to class."""
    k = len(classes)
    predictions = []
    for row in range(k * each):
        truth = row // each
        said = (truth + 1) % k if row % each == 0 else truth
        sure = 0.95 - 0.3 * truth / k
        chances = {f"p_{c}": repr(sure if i == said else (1 - sure) / (k - 1)) for i, c in enumerate(classes)}
        name = {"row": str(row), "path": f"{classes[truth]}/{row:04}.png"}
        predictions.append({**name, "label": classes[truth], "predicted": classes[said], **chances})
    names = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    curves = {
        m: [dict(zip(names, map(repr, (e, 1.7 / e, 1 - 0.6 / e, (1.9 + i) / e, 0.9 - 0.5 / e)), strict=True))
            for e in range(1, 8)]
        for i, m in enumerate(models)
    }  # fmt: skip
    parts = [(name, end) for name in ("precision", "recall", "f1", "roc_auc") for end in ("", "_low", "_high")]
    add = {"": 0, "_low": -0.1, "_high": 0.1}
    per_class = [
        {"label": c, "support": "4"}
        | {name + end: "" if i == 0 and name == "precision" else repr(0.7512345678 + add[end]) for name, end in parts}
        for i, c in enumerate(classes)
    ]
    pairs = [
        {"a": a, "b": b, "difference": 0.0213456789, "low": -0.00123, "high": 0.04321, "mcnemar_p": 0.03456789,
         "p_corrected": 0.0691357, "verdict": "not distinguishable"}
        for a, b in zip(models, models[1:], strict=False)
    ]  # fmt: skip
    scores = {m: {name: score(0.93 - 0.1 * i) for name in METRICS} for i, m in enumerate(models)}
    return Findings(
        validation={
            "success": True, "images": 17 * k, "classes": list(classes),
            "counts": {c: {"train": 10, "val": 3, "test": 4} for c in classes},
            "bad": [], "duplicates": [], "aside": [], "strays": [], "notes": ["dropped: 2 <b>"],
            "shortcuts": [],
            "expectations": [{"name": "balance", "success": True, "sentence": "the largest class is at most 20 times",
                              "observed": "1.05172", "code": "E_IMBALANCE", "fix": "add images"}],
        },
        trials=[
            {"trial": str(t), "status": "COMPLETED", "epochs": "10", "val_loss": repr(0.4 / (t + 1)),
             "val_accuracy": repr(0.91 + t / 100), "filters": str(16 * (1 + t % 2)), "head": "flatten", "error": ""}
            for t in range(trials)
        ],
        best={"algorithm": "random" if trials else "none", "trial": trials - 1 if trials else None,
              **({"val_loss": 0.4 / trials, "val_accuracy": 0.9 + trials / 100} if trials else {}),
              "values": {"filters": 32, "head": "flatten", "batch_norm": True, "learning_rate": 0.002}},
        curves=curves,
        metrics=scores,
        models=[
            {"name": m, "architecture": "tunable" if i == 0 else m, "pretrained": None if i == 0 else False,
             "params": {"train.epochs": 40, "train.learning_rate": 0.0015}, "parameters": 198058 + i, "epochs": 7,
             "best_epoch": 6, "versions": {"python": "3.11.9", "keras": "3.15.1"}}
            for i, m in enumerate(models)
        ],
        per_class={m: per_class for m in models},
        predictions={m: predictions for m in models},
        **judged(classes, models, predictions, each),
        learning_curve=[
            {"model": m, "fraction": fraction, "images": int(1120 * fraction),
             "correct": round(1000 * (0.99 - 0.3 * (1 - fraction) * (2 - i))), "test_images": 1000,
             "accuracy": 0.99 - 0.3 * (1 - fraction) * (2 - i)}
            for i, m in enumerate(models) for fraction in (0.01, 0.1, 0.25, 0.5, 1.0)
        ],
        comparison={
            "metric": "accuracy", "n": len(predictions), "confidence": 0.95, "best": models[0], "pairs": pairs,
            "groups": [list(models)],
            "ranking": [{"model": m, "rank": 1, **scores[m]["accuracy"], "tied_with": []} for m in models],
            "sentence": f"{models[0]} leads with accuracy 0.930",
        },
        registration={
            "name": "shapes-classifier", "candidate": models[0], "version": 3, "promoted": True, "metric": "accuracy",
            "reason": "it is better beyond chance: +0.0210 (p = 0.00412)", "n": len(predictions),
            "champion": {"version": 3, "model": models[0], "digest": "ab" * 8, **score(0.93), "reason": "it won"},
        },
    )  # fmt: skip


def judged(classes, models, predictions, each):
    """What evaluate writes beside the metrics."""
    names = ("accuracy", "recall", "specificity", "precision", "f1")
    limit = {"positive": classes[1], "criterion": "youden", "threshold": 0.4173,
             "chosen": dict.fromkeys(names, score(0.87)), "half": dict.fromkeys(names, score(0.83))}  # fmt: skip
    bins = [{"bin_low": i / 15, "bin_high": (i + 1) / 15, "n": i, "confidence": i / 15 + 0.03, **score(i / 15)}
            for i in range(15)]  # fmt: skip
    empty = {"n": 0, "confidence": None, "value": None, "low": None, "high": None}
    quality = {name: score(0.1 + i / 9) for i, name in enumerate(("log_loss", "brier", "ece"))}
    points = [{"label": c, "threshold": repr(1 - t / 3), "false_positive_rate": repr(t / 6), "recall": repr(t / 3),
               "precision": "0.5"} for c in classes for t in range(1, 4)]  # fmt: skip
    slices = [{"property": "brightness", "slice": f"0.{i} to 0.{i + 1}", "n": 25 + i, **score(0.7 + i / 10),
               "small": i == 0, "p": 0.0012345, "p_corrected": 0.00493827 if i == 0 else 0.51234567}
              for i in range(3)]  # fmt: skip
    return {
        "ranking": dict.fromkeys(models, points),
        "calibration": [
            {"model": m, "temperature": 1.2345678 + i, "before": quality, "after": quality, "bins_after": bins,
             "bins": [{**bins[0], **empty}, *bins[1:]], "threshold": limit if len(classes) == 2 else None}
            for i, m in enumerate(models)
        ],
        "slices": [{"model": m, **row} for m in models for row in slices],
        "cost": [
            {"model": m, "latency_ms": {"value": 1.23 + i, "low": 1.11 + i, "high": 2.34 + i}, "throughput": 8765 - i,
             "batch": 256, "multiply_adds": 6104320, "bytes": 864777, "machine": "arm", "system": "Linux", "cores": 4}
            for i, m in enumerate(models)
        ],
        "explanation": [
            {"model": m, "mistakes": [0], "hits": [1, each + 1], "heat": i == 0, "filters": [8, 3, 3, 1],
             "seen": each + 1, "maps": [{"layer": "conv_1", "shape": [8, 8, 10]}]}
            for i, m in enumerate(models)
        ],
        "doubtful": [
            {"path": row["path"], "split": "test", "label": row["label"], "suggested": classes[-1],
             "p_label": "0.012345", "p_suggested": "0.912345", "model": models[0]}
            for row in predictions[:15]
        ],
    }  # fmt: skip


def render(found, **changes):
    return report.render(found, about={**ABOUT, **changes}, thumbnails={}, explained={})


@cache
def usual():
    with patch.object(canvas, "text_of", DRAWN):
        return render(findings())


@pytest.fixture
def undrawn(monkeypatch):
    """For tests of words: most of the time of a report goes into its figures, which have tests of their own."""
    monkeypatch.setattr(canvas, "text_of", lambda figure, description, told=None: "<svg></svg>")


@cache
def hostile():
    return render(findings(classes=HOSTILE), dataset="a" * 60)


@cache
def hundred():
    return render(findings(classes=[f"class {i}" for i in range(100)]), dataset="a" * 60)


class Page(HTMLParser):
    """Tags with their attributes, the text by the innermost tag that says where it comes from, all `data`."""

    VOID = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.stack, self.numbers, self.free, self.said, self.headings = [], [], [], [], [], []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.stack.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        around = [tag for tag, _ in self.stack]
        if around and re.fullmatch("h[1-6]", around[-1]):
            self.headings.append(around[-1])
        if "said" in {c for _, a in self.stack for c in a.get("class", "").split()}:
            self.said.append(data)
        elif around and around[-1] == "data":
            self.numbers.append((self.stack[-1][1]["value"], data))
        elif not {"svg", "style", "script", "bdi", "code", "title"} & set(around):
            self.free.append(data)


def leaves(value):
    """Every number in the files, and the counts that can be made of them: lengths and sums."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        yield len(value)
        for each in value:
            yield from leaves(each)
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
    found = findings(trials=trials)
    page = Page(render(found))
    known = set(leaves(vars(found))) | {ABOUT["seed"], len(found.mistakes), *found.sides.values()}
    assert len(page.numbers) > 100
    for value, shown in page.numbers:
        assert float(value) in known, (value, shown)
        percent = shown.endswith("%")
        assert close(shown.rstrip("\xa0%"), float(value) * (100 if percent else 1)), (value, shown)
    assert [text for text in page.free if re.search(r"\d", text.replace("F1", ""))] == []


def test_what_is_quoted_stands_so_in_the_files():
    found = findings()
    everything = json.dumps(vars(found), ensure_ascii=False)
    for text in Page(render(found)).said:
        assert html.unescape(text).strip(" .\n") in everything


def test_no_number_has_more_digits_than_it_deserves():
    assert [shown for _, shown in Page(usual()).numbers if len(shown.partition(".")[2]) > 5] == []


@pytest.mark.parametrize("rendered", [usual, hundred, hostile])
def test_the_page_refers_to_nothing_outside_itself(rendered):
    text = rendered()
    page = Page(text)
    for tag, attributes in page.tags:
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


def test_hostile_names_are_text_in_the_page_and_in_the_summary():
    found = findings(classes=HOSTILE, models=("cnn", "<b>|x"))
    text, short = render(found, dataset="<i>"), report.summary(found, about={**ABOUT, "dataset": "<i>"})
    tags = [tag for tag, _ in Page(text).tags]
    assert tags.count("script") == 1 and not {"img", "i", "b"} & set(tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "{{ 7 * 7 }}" in text
    assert "\x07" not in text and "‮" not in text
    assert "## \\<i\\>" in short and "\\<b\\>\\|x" in short


def test_the_same_files_give_the_same_bytes():
    assert render(findings()) == usual()
    assert report.summary(findings(), about=ABOUT) == report.summary(findings(), about=ABOUT)


@pytest.mark.usefixtures("undrawn")
def test_without_a_search_the_page_says_so():
    text = render(findings(trials=0))
    assert "There was no search" in text and "All trials" not in text


def test_a_failed_trial_says_why():
    found = findings()
    dead = {**found.trials[2], "status": "FAILED", "epochs": "0", "val_loss": "", "val_accuracy": "", "error": "OOM!"}
    text = render(replace(found, trials=[*found.trials[:2], dead, *found.trials[3:]]))
    assert "– none" in text and "OOM!" in text


@pytest.mark.usefixtures("undrawn")
def test_one_model_is_compared_with_nothing():
    text = render(findings(models=("cnn",)))
    assert "One model only" in text and "Beyond chance?" not in text and "Random weights" not in text


def test_random_weights_of_a_transfer_model_are_a_warning():
    text, short = usual(), report.summary(findings(), about=ABOUT)
    assert "Random weights in <bdi>mobilenet</bdi>" in text and "Pretrained: false" in text
    assert "Warning: the backbone of mobilenet has random weights" in short


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_known_is_a_word():
    found = findings()
    unknown = {name: {"value": None, "low": None, "high": None} for name in METRICS}
    gone = replace(
        found,
        metrics={**found.metrics, "mobilenet": unknown},
        models=[found.models[0], {**found.models[1], "parameters": None, "best_epoch": None}],
        registration={**found.registration, "champion": None, "promoted": False},
    )
    text, short = render(gone), report.summary(gone, about=ABOUT)
    for said in (text, short):
        assert "– not measured" in said
        assert not re.search(r"\b(None|nan|NaN|null|undefined)\b", said.replace("– undefined", ""))
    assert "No champion" in text and "– undefined" in text


def test_versions_and_data_stand_with_what_else_reproduces_it():
    text = usual()
    last = text[text.index('id="reproduce"') :]
    for said in ("3.15.1", "3.11.9", ABOUT["data"]):
        assert f"<code>{said}</code>" in last


@pytest.mark.usefixtures("undrawn")
def test_a_candidate_that_reigns_already_is_not_called_rejected():
    registration = {**findings().registration, "promoted": False, "reason": "cnn is the champion already"}
    text = render(replace(findings(), registration=registration))
    assert "<bdi>cnn</bdi>, is that champion already: nothing changed" in text and "not promoted" not in text
    lost = render(replace(findings(), registration={**registration, "version": 4, "reason": "it is not proven better"}))
    assert "The candidate was not promoted" in lost and "champion already: nothing" not in lost


@pytest.mark.usefixtures("undrawn")
def test_an_unmet_expectation_is_on_top_and_says_how_to_mend_it():
    found = findings()
    unmet = {
        **found.validation["expectations"][0],
        "success": False,
        "severity": "warning",
        "observed": "cat is 21 times owl",
    }
    text = render(replace(found, validation={**found.validation, "success": False, "expectations": [unmet]}))
    assert text.index("expectations of the data not met") < text.index('id="data"')
    assert "cat is 21 times owl" in text and "add images" in text
    assert ">look<" in text and "broken" not in text


def test_a_rule_that_gives_a_class_away_is_shown_with_what_it_scores_alone():
    found = findings(classes=HOSTILE)
    rule = {"class": HOSTILE[0], "property": "size", "rule": "the size 64 x 64 <i>", "inside": 1.0, "outside": 0.0123}
    shown = {**found.validation, "shortcuts": [{**rule, "alone": 0.9938, "score": 0.9877}]}
    text = render(replace(found, validation=shown))
    assert "What gives a class away" in text and "What gives a class away" not in render(found)
    assert "the size 64 x 64 &lt;i&gt;" in text and "0.994" in text


@pytest.mark.usefixtures("undrawn")
def test_the_surest_mistakes_come_first_with_their_images():
    found = findings(classes=[f"class {i}" for i in range(30)])
    assert len(found.mistakes) == 30 and len(found.surest) == 12
    assert [each["label"] for each in found.surest] == [f"class {i}" for i in range(12)]
    text = report.render(found, about=ABOUT, thumbnails={found.surest[3]["path"]: PNG}, explained={})
    assert re.findall(r'src="data:image/png;base64,([^"]+)"', text) == [b64encode(PNG).decode()]


def test_headings_are_in_order_and_tables_and_figures_are_named():
    page = Page(usual())
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    count = [tag for tag, _ in page.tags].count
    assert count("table") == count("caption") and count("figure") == count("figcaption")
    assert all(a["role"] in {"img", "group"} and a["aria-label"] for tag, a in page.tags if tag == "svg")
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)) > 12
    assert {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a} <= set(ids)
    assert next(a for tag, a in page.tags if tag == "a") == {"class": "skip", "href": "#summary"}


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


OUT = """new Promise((done) => {
  const out = document.getElementById("out"), tell = () => out.textContent && done(out.textContent);
  new MutationObserver(tell).observe(out, { childList: true });
  tell();
})"""


def told(tab):
    """The JSON that a page writes into #out; it may look into the frames it has."""
    return json.loads(tab.value(OUT))


MEASURE = """<!doctype html><body>
{frames}
<pre id="out"></pre>
<script>
onload = () => {{
  const said = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentWindow, root = page.document.documentElement;
    const head = page.document.querySelector("table.sortable th:last-child");
    head?.querySelector("button")?.click();
    return {{
      width: page.innerWidth, room: root.clientWidth, needed: root.scrollWidth,
      ground: page.getComputedStyle(page.document.body).backgroundColor, sorted: head?.getAttribute("aria-sort"),
      stray: [...page.document.querySelectorAll("main *")]
        .filter((e) => !e.closest(".scroll, details:not([open])"))
        .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
        .map((e) => e.tagName + "." + e.className),
    }};
  }});
  document.getElementById("out").textContent = JSON.stringify(said);
}};
</script>"""


@pytest.fixture(scope="module")
def measured_pages(tmp_path_factory):
    """A page that holds three reports, each as wide as a phone and as a desk, and measures them."""
    folder = tmp_path_factory.mktemp("pages")
    frames = ""
    for name, text in {"usual": usual(), "hostile": hostile(), "hundred": hundred()}.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
        for width in (390, 1280):
            frames += f'<iframe src="{name}.html" width="{width}" height="800"></iframe>'
    (folder / "measure.html").write_text(MEASURE.format(frames=frames), encoding="utf-8")
    return folder / "measure.html"


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(252, 252, 251)"), ("dark", "rgb(20, 23, 26)")])
def test_no_page_is_wider_than_a_phone_or_a_desk(measured_pages, opened, scheme, ground):
    with opened(measured_pages, scheme) as tab:
        measured = told(tab)
    assert [each["width"] for each in measured] == [390, 1280] * 3
    for each in measured:
        assert each["needed"] <= each["room"] and each["stray"] == []
        assert each["ground"] == ground
        assert each["sorted"] == "ascending"


POINT = """<!doctype html><body><iframe src="page.html" width="1280" height="800"></iframe><pre id="out"></pre>
<script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument;
  const figures = [...page.querySelectorAll("figure:has(.told)")];
  const said = () => figures.map((figure) => figure.querySelector(".pointed").textContent);
  const before = said();
  const svg = figures[0].querySelector("svg");
  const [first] = svg.querySelectorAll('.told[tabindex="0"]');
  first.dispatchEvent(new PointerEvent("pointerenter"));
  const pointed = said();
  first.focus();
  first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  const stepped = said(), on = [...new Set([...page.querySelectorAll(".on")].map((part) => part.dataset.part))];
  const stops = svg.querySelectorAll('[tabindex="0"]').length;
  page.activeElement.blur();
  document.getElementById("out").textContent = JSON.stringify({ before, pointed, stepped, on, stops, after: said() });
};
</script>"""


def test_pointing_at_a_trial_or_stepping_to_it_says_what_it_was(tmp_path, opened):
    found = findings()
    trials = [{**row, "dropout": f"0.{int(row['trial']) % 3}"} for row in found.trials]
    best = {**found.best, "values": {**found.best["values"], "dropout": 0.0}}
    (tmp_path / "page.html").write_text(render(replace(found, trials=trials, best=best)), encoding="utf-8")
    (tmp_path / "point.html").write_text(POINT)
    with opened(tmp_path / "point.html") as tab:
        seen = told(tab)
    assert len(seen["before"]) == 2 and seen["before"] == seen["after"]
    assert seen["pointed"][0] == "Trial 0: loss 0.400, accuracy 0.910; filters 16, head flatten, dropout 0.0"
    assert seen["stepped"][0] == "Trial 1: loss 0.200, accuracy 0.920; filters 32, head flatten, dropout 0.1"
    assert seen["on"] == ["trial-1"] and seen["stops"] == 1


@pytest.mark.usefixtures("undrawn")
def test_two_classes_have_an_operating_threshold_and_more_have_none():
    assert "From where on is it <bdi>b</bdi>?" in render(findings(classes=("a", "b")))
    assert "From where on" not in usual()


@pytest.mark.usefixtures("undrawn")
def test_a_slice_that_differs_is_named_and_one_that_may_be_chance_is_not():
    text = usual()
    said = text[
        text.index("all other images beyond chance:") : text.index(
            "</p>", text.index("all other images beyond chance:")
        )
    ]
    assert "0.0 to 0.1" in said and "0.1 to 0.2" not in said
    even = [{**row, "p_corrected": 0.9} for row in findings().slices]
    assert "No slice differs" in render(replace(findings(), slices=even))
    assert "By what the images are like" not in render(replace(findings(), slices=[]))


@pytest.mark.usefixtures("undrawn")
def test_heat_stands_beside_its_image():
    found = findings()
    path = found.prediction(0)["path"]
    about = {
        "about": ABOUT,
        "thumbnails": {path: PNG},
        "explained": {"cnn-heat-0.png": PNG + b"!", "cnn-maps.png": PNG},
    }
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', report.render(found, **about))
    pair = [b64encode(png).decode() for png in (PNG, PNG + b"!")]
    assert pair in [images[i : i + 2] for i in range(len(images))]
    cold = [{**row, "heat": False} for row in found.explanation]
    assert "single cell" in report.render(replace(found, explanation=cold), **about)


@pytest.mark.usefixtures("undrawn")
def test_augmented_images_are_shown_only_where_there_are_some():
    sheet = {"cnn-augmented.png": PNG}
    text = report.render(findings(), about=ABOUT, thumbnails={}, explained=sheet)
    assert b64encode(PNG).decode() in text[text.index('id="data"') : text.index('id="search"')]
    assert "As training sees them" not in usual()


@pytest.mark.usefixtures("undrawn")
def test_doubtful_labels_say_what_they_rather_are_and_where_the_list_lies():
    text = usual()
    assert "reports/doubtful.csv" in text and text.count("rather <strong>") == 12
    assert "No label of a validation or test image is in doubt" in render(replace(findings(), doubtful=[]))


@pytest.mark.usefixtures("undrawn")
def test_models_that_nothing_tells_apart_are_named_together():
    assert "Not distinguishable on these images: <bdi>cnn</bdi>, <bdi>mobilenet</bdi>" in usual()
    apart = {**findings().comparison, "groups": [["cnn"], ["mobilenet"]]}
    assert "Not distinguishable on these" not in render(replace(findings(), comparison=apart))


def test_the_learning_curve_says_with_how_many_images_transfer_pays():
    text = re.sub(r"<[^>]+>", "", usual())
    assert (
        "With 11, 112, 280 and 560 training images it does: the interval of mobilenet lies above that of cnn. With"
        in text
    )
    assert "With 1,120 training images the intervals overlap, so that neither is proven ahead. mobilenet" in text
    assert "mobilenet with 1,120 images is at least as accurate as cnn with 1,120." in text
    assert "cnn rose from 0.690 with 560 images to 0.990 with 1,120; the intervals do not overlap" in text


@pytest.mark.usefixtures("undrawn")
def test_without_a_learning_curve_nothing_is_said_of_it():
    text = render(replace(findings(), learning_curve=[]))
    assert "transfer pay" not in text and 'href="#learning"' not in text


@pytest.mark.usefixtures("undrawn")
def test_a_learning_curve_of_one_model_compares_it_with_nothing():
    text = render(findings(models=("cnn",)))
    assert "Do more images pay?" in text and "No pretrained backbone was measured" in text
    one = render(replace(findings(), learning_curve=findings().learning_curve[-1:]))
    assert "rise" not in one[one.index('id="learning"') : one.index('id="errors"')]


def test_a_card_has_the_usual_sections_and_numbers_of_the_files():
    found = findings(classes=("a", "b"))
    text = cards.card(found, "cnn", about=ABOUT)
    sections = ["Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
                "Quantitative analyses", "Ethical considerations", "Caveats and recommendations"]  # fmt: skip
    assert re.findall("^## (.+)$", text, re.MULTILINE) == sections
    assert "198,058 parameters" in text and "| Accuracy | 0.930 (0.918 to 0.942) |" in text
    assert "the champion, version 3" in text and "not pretrained" not in text
    other = cards.card(found, "mobilenet", about=ABOUT)
    assert "the champion" not in other and "random: the backbone was not pretrained" in other


def test_hostile_names_are_text_in_a_card():
    text = cards.card(findings(classes=HOSTILE), "cnn", about={**ABOUT, "dataset": "<i>|x"})
    assert "\\<script\\>" in text and "\\<i\\>\\|x" in text and "<script>" not in text
    assert not re.search(r"\b(None|nan|null)\b", text)


def visited(tab):
    """What a page writes to the console in ten seconds of its life, and the addresses that it asks for."""
    tab.pass_time(10_000)
    said = tab.seen("Runtime.consoleAPICalled") + tab.seen("Runtime.exceptionThrown") + tab.seen("Log.entryAdded")
    return said, {each["request"]["url"] for each in tab.seen("Network.requestWillBeSent")}


def test_no_request_leaves_the_page_and_the_console_stays_empty(tmp_path, opened):
    page = tmp_path / "page.html"
    page.write_text(hostile(), encoding="utf-8")
    with opened(page) as tab:
        said, asked = visited(tab)
    assert said == [] and {address for address in asked if not address.startswith("data:")} == {page.as_uri()}


def test_the_browser_tells_what_a_page_asks_for_and_says(tmp_path, opened):
    """So that the test above can fail: at once, and later."""
    page = tmp_path / "page.html"
    later = "setTimeout(() => { console.log(1); fetch('http://example.net/later'); }, 5000)"
    page.write_text(f'<img src="http://example.org/x.png"><script>{later}</script>')
    with opened(page) as tab:
        said, asked = visited(tab)
    assert asked == {page.as_uri(), "http://example.org/x.png", "http://example.net/later"}
    assert [each["args"][0]["value"] for each in said if "args" in each] == [1]
