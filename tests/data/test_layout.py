"""layout.read: labels and sides from folder names (rows F01 to F14)."""

import pytest

from darkroom.data import layout
from darkroom.errors import DataError


def test_class_folders_give_labels_and_leave_the_side_open(folder):
    found = layout.read(folder(["cats/1.jpg", "dogs/1.jpg", "dogs/2"]))
    assert found.pictures == (
        ("cats/1.jpg", "cats", "", ""),
        ("dogs/1.jpg", "dogs", "", ""),
        ("dogs/2", "dogs", "", ""),
    )


def test_split_folders_give_sides_whatever_their_spelling(folder):
    found = layout.read(folder(["Training_Set/a/1.jpg", "Training_Set/b/1.jpg", "valid/a/2.jpg", "test/b/3.jpg"]))
    assert [(picture.label, picture.split) for picture in found.pictures] == [
        ("a", "train"),
        ("b", "train"),
        ("b", "test"),
        ("a", "val"),
    ]


def test_a_prediction_folder_is_kept_aside_and_never_a_class(folder):
    found = layout.read(folder(["train/a/1.jpg", "train/b/1.jpg", "single_prediction/1.jpg", "test/7.jpg"]))
    assert found.aside == ("single_prediction/1.jpg", "test/7.jpg")
    assert {picture.label for picture in found.pictures} == {"a", "b"}


def test_files_that_are_no_pictures_are_listed_not_scanned(folder):
    found = layout.read(folder(["cats/1.jpg", "dogs/1.jpg", "cats/notes.txt", "labels.csv", "cats/.x/1.jpg"]))
    assert found.strays == ("cats/notes.txt", "labels.csv") and len(found.pictures) == 2


@pytest.mark.parametrize("label", ["nan", "no", "007", "-v", "null", "1e3", "été", "a b"])
def test_a_class_may_have_any_name(folder, label):
    found = layout.read(folder([f"{label}/1.jpg", "other/1.jpg"]))
    assert label in {picture.label for picture in found.pictures}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["cats/1.jpg", "cats/2.jpg"], "E_ONE_CLASS"),
        (["1.jpg", "2.jpg"], "E_LAYOUT"),
        (["train/1.jpg", "test/2.jpg"], "E_LAYOUT"),
        (["train/a/1.jpg", "train/b/1.jpg", "cats/1.jpg"], "E_LAYOUT"),
        (["val/a/1.jpg", "test/b/1.jpg"], "E_LAYOUT"),
        (["train/a/1.jpg", "training/a/2.jpg", "train/b/1.jpg"], "E_SPLIT_AMBIGUOUS"),
        (["train/a/1.jpg", "train/b/1.jpg", "test/zebra/1.jpg"], "E_UNKNOWN_CLASS"),
        (["animals/cats/1.jpg", "plants/rose/1.jpg"], "E_NESTED_CLASSES"),
        (["train/a/x/1.jpg", "train/b/1.jpg"], "E_NESTED_CLASSES"),
        (["Cat/1.jpg", "cat/2.jpg"], "E_CLASS_ALIAS"),
        (["notes.txt"], "E_LAYOUT"),
    ],
)
def test_folders_that_do_not_tell_the_class_stop_the_line(folder, names, code):
    with pytest.raises(DataError) as fault:
        layout.read(folder(names))
    assert fault.value.code == code and fault.value.exit_code == 3 and "\n" not in str(fault.value)


def test_a_flat_folder_is_told_the_expected_layout(folder):
    with pytest.raises(DataError, match="expected cats/1.jpg, dogs/2.jpg, … or train/cats/1.jpg"):
        layout.read(folder(["1.jpg"]))
