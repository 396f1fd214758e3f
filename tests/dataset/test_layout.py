"""layout.read: labels and splits from folder names (rows F01 to F14)."""

import os
import subprocess
import sys
from unicodedata import normalize

import pytest

from darkroom import manifest
from darkroom.dataset import layout
from darkroom.image_store.reading import open_store
from darkroom.ingest import sources
from darkroom.runtime.errors import DataError


def test_class_folders_give_labels_and_leave_the_split_open(stored):
    result = layout.read(stored(["cats/1.jpg", "dogs/1.jpg", "dogs/2"]))
    assert tuple(result.images) == (
        ("cats/1.jpg", "cats", "", ""),
        ("dogs/1.jpg", "dogs", "", ""),
        ("dogs/2", "dogs", "", ""),
    )


def test_split_folders_give_splits_in_any_spelling(stored):
    result = layout.read(stored(["Training_Set/a/1.jpg", "Training_Set/b/1.jpg", "valid/a/2.jpg", "test/b/3.jpg"]))
    assert [(image.label, image.split) for image in result.images] == [
        ("a", "train"),
        ("b", "train"),
        ("b", "test"),
        ("a", "val"),
    ]


def test_a_prediction_folder_is_unlabelled_and_never_a_class(stored):
    result = layout.read(stored(["train/a/1.jpg", "train/b/1.jpg", "single_prediction/1.jpg", "test/7.jpg"]))
    assert result.unlabelled == ("single_prediction/1.jpg", "test/7.jpg")
    assert {image.label for image in result.images} == {"a", "b"}


def test_files_that_are_no_images_are_listed_not_scanned(stored):
    result = layout.read(stored(["cats/1.jpg", "dogs/1.jpg", "cats/notes.txt", "inner.zip"]))
    assert result.other_files == ("cats/notes.txt", "inner.zip") and len(result.images) == 2


@pytest.mark.parametrize("label", ["nan", "no", "007", "-v", "null", "1e3", "été", "a b", "_cats", "@home", "#1", "x~"])
def test_a_class_may_have_any_name(stored, label):
    result = layout.read(stored([f"{label}/1.jpg", "other/1.jpg"]))
    assert label in {image.label for image in result.images}


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
        (["cats/1.jpg", "dogs/1.jpg", ".hidden/1.jpg"], "E_HIDDEN_FOLDER"),
        (["train/cats/1.jpg", "train/dogs/1.jpg", "train/.more/1.jpg"], "E_HIDDEN_FOLDER"),
        (["cats/1.jpg", "dogs/1.jpg", "cats/.x/1.jpg"], "E_HIDDEN_FOLDER"),
        (["cats/1.jpg", "dogs/1.jpg", "unlabeled/1.jpg"], "E_UNLABELLED"),
        (["train/cats/1.jpg", "train/dogs/1.jpg", "train/unsup/1.jpg"], "E_UNLABELLED"),
        (["train/cats/1.jpg", "train/dogs/1.jpg", "prediction/cats/1.jpg"], "E_UNLABELLED"),
        *((["cats/1.jpg", "dogs/1.jpg", f"{split}/1.jpg"], "E_LAYOUT") for split in ("train", "test", "eval", "dev")),
        (["cats/1.jpg", "dogs/1.jpg", "3.jpg", "4.jpg", "5.jpg"], "E_LAYOUT"),
        (["train/a/1.jpg", "train/b/1.jpg", *(f"train/{n}.jpg" for n in range(3))], "E_LAYOUT"),
    ],
)
def test_folders_that_do_not_tell_the_class_stop_the_pipeline(stored, names, code):
    with pytest.raises(DataError) as fault:
        layout.read(stored(names))
    assert fault.value.code == code and fault.value.exit_code == 3 and "\n" not in str(fault.value)


def test_images_without_class_folders_are_answered_with_the_expected_layout(stored):
    with pytest.raises(DataError, match="expected cats/1.jpg, dogs/2.jpg, … or train/cats/1.jpg"):
        layout.read(stored(["1.jpg"]))


@pytest.mark.parametrize(
    ("parents", "other", "message"),
    [
        (["Dataset/0", "Dataset/1"], "Examples/x.jpg", "'Examples' (1 image) beside 'Dataset'"),
        (["Dataset/train/0", "Dataset/train/1"], "Examples/x.jpg", "'Examples' (1 image) beside 'Dataset'"),
        (["Dataset/0", "Dataset/1"], "docs/img/x.jpg", "'docs' (1 image) beside 'Dataset'"),
        (["Dataset/0", "Dataset/1"], "logo.jpg", "'logo.jpg' (1 image) beside 'Dataset'"),
        (["x/Dataset/0", "x/Dataset/1"], "x/Examples/a/b/x.jpg", "'Examples' (1 image) beside 'Dataset'"),
        (["x/Dataset/0", "x/Dataset/1"], "Images/y.jpg", "'Images' (1 image) beside 'x/Dataset'"),
    ],
)
def test_the_obstructing_folder_is_named_and_not_the_right_one(zipped, png, tmp_path, limits, parents, other, message):
    names = [f"repo-main/{name}" for name in (*(f"{parent}/{n}.jpg" for parent in parents for n in range(4)), other)]
    members = {name: png(number) for number, name in enumerate(names)} | {"repo-main/README": b"a repository"}
    sources.unpack(zipped(members), tmp_path / "out", limits)
    with pytest.raises(DataError) as fault:
        layout.read(open_store(tmp_path / "out"))
    assert fault.value.what == f"{message}, which alone would be a data set (8 images)"


