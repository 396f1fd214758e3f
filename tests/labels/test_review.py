"""labels.review: a list of label issues, or the reason why there is none."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom import label_review
from darkroom.labels import known_errors, pixels, review
from darkroom.labels.config import LabelsConfig, LabelsPaths
from darkroom.packed_data import Split

CLASSES = tuple("0123456789")
PIXELS, DIGITS = load_digits(return_X_y=True)
IMAGES = np.rint(PIXELS * 15).astype(np.uint8).reshape(-1, 8, 8, 1)
BOUNDS = {"train": (0, 700), "val": (700, 800), "test": (800, 1100)}
CONFIG = LabelsConfig(DEFAULTS.labels, [], SimpleNamespace(seed=1))


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Fewer repetitions, and fewer features."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_errors, "FLIPPED", 20)
        patch.setattr(pixels, "LANDMARKS", 200)
        yield


def split(name: str, labels=DIGITS, images=IMAGES, clusters=None) -> Split:
    first, last = BOUNDS[name]
    paths = tuple(f"{row}.png" for row in range(first, last))
    clusters = np.arange(last - first) if clusters is None else clusters
    return Split(images[first:last], labels[first:last], paths, clusters, CLASSES, {})


def reviewed(labels=DIGITS, images=IMAGES, config=CONFIG) -> label_review.LabelReview:
    data = {name: split(name, labels, images) for name in BOUNDS}
    return review.review(data, config, LabelsPaths(Path("models"), None), code=())


@pytest.fixture(scope="module")
def wrong() -> dict[str, int]:
    """Images whose label is changed, with their true class: 20 of train, 9 of val and 9 of test."""
    rows = [*range(0, 700, 35), *range(705, 800, 11), *range(805, 1100, 35)]
    return {f"{row}.png": int(DIGITS[row]) for row in rows}


@pytest.fixture(scope="module")
def found(wrong) -> label_review.LabelReview:
    labels = DIGITS.copy()
    for path in wrong:
        row = int(path.removesuffix(".png"))
        labels[row] = (labels[row] + 3) % 10
    return reviewed(labels)


@pytest.mark.parametrize("names", [{"train"}, {"val", "test"}])
def test_wrong_labels_are_found_and_corrected(found, wrong, names):
    """Of as many images by chance, 1 in 20 to 35 would be right."""
    rows = {row for name in names for row in range(*BOUNDS[name])}
    planted = {path: true for path, true in wrong.items() if int(path.removesuffix(".png")) in rows}
    listed = {row["path"]: row["suggested"] for row in found.issues if row["split"] in names}
    right = [path for path, true in planted.items() if listed.get(path) == str(true)]
    assert len(right) >= 0.5 * len(planted) and len(right) >= 0.5 * len(listed)


def test_the_least_probable_label_comes_first(found):
    assert [row["p_label"] for row in found.issues] == sorted(row["p_label"] for row in found.issues)
    assert {row["model"] for row in found.issues} == {"pixels"} == {found.quality["model"]}


def test_the_list_says_how_right_it_is(found):
    """20 of 700 training labels are wrong, 0.029; the estimate is of 175 images and has a standard error of 0.013."""
    quality = found.quality
    assert quality["reason"] is None and quality["images"] == 700
    assert quality["accuracy"] > 0.9 and quality["wrong"] == pytest.approx(0.029, abs=0.03)
    for known in quality["known_errors"].values():
        assert known["flipped"] >= 20 and known["precision"] >= 0.5 and known["recall"] >= 0.5
    assert 0.5 <= quality["right"] <= 1


def test_no_label_of_a_test_image_decides_about_another_image(found, wrong):
    """With all test labels of one class, the training and validation images get the same list."""
    labels = DIGITS.copy()
    for path in wrong:
        labels[int(path.removesuffix(".png"))] = (wrong[path] + 3) % 10
    labels[800:] = 0
    others = [row for row in reviewed(labels).issues if row["split"] != "test"]
    assert others == [row for row in found.issues if row["split"] != "test"]


@pytest.mark.parametrize(
    ("noise", "reason"),
    [
        (0.6, "of such a list would be right: pixels agrees with no more"),
        (1.0, "of the labels that were flipped on purpose were found: pixels"),
    ],
)
def test_a_weak_model_gives_no_list_and_says_why(noise, reason):
    """Its mistakes look like wrong labels; a very weak one questions next to nothing."""
    random = np.random.default_rng(0).integers(0, 256, IMAGES.shape)
    result = reviewed(images=(noise * random + (1 - noise) * IMAGES).astype(np.uint8))
    assert result.quality["accuracy"] < 0.8 and result.quality["wrong"] is None
    assert result.issues == [] and reason in result.quality["reason"]


def test_labels_that_cannot_be_examined_have_no_list():
    def reason(train=None, **values):
        config = LabelsConfig(changed(DEFAULTS.labels, **values), [], SimpleNamespace(seed=1))
        result = review.review({"train": train or split("train")}, config, LabelsPaths(Path("models"), None), code=())
        assert result.issues == [] and result.quality["model"] is None
        return result.quality["reason"]

    assert reason(method="none") == "labels.method is none"
    assert reason(split("train", clusters=np.arange(700) // 10)).startswith(
        "70 independent training images are too few"
    )


def test_what_is_written_is_read_back(found, tmp_path):
    label_review.write(found, tmp_path / "issues.csv", tmp_path / "quality.json")
    assert label_review.read(tmp_path / "issues.csv", tmp_path / "quality.json") == found
