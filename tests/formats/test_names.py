"""Names of files and folders are interpreted."""

import pytest

from darkroom.formats import names


@pytest.mark.parametrize(
    ("split", "folder"),
    [
        *(("train", name) for name in ("train", "Train", "TRAINING", "training_set", "train-set", "train images")),
        *(("val", name) for name in ("val", "valid", "validation", "dev", "Validation_Set")),
        *(("test", name) for name in ("test", "testing", "test_set", "eval", "testset")),
        *(("", name) for name in ("trains", "cats", "latest", "test_dogs", "validated", "single_prediction")),
    ],
)
def test_usual_spellings_of_a_split_are_recognised(split, folder):
    assert names.split_of(folder) == split


def test_a_prediction_folder_is_unlabelled():
    assert names.is_unlabelled("single_prediction") and names.is_unlabelled("seg_pred")
    assert not names.is_unlabelled("predators")


JUNK = [
    *("__MACOSX/cats/._1.jpg", "cats/.DS_Store", "cats/._1.jpg", "Icon\r", "cats/Icon\r", ".AppleDouble/1.jpg"),
    *(".Spotlight-V100/x", ".Trashes/501/1.jpg", ".fseventsd/x", ".TemporaryItems/1.jpg", ".localized"),
    *("Thumbs.db", "cats/THUMBS.DB", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$RECYCLE.BIN/1.jpg"),
    *("System Volume Information/1.jpg", "Picasa.ini", ".picasa.ini", ".picasaoriginals/1.jpg", "ZbThumbnail.info"),
    *("pspbrwse.jbf", "cats.lnk", "~$labels.docx", "~$labels.xlsx", "labels.csv~", "cats/1.jpg~"),
    *("@eaDir/1.jpg/SYNOPHOTO_THUMB_XL.jpg", "cats/@eaDir/1.jpg", "@tmp/1.jpg", "#recycle/1.jpg", "#snapshot/1.jpg"),
    *("@__thumb/1.jpg", "@Recycle/1.jpg", ".@__thumb/1.jpg", ".@upload_cache/1.jpg", "1.jpg@SynoResource"),
    *(".directory", "lost+found/1.jpg", ".Trash-1000/files/1.jpg", ".thumbnails/1.jpg", ".nomedia"),
    *(".ipynb_checkpoints/1.jpg", "cats/.ipynb_checkpoints/1-checkpoint.jpg", "__pycache__/x.pyc"),
    *(".git/objects/1", ".gitignore", "cats/.gitkeep", ".gitattributes", "images.zip.dvc", ".dvc/config"),
    *(".env", ".config/settings.json"),
]


@pytest.mark.parametrize("path", JUNK)
def test_what_desktops_network_drives_and_editors_leave_is_junk(path):
    assert names.is_junk(names.parts_of(path))


@pytest.mark.parametrize(
    "path", ["_cats/1.jpg", ".hidden/1.jpg", "cats/.1.jpg", "cats~/1.jpg", "recycled/1.jpg", "icon/1"]
)
def test_images_in_folders_with_unusual_names_are_not_junk(path):
    assert not names.is_junk(names.parts_of(path))


@pytest.mark.parametrize("path", ["../.DS_Store", "/etc/../.git/x"])
def test_a_path_that_leads_out_of_the_folder_is_never_junk(path):
    assert not names.is_junk(names.parts_of(path))


@pytest.mark.parametrize("name", ["a/é.png", "./a//é.png", "a\\e\u0301.png", "a/./e\u0301.png"])
def test_names_are_compared_in_one_form(name):
    assert names.normal(name) == "a/\u00e9.png"


@pytest.mark.parametrize(
    ("split", "name"),
    [
        *(
            ("train", name)
            for name in ("train", "train_labels", "labels-train", "trainLabels", "Training_set", "my train")
        ),
        *(("test", name) for name in ("test", "Testing", "labels.test", "evalLabels")),
        *(("val", name) for name in ("val", "valid", "labels_dev")),
        *(("", name) for name in ("labels", "trains", "train_test", "trainval")),
    ],
)
def test_a_word_of_a_name_may_be_a_split(split, name):
    assert names.split_in(name) == split


def test_kinds_are_counted_the_most_frequent_first():
    assert names.kinds(["a.bin", "b.TXT", "c.bin", "README", ".DS_Store"]) == "2 .bin, 1 .DS_Store, 1 .txt, 1 README"
    assert names.kinds([]) == "none" and names.kinds(["Icon\r"]) == "1 Icon\\r"
    assert names.kinds(f"a.{n}" for n in range(7)).endswith("and 2 more kinds")


@pytest.mark.parametrize("name", ["a.jpg", "a.JPG", "a.jfif", "a.webp", "a.tiff", "noextension", "a.1"])
def test_an_image_extension_or_an_unknown_one_may_be_an_image(name):
    assert not names.is_other_file(name)


@pytest.mark.parametrize(
    "name",
    ["README.txt", "labels.csv", "clip.mp4", "inner.zip", "x.tar.gz", "notes.json"]
    + ["labels.xlsx", "x.parquet", "labels.npy", "README", "LICENSE", "x.yaml", "a.md", "labels.csv.gz"],
)
def test_any_other_extension_is_not_an_image(name):
    assert names.is_other_file(name)


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
def test_outer_folders_without_meaning_are_the_root(paths, root):
    assert "/".join(names.common_root([path.split("/") for path in paths])) == root