def test_of_several_possible_data_sets_none_is_blamed(stored):
    with pytest.raises(DataError, match="has folders inside"):
        layout.read(stored([f"{top}/{n}/1.jpg" for top in ("Dataset", "Augmented") for n in range(4)]))


def test_a_note_says_what_is_left_out_and_where_it_lies(stored):
    used = [f"train/{label}/{n}.jpg" for label in "ab" for n in range(9)]
    result = layout.read(stored([*used, *(f"single_prediction/{n}.jpg" for n in range(12)), "test/7.jpg", "8.jpg"]))
    note = "14 of 32 images have no label and are left out: 12 in single_prediction, 1 in the top folder, 1 in test"
    assert result.notes == (note,)


def test_other_files_are_counted_by_kind(stored):
    others = ["1.txt", "a/2.mp4", "3.txt", "b/in.zip", "README.md"]
    result = layout.read(stored({name: b"x" for name in [*others, *(f"{c}/{n}.jpg" for c in "ab" for n in range(20))]}))
    kinds = "2 .txt, 1 .md, 1 .mp4, 1 .zip"
    assert result.notes == (f"5 of 45 files are no images by their names and are left out: {kinds}",)
    assert len(result.images) == 40 and len(result.other_files) == 5


def test_images_under_other_names_are_reported_as_images(stored, png):
    names = [f"{label}/{n}.png" for label in "ab" for n in range(35)] + [f"a/{n}.bin" for n in range(9)] + ["b/9.eps"]
    result = layout.read(stored({name: png(1) for name in names}))
    assert len(result.images) == 70 and len(result.other_files) == 10
    assert result.notes == (
        "10 of 80 files are no images by their names and are left out: 9 .bin, 1 .eps",
        "10 of the files left out hold images under other names (9 .bin, 1 .eps): rename them",
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [("b/1.bin", b"\x89PNG\r\n\x1a\n"), ("b/1.eps", b"%!PS-Adobe"), ("b/1.mp4", b"\0\0\0\x18ftypisom")],
)
def test_a_class_of_images_under_other_names_does_not_vanish(zipped, png, tmp_path, limits, name, data):
    for home in ("ds/", ""):
        members = {"ds/a/1.png": png(1), "ds/c/1.png": png(2), home + name: data, home + name.replace("1", "2"): data}
        sources.unpack(zipped(members), tmp_path / "out", limits)
        with pytest.raises(DataError, match="folder 'b' holds images or films, none under the name of an image"):
            layout.read(open_store(tmp_path / "out"))


def test_names_of_classes_are_compared_in_one_form_of_unicode(stored):
    result = layout.read(stored([f"{normalize('NFD', 'Käfer')}/1.jpg", "b/1.jpg"]))
    assert {image.label for image in result.images} == {normalize("NFC", "Käfer"), "b"}


def test_classes_are_those_of_training_and_their_numbers_do_not_depend_on_the_other_splits(stored, listed):
    rows = listed(
        stored([*(f"train/{label}/{n}.jpg" for label in "abc" for n in range(3)), "test/a/9.jpg", "test/c/8.jpg"])
    )
    assert manifest.classes(rows.rows) == ("a", "b", "c")
    assert {row["label"] for row in rows.rows if row["split"] == "test"} == {"a", "c"}


@pytest.mark.parametrize("junk", [".ipynb_checkpoints", ".git", "@eaDir", "__MACOSX"])
def test_junk_folders_are_no_classes_and_no_samples_at_any_level(folder, tmp_path, limits, junk):
    used = ["train/a/1.jpg", "train/b/1.jpg", "test/a/2.jpg", "test/b/2.jpg"]
    source = folder([*used, *(f"{home}{junk}/1.jpg" for home in ("", "train/", "train/a/", "test/b/"))])
    sources.unpack(source, tmp_path / "out", limits)
    result = layout.read(open_store(tmp_path / "out"))
    assert sorted(image.path for image in result.images) == sorted(used) and not result.unlabelled and not result.notes


def test_a_large_class_loses_nothing_to_a_small_one(stored, listed):
    names = [f"a/{n}.png" for n in range(60)] + [f"b/{n}.png" for n in range(3)]
    assert [row["path"] for row in listed(stored(names)).rows] == sorted(names)


CLASSES = sorted([str(n) for n in range(993)] + ["-v", "Z", "a", "é", "ß", "I", "ı"])


def test_a_thousand_classes_are_in_the_order_of_their_code_points(stored):
    result = layout.read(stored({f"{name}/1.jpg": b"x" for name in reversed(CLASSES)}))
    assert manifest.classes([image._asdict() for image in result.images]) == tuple(CLASSES)


@pytest.mark.parametrize("locale", ["C", "tr_TR.UTF-8"])
def test_the_order_of_classes_is_the_same_in_every_country(locale):
    script = f"from darkroom import manifest; print(manifest.classes([{{'label': x}} for x in {CLASSES[::-1]}]))"
    words = [sys.executable, "-X", "utf8", "-c", script]
    done = subprocess.run(
        words, env={**os.environ, "LC_ALL": locale}, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == repr(tuple(CLASSES))


def test_one_film_makes_no_class(stored, png):
    film = b"\0\0\0\x18ftypisom"
    result = layout.read(stored({"a/1.png": png(1), "b/1.png": png(2), "extras/demo.mp4": film}))
    assert len(result.images) == 2 and result.other_files == ("extras/demo.mp4",)
