"""evaluate.slices: where a model fails."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from darkroom.evaluate import slices
from darkroom.metrics.design import Design, independent

RNG = np.random.default_rng(0)


def images(n=400, **columns):
    return [{"path": str(i), **{name: str(values[i]) for name, values in columns.items()}} for i in range(n)]


def by_property(rows, correct, clusters=None):
    design = independent(len(rows)) if clusters is None else Design(clusters, given=False)
    return slices.by_property(rows, correct, design, confidence=0.95)


def test_a_model_that_fails_on_dark_images_is_noticed():
    brightness = RNG.random(400)
    correct = RNG.random(400) < np.where(brightness < 0.25, 0.5, 0.95)
    rows = by_property(images(brightness=brightness, sharpness=RNG.random(400)), correct)
    proven = [row for row in rows if row["p_corrected"] < 0.001 and row["value"] < 0.8]
    assert [(row["property"], row["slice"].split(" to ")[0] < "0.1") for row in proven] == [("brightness", True)]


def test_every_image_with_a_number_is_in_one_slice_of_a_property():
    width = RNG.choice([16, 32, 64, 128, 500], 400)
    rows = by_property(images(width=width), RNG.random(400) < 0.5)
    assert sum(row["n"] for row in rows) == 400
    assert {row["property"] for row in rows} == {"width"}


def test_values_and_p_are_those_of_the_images_in_the_slice():
    group = np.repeat(["camera", "phone"], [25, 375])
    correct = np.arange(400) % 5 > 0
    camera, phone = by_property(images(group=group), correct)
    assert (camera["slice"], camera["n"], camera["value"], camera["small"]) == ("camera", 25, 0.8, True)
    assert (phone["n"], phone["value"], phone["small"]) == (375, 0.8, False)
    assert camera["p"] == pytest.approx(fisher_exact([[20, 5], [300, 75]]).pvalue)
    assert camera["low"] < 0.8 < camera["high"] and phone["high"] - phone["low"] < camera["high"] - camera["low"]


def test_a_property_that_is_missing_or_the_same_everywhere_has_no_slices():
    rows = images(mode=["L"] * 400, height=[16] * 400)
    assert by_property(rows, np.ones(400, bool)) == []
    assert by_property([{**row, "brightness": ""} for row in rows], np.ones(400, bool)) == []


def test_images_without_the_number_are_in_no_slice():
    rows = [{"path": str(i), "contrast": "" if i < 10 else str(i)} for i in range(400)]
    assert sum(row["n"] for row in by_property(rows, np.ones(400, bool))) == 390


def test_two_values_make_two_slices():
    rows = by_property(images(width=np.repeat([10, 20], [390, 10])), np.ones(400, bool))
    assert sum(row["n"] for row in rows) == 400 and len(rows) <= 2


def test_a_slice_that_is_one_group_proves_nothing():
    group = np.repeat([f"patient {i}" for i in range(10)], 40)
    correct = group != "patient 3"
    alone, together = (
        by_property(images(group=group), correct),
        by_property(images(group=group), correct, np.arange(400) // 40),
    )
    assert min(row["p_corrected"] for row in alone) < 1e-10
    assert min(row["p_corrected"] for row in together) > 0.5
    (patient,) = (row for row in together if row["slice"] == "patient 3")
    assert (patient["value"], patient["n"], patient["small"]) == (0, 40, True) and patient["high"] > 0.5
