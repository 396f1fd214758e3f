"""A report context as the pipeline would leave it, written with the writers of its records and read back."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

from darkroom import evaluation_folder, label_review, verdict
from darkroom.evaluation_folder import (
    Bin,
    Calibration,
    Cost,
    Explanation,
    ModelEvaluation,
    Slice,
    Threshold,
    ValidationScores,
)  # fmt: skip
from darkroom.label_review import KnownErrors, LabelIssue, LabelQuality, LabelReview
from darkroom.metrics.design import TestSet
from darkroom.metrics.intervals import Score
from darkroom.metrics.ranking import Pair, Ranked
from darkroom.metrics.roc import RocPoint
from darkroom.metrics.significance import Comparison
from darkroom.report import context, page_figures, report
from darkroom.report.records import Best, Champion, CurvePoint, Fresh, Registration
from darkroom.runtime import files
from darkroom.verdict import Expectation, Verdict

RUN = context.RunInfo(dataset="shapes", seed=1, data="c0ffee" * 10)
METRICS = ("accuracy", "balanced_accuracy", "precision_macro", "f1_macro", "roc_auc", "log_loss", "brier", "ece")
CLASSES, MODELS = ("cat", "dog", "owl"), ("cnn", "mobilenet")
PER_CLASS = 4  # test images of each class
HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" & 'so' `x`",
    "{{ 7 * 7 }} $x^2$ | _b_",
    "שלום עולם",
    "🐶‍🦺",
    "bell\x07\u202e",
    "x" * 300,
    "<img src=x onerror=alert(1)>",
]
PNG = b"\x89PNG\r\n\x1a\nnot really"
DRAW = page_figures.draw
CHAMPION_COLUMNS = ("when", "version", "model", "digest", "metric", "value", "low", "high", "n", "by", "reason")


def record(kind: type, **values) -> dict:
    """A TypedDict with the keys of its type and no others: a changed record fails here."""
    assert kind.__required_keys__ <= values.keys() <= kind.__annotations__.keys(), (kind, sorted(values))
    return values


def score(value: float | None) -> dict:
    low, high = (None, None) if value is None else (value - 0.0123456789, min(1.0, value + 0.0123456789))
    return record(Score, value=value, low=low, high=high)


def report_context(classes=CLASSES, models=MODELS, *, trials=6, dataset="shapes", **changes) -> context.ReportContext:
    """Of each class the first image is an error, less confident from class to class; all models predict alike."""
    contents = {
        "validation": validation(classes),
        "trials": trial_rows(trials),
        "best": best(trials),
        "evaluation": {model: evaluation(model, classes, first=model == models[0]) for model in models},
        "metrics": {m: {name: score(0.93 - 0.1 * i) for name in METRICS} for i, m in enumerate(models)},
        "cost": [cost(model, i) for i, model in enumerate(models)],
        "learning_curve": learning_curve(models),
        "comparison": comparison(models, PER_CLASS * len(classes)),
        "registration": registration(models[0], PER_CLASS * len(classes)),
        "champions": champions(models),
    }
    rows = {"trials": _write_trials, "champions": _write_champions}
    writers = {"validation": verdict.write, "evaluation": _write_evaluation, **rows}
    with tempfile.TemporaryDirectory() as folder:
        sources = context.Sources(**{name: Path(folder, name) for name in context.Sources._fields})
        for name, content in contents.items():
            writers.get(name, files.write_json)(getattr(sources, name), content)
        label_review.write(labels(classes), sources.label_issues, sources.label_quality)
        return replace(context.read(sources, RUN._replace(dataset=dataset)), **changes)


def with_evaluation(report: context.ReportContext, model: str, **fields) -> context.ReportContext:
    """The context with other fields in the evaluation of one model."""
    changed = replace(report.evaluations[model], **fields)
    return replace(report, evaluations={**report.evaluations, model: changed})


def page(content: context.ReportContext, thumbnails: dict[str, bytes] | None = None) -> str:
    return report.page(content, thumbnails or {})


@cache
def usual():
    """The page of the example, with its figures in any case."""
    with patch.object(page_figures, "draw", DRAW):
        return page(report_context())


@cache
def hostile():
    return page(report_context(HOSTILE, dataset="a" * 60))


@cache
def hundred():
    return page(report_context([f"class {i}" for i in range(100)], dataset="a" * 60))


def _write_evaluation(path: Path, evaluations: dict[str, ModelEvaluation]) -> None:
    n = len(next(iter(evaluations.values())).predictions)
    evaluation_folder.write(path, evaluations, record(TestSet, images=n, clusters=n - 1, given=False))


def _write_trials(path: Path, rows: list[dict]) -> None:
    files.write_rows(path, rows[0] if rows else ("trial", "error"), rows)


def _write_champions(path: Path, rows: list[dict]) -> None:
    files.write_rows(path, CHAMPION_COLUMNS, rows)


def champions(models) -> list[dict]:
    """Rows of champions.csv: each of the models was champion, the last by a person and never judged."""
    scores = [{"metric": "accuracy", "value": 0.9, "low": 0.8, "high": 0.95, "n": 50}] * (len(models) - 1)
    scores.append(dict.fromkeys(("metric", "value", "low", "high", "n")))
    named = {"when": "2026-11-27T01:02:03+00:00", "digest": "0123456789abcdef"}
    by = ["gate"] * (len(models) - 1) + ["promoted by a person"]
    return [
        {**named, "version": number, "model": model, "by": by[number], "reason": "<b>it won</b>", **scores[number]}
        for number, model in enumerate(models)
    ]


def validation(classes) -> dict:
    expectation = record(
        Expectation, name="balance", severity="warning", success=True, follows="", code="E_IMBALANCE",
        sentence="the largest class is at most 20 times", observed="1.05172", fix="add images",
    )  # fmt: skip
    return record(
        Verdict, success=True, images=17 * len(classes), classes=list(classes), bad=[], duplicates=[],
        counts={name: {"train": 10, "val": 3, "test": PER_CLASS} for name in classes},
        near_duplicates={"pairs": 0, "first": []}, shortcuts=[], expectations=[expectation],
        notes=["dropped: 2 <b>"], unlabelled=[], other_files=[],
    )  # fmt: skip


def trial_rows(count: int) -> list[dict]:
    return [
        {"trial": t, "status": "COMPLETED", "epochs": 10, "val_loss": 0.4 / (t + 1), "val_accuracy": 0.91 + t / 100,
         "filters": 16 * (1 + t % 2), "head": "flatten", "error": ""}
        for t in range(count)
    ]  # fmt: skip


def best(trials: int) -> dict:
    values = {"filters": 32, "batch_norm": True, "learning_rate": 0.002, "head": "flatten", "dropout": 0.0}
    if not trials:
        return record(Best, algorithm="none", trial=None, values=values)
    scores = {"val_loss": 0.4 / trials, "val_accuracy": 0.9 + trials / 100}
    return record(Best, algorithm="random", trial=trials - 1, values=values, **scores)


def evaluation(model: str, classes, *, first: bool) -> ModelEvaluation:
    predictions = prediction_rows(classes)
    quality = {name: score(0.1 + i / 9) for i, name in enumerate(("log_loss", "brier", "ece", "ece_by_chance"))}
    empty = {"n": 0, "confidence": None, **score(None)}
    bins = [
        record(Bin, bin_low=i / 15, bin_high=(i + 1) / 15, n=i, confidence=i / 15 + 0.03, **score(i / 15))
        for i in range(15)
    ]
    return ModelEvaluation(
        facts={
            "name": model, "architecture": "tunable" if first else model, "pretrained": None if first else False,
            "params": {"train.epochs": 40, "train.learning_rate": 0.0015}, "parameters": 198058, "epochs": 7,
            "best_epoch": 6, "versions": {"python": "3.11.9", "keras": "3.15.1"},
        },
        history=[
            {"epoch": e, "loss": 1.7 / e, "accuracy": 1 - 0.6 / e, "val_loss": (2.9 - first) / e,
             "val_accuracy": 0.9 - 0.5 / e}
            for e in range(1, 8)
        ],
        per_class=[class_row(name, undefined=i == 0) for i, name in enumerate(classes)],
        predictions=predictions,
        roc_curves=[
            record(RocPoint, label=name, threshold=1 - t / 3, false_positive_rate=t / 6, recall=t / 3, precision=0.5)
            for name in classes for t in range(1, 4)
        ],
        calibration=record(
            Calibration, temperature=score(0.8345678), fit="fitted", errors=23, before=quality, after=quality,
            change=score(-0.0234567), effect="helps", bins=[{**bins[0], **empty}, *bins[1:]], bins_after=bins,
        ),
        threshold=threshold(classes[1]) if len(classes) == 2 else None,
        slices=[
            record(
                Slice, property="brightness", slice=f"0.{i} to 0.{i + 1}", n=25 + i, **score(0.7 + i / 10),
                small=i == 0, p=0.0012345, p_corrected=0.00493827 if i == 0 else 0.51234567,
            )
            for i in range(3)
        ],
        explanation=record(
            Explanation, mistakes=[0], correct=[1, PER_CLASS + 1], heatmaps=first, filters=[8, 3, 3, 1],
            feature_maps=[{"layer": "conv_1", "shape": [8, 8, 10]}], feature_maps_row=PER_CLASS + 1,
        ),
        figures={"confusion": "<svg/>"},
        images={},
        validation=record(ValidationScores, log_loss=0.4567),
    )  # fmt: skip


def labels(classes) -> LabelReview:
    """Fifteen questioned labels, or as many as there are test images, every other one of a test image."""
    issues = [
        record(
            LabelIssue, path=row["path"], split="test" if i % 2 else "train", label=row["label"],
            suggested=classes[-1], p_label=0.012345, p_suggested=0.912345, model="pixels",
        )
        for i, row in enumerate(prediction_rows(classes)[:15])
    ]  # fmt: skip
    known = {
        rate: record(KnownErrors, flipped=100, recall=0.74, precision=precision)
        for rate, precision in (("0.03", 0.82), ("0.01", 0.61))
    }
    quality = record(
        LabelQuality, method="features", model="pixels", folds=5, images=1000, accuracy=0.95,
        candidates={"pixels": 0.95}, wrong=0.0123, listed=8, right=0.65, known_errors=known, reason=None,
    )  # fmt: skip
    return LabelReview(issues, quality)


def prediction_rows(classes) -> list[dict]:
    rows, k = [], len(classes)
    for row in range(k * PER_CLASS):
        label = row // PER_CLASS
        predicted = (label + 1) % k if row % PER_CLASS == 0 else label
        confidence = 0.95 - 0.3 * label / k
        probabilities = [confidence if i == predicted else (1 - confidence) / (k - 1) for i in range(k)]
        names = {
            "path": f"{classes[label]}/{row:04}.png",
            "cluster": row,
            "label": classes[label],
            "predicted": classes[predicted],
        }
        rows.append({"row": row, **names, **{f"p_{c}": p for c, p in zip(classes, probabilities, strict=True)}})
    return rows


def class_row(name: str, *, undefined: bool) -> dict:
    row = {"label": name, "support": PER_CLASS}
    for metric in ("precision", "recall", "f1", "roc_auc"):
        row |= {metric: 0.7512345678, f"{metric}_low": 0.6512345678, f"{metric}_high": 0.8512345678}
    return {**row, "precision": None} if undefined else row


def threshold(positive: str) -> dict:
    names = ("accuracy", "recall", "specificity", "precision", "f1")
    chosen, half = (dict.fromkeys(names, score(value)) for value in (0.87, 0.83))
    return record(Threshold, positive=positive, criterion="youden", threshold=0.4173, chosen=chosen, half=half)


def cost(model: str, i: int) -> dict:
    latency = record(Score, value=1.23 + i, low=1.11 + i, high=2.34 + i)
    return record(
        Cost, model=model, latency_ms=latency, throughput=8765 - i, batch=256, machine="arm", system="Linux", cores=4,
        bytes=864777, multiply_adds=6104320,
    )  # fmt: skip


def learning_curve(models) -> list[dict]:
    rows = []
    for i, model in enumerate(models):
        for fraction in (0.01, 0.1, 0.25, 0.5, 1.0):
            repeated = fraction < 0.5
            rows.append(record(
                CurvePoint, model=model, fraction=fraction, images=int(1120 * fraction), trainings=3 if repeated else 1,
                test_images=1000, test_clusters=990, accuracy=round(0.99 - 0.3 * (1 - fraction) * (2 - i), 3),
                sd=0.004 if repeated else None, se=0.0119, se_from_scratch=0.0091 if i else None,
                se_from_scratch_all=0.0092 if i else None, se_from_before=0.0093 if fraction > 0.01 else None,
            ))  # fmt: skip
    return rows


def comparison(models, n: int) -> dict:
    ranking = [record(Ranked, model=m, rank=1, tied_with=[], **score(0.93 - 0.1 * i)) for i, m in enumerate(models)]
    pairs = [
        record(
            Pair, a=a, b=b, difference=0.0213456789, low=-0.00123, high=0.04321, p=0.03456789,
            p_corrected=0.0691357, verdict="not distinguishable", test="McNemar, mid-p",
        )
        for a, b in zip(models, models[1:], strict=False)
    ]  # fmt: skip
    return record(
        Comparison, metric="accuracy", n=n, clusters=n - 1, confidence=0.95, ranking=ranking, groups=[list(models)],
        pairs=pairs, best=models[0], recipes=None, sentence=f"{models[0]} leads with accuracy 0.930",
    )  # fmt: skip


def registration(model: str, n: int) -> dict:
    fresh = record(Fresh, n=40, clusters=38, **score(0.91))
    champion = record(Champion, version=3, model=model, reason="it was the first", **score(0.93))
    return record(
        Registration, name="shapes-classifier", candidate=model, version=3, promoted=True, metric="accuracy",
        reason="it is significantly better: +0.0210 (p = 0.00412)", n=n, clusters=n - 1, looks=7, fresh=fresh,
        champion=champion,
    )  # fmt: skip
