"""shortcuts: rules that identify a class without its content, and no others."""

import numpy as np
import pytest

from darkroom.dataset.image_stats import BORDER
from darkroom.validate import shortcuts

LIMIT = 0.7
PER_CLASS = 30  # images of a class
PLAIN = {"group": "", "format": "JPEG", "mode": "RGB", "width": 64, "height": 64, "bytes": 3000, "colour": 20.0}


def usual(number, rng):
    """An image like any other of its set, of random light and bytes."""
    light = {name: float(rng.uniform(10, 90)) for name in ("brightness", "contrast", "sharpness", *BORDER)}
    return {**PLAIN, **light, "stem": f"img_{number:04}", "bytes": int(rng.integers(1000, 3000)), "cluster": ""}


def data_set(classes, change, *, lacked=False, varied=None, per_class=PER_CLASS):
    """Images of some classes: those of the first, or where `lacked` all others, are changed, the rest `varied`."""
    rng = np.random.default_rng(classes)
    rows = []
    for label in "abcde"[:classes]:
        for number in range(per_class):
            facts = usual(len(rows), rng)
            special = (label == "a") != lacked
            facts |= change if special else (varied(number) if varied else {})
            path = f"{label}/{facts.pop('stem')}-{len(rows)}.{facts['format'].lower()}"
            rows.append({**facts, "path": path, "label": label, "cluster": path, "pixels": path})
    return rows


def warned(rows, limit=LIMIT):
    return [row for row in shortcuts.find(rows, limit) if row["score"] > limit]


def sizes(number):
    return {"width": 40 + number * 7 % 50, "height": 40 + number * 11 % 50}


SHORTCUTS = {
    "size": ({}, sizes, "size"),
    "proportions": ({"width": 80, "height": 40}, lambda n: {"width": 40 + n, "height": 40 + n}, "size"),
    "format": ({"format": "PNG"}, lambda n: {"format": ("JPEG", "BMP", "WEBP")[n % 3]}, "format"),
    "mode": ({"mode": "L"}, None, "colouring"),
    "grey": ({"colour": 0.5}, None, "colouring"),
    "bytes": ({"bytes": 5000}, None, "bytes"),
    "border": ({"border_red": 200.0, "border_spread": 1.0}, None, "border"),
    "light": ({"brightness": 200.0}, None, "light"),
    "length": ({"stem": "long_name"}, lambda n: {"stem": "x" * (1 + n % 5)}, "file name"),
    "file name": ({"stem": "scan"}, lambda n: {"stem": ("img", "dsc", "photo")[n % 3]}, "file name"),
}


@pytest.mark.parametrize("lacked", [False, True], ids=["had", "lacked"])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("name", SHORTCUTS)
def test_what_one_class_has_or_lacks_is_found_and_reported_once(name, classes, lacked):
    change, varied, family = SHORTCUTS[name]
    (shortcut,) = warned(data_set(classes, change, lacked=lacked, varied=varied))
    assert (shortcut["class"], shortcut["property"]) == ("a", family)
    assert shortcut["inside"] > 0.9 and shortcut["outside"] < 0.1 and shortcut["balanced_accuracy"] > 0.9


def test_a_class_that_lacks_the_size_of_all_others_has_a_rule_in_words():
    (shortcut,) = warned(data_set(3, {}, lacked=True, varied=sizes))
    assert shortcut["rule"] == "another size than 64 x 64 pixels"
    assert (shortcut["inside"], shortcut["outside"], shortcut["balanced_accuracy"], shortcut["score"]) == (
        1.0,
        0.0,
        1.0,
        1.0,
    )


def test_a_range_is_a_rule_of_two_limits():
    (shortcut,) = warned(data_set(2, {"width": 60}, varied=lambda n: {"width": 50 if n % 2 else 70 + n}))
    assert shortcut["rule"] in {
        "the size 60 x 64 pixels",
        "a width of at most 65 pixels and a width of at least 55 pixels",
        "a width of at least 55 pixels and a width of at most 65 pixels",
    }


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("per_class", [3, 10, PER_CLASS])
def test_images_that_differ_by_chance_alone_warn_of_nothing(classes, per_class):
    assert warned(data_set(classes, {}, per_class=per_class)) == []


def test_images_that_are_all_alike_have_no_rule():
    alike = {**PLAIN, **dict.fromkeys(("brightness", "contrast", "sharpness", *BORDER), 1.0)}
    rows = [{**row, **alike, "path": f"{row['label']}/{n:03}.jpg"} for n, row in enumerate(data_set(2, {}))]
    assert shortcuts.find(rows, LIMIT) == []


def test_names_of_the_classes_are_no_shortcut():
    """`cats/cat.1.jpg` is how people name files; so are the numbers of one list over all classes."""
    rows = data_set(2, {})
    for number, row in enumerate(rows):
        row["label"] = "cats" if row["label"] == "a" else "golden_boxes"
        row["path"] = f"{row['label']}/{'Cat' if row['label'] == 'cats' else 'goldenbox'}.{number + 90}.jpeg"
    assert warned(rows) == []


def test_a_class_that_differs_in_content_needs_fewer_errors_than_one_that_differs_in_size():
    """A handwritten 1 is identified by its little ink nine times in ten: no shortcut. By size, that would be one."""
    dark = data_set(2, {})
    for number, row in enumerate(dark):
        low = (row["label"] == "a") != (number % 20 == 0)
        row["brightness"], row["width"] = (20.0, 64) if low else (80.0, 64)
    assert warned(dark) == []
    for row in dark:
        row["width"] = 32 if row["brightness"] == 20.0 else 64
    assert [row["property"] for row in warned(dark)] == ["size"]


def test_copies_never_prove_a_rule():
    """A class of one image many times: whatever it is like, no other image of the class confirms it."""
    rows = [{**row, "cluster": "one"} if row["label"] == "a" else row for row in data_set(2, {"width": 32})]
    assert warned(rows) == []


def test_a_source_of_one_class_only_is_a_shortcut():
    rows = data_set(2, {"group": "hospital 1"}, varied=lambda n: {"group": f"hospital {2 + n % 2}"})
    rows = [{**row, "cluster": row["group"]} for row in rows]
    assert [row["property"] for row in warned(rows)] == ["group"]


def test_a_small_class_among_many_is_judged_as_well():
    rows = data_set(2, {"format": "PNG"}, per_class=2000)
    few = [row for row in rows if row["label"] == "a"][:5]
    assert [row["property"] for row in warned([*few, *(row for row in rows if row["label"] == "b")])] == ["format"]


def test_the_same_rows_have_the_same_rules_and_large_sets_are_sampled(monkeypatch):
    monkeypatch.setattr(shortcuts, "INSIDE", 20)
    monkeypatch.setattr(shortcuts, "OUTSIDE", 40)
    rows = data_set(2, {"format": "PNG"})
    assert shortcuts.find(rows, LIMIT) == shortcuts.find(rows, LIMIT)
    assert [row["property"] for row in warned(rows)] == ["format"]
