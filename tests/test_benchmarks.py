"""The benchmarks run, so that the figures in reports/benchmarks can be reproduced."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks import additions, blends, ingest, interleave, scaling
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(1)
    for number in range(12):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (40, 30, 3), np.uint8)).save(path)
    return tmp_path / "images"


@pytest.mark.parametrize(
    "variant", ["darkroom", "pil_one_process"]
)  # the others are calls of TensorFlow, 8 s to import
def test_a_variant_takes_time_and_leaves_the_images_alone(folder, variant):
    before = {path: path.read_bytes() for path in ingest.jpegs(folder)}
    assert ingest.VARIANTS[variant](folder, 16).seconds > 0
    assert len(before) == 12 and before == {path: path.read_bytes() for path in ingest.jpegs(folder)}


def test_a_ratio_is_that_of_one_round(folder, monkeypatch):
    spent = {"darkroom": [[2.0, 9.0], [4.0, 9.0], [1.0, 9.0]], "tf_data": [[1.0, 18.0], [8.0, 18.0], [1.0, 18.0]]}
    monkeypatch.setattr(ingest, "VARIANTS", dict.fromkeys(spent))
    monkeypatch.setattr(interleave, "run_alone", lambda module, _, variant, *words: spent[variant].pop(0))
    result = ingest.compare(folder, 16, 3)
    assert result["ratios"] == {"tf_data": {"median": 1.0, "min": 0.5, "max": 2.0, "n": 3}}
    assert result["processor_ratios"] == {"tf_data": {"median": 2.0, "min": 2.0, "max": 2.0, "n": 3}}


def test_a_variant_that_fails_ends_the_benchmark_with_its_own_words():
    with pytest.raises(SystemExit, match="invalid int value"):
        interleave.run_alone(
            "benchmarks.ingest", "--variant", "pil_one_process", "--data", "/dev/null/absent", "--size", "x"
        )


def test_enlarged_images_are_jpegs_of_the_given_size_in_two_classes(folder, tmp_path):
    ingest.enlarge(folder, tmp_path / "large", 80)
    result = ingest.jpegs(tmp_path / "large")
    assert len(result) == 12 and {path.parent.name for path in result} == {"a", "b"}
    for path in result:
        with Image.open(path) as image:
            assert (image.format, image.size) == ("JPEG", (80, 107))


def test_the_committed_figures_are_those_of_all_variants():
    reports = json.loads(Path("reports/benchmarks/ingest.json").read_text())
    assert len(reports) == 3  # small images packed at two sizes, and large ones
    for result in reports.values():
        assert result["ratios"].keys() == ingest.VARIANTS.keys() - {"darkroom"}
        ratios = result["ratios"].values()
        assert all(ratio["min"] <= ratio["median"] <= ratio["max"] and ratio["n"] >= 3 for ratio in ratios)


def test_added_images_are_the_last_ones_of_each_folder_alike():
    names = [f"{folder}/{number}.jpg" for folder in "ab" for number in range(9)]
    assert additions._last(names, 4) == ["a/7.jpg", "a/8.jpg", "b/7.jpg", "b/8.jpg"]


def test_blends_of_the_same_two_pictures_have_one_class():
    pixels = np.stack([np.zeros((8, 8, 3), "uint8"), np.full((8, 8, 3), 255, "uint8")])
    made = blends.pictures(blends.Originals(pixels, ["black", "white"]), 40)
    means = [(name.split("/")[0], np.asarray(Image.open(io.BytesIO(jpeg))).mean()) for name, jpeg in made]
    assert {label for label, mean in means if 64 < mean < 192} == {"black"}
    assert {label for label, _ in means} == {"black", "white"}


def test_images_are_scanned_and_packed_to_measure_how_a_cluster_scales(folder, monkeypatch):
    monkeypatch.chdir(".")  # so that it is the current folder again afterwards
    store = scaling._prepare(folder, folder.parent / "project")
    run = scaling.scan_and_pack("local-1", store, 12)
    assert run.seconds > 0 and run.own_mib >= 0 and run.head_mib == 0
