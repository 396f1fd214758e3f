"""names: what names of files and folders mean."""

import pytest

from darkroom.data import names


@pytest.mark.parametrize(
    ("side", "folder"),
    [
        *(("train", name) for name in ("train", "Train", "TRAINING", "training_set", "train-set", "train images")),
        *(("val", name) for name in ("val", "valid", "validation", "dev", "Validation_Set")),
        *(("test", name) for name in ("test", "testing", "test_set", "eval", "testset")),
        *(("", name) for name in ("trains", "cats", "latest", "test_dogs", "validated", "single_prediction")),
    ],
)
def test_usual_spellings_of_a_split_are_known(side, folder):
    assert names.split_of(folder) == side


def test_a_prediction_folder_is_unlabelled():
    assert names.is_unlabelled("single_prediction") and names.is_unlabelled("seg_pred")
    assert not names.is_unlabelled("predators")


@pytest.mark.parametrize("name", ["a.jpg", "a.JPG", "a.jfif", "a.webp", "a.tiff", "noextension", "a.1"])
def test_a_picture_or_unknown_extension_is_given_a_chance(name):
    assert not names.is_stray(name)


@pytest.mark.parametrize("name", ["README.txt", "labels.csv", "clip.mp4", "inner.zip", "x.tar.gz", "notes.json"])
def test_another_extension_is_a_stray_file(name):
    assert names.is_stray(name)


@pytest.mark.parametrize(
    ("paths", "root"),
    [
        (["cats/1.jpg", "dogs/1.jpg"], ""),
        (["ds/cats/1.jpg", "ds/dogs/1.jpg"], "ds"),
        (["a/b/train/cats/1.jpg", "a/b/test/cats/1.jpg"], "a/b"),
        (["ds/cats/1.jpg", "ds/dogs/1.jpg", "README.txt"], "ds"),
        (["ds/cats/1.jpg"], "ds"),
        (["train/cats/1.jpg", "train/dogs/1.jpg"], ""),
        (["ds/cats/1.jpg", "x.jpg"], ""),
        (["1.jpg"], ""),
        ([], ""),
    ],
)
def test_outer_folders_that_say_nothing_are_the_root(paths, root):
    assert "/".join(names.common_root([path.split("/") for path in paths])) == root
