"""relabel corrects labels in a copy of the data."""

import pytest

from darkroom.commands import relabel
from darkroom.dataset import layout
from darkroom.runtime import files
from darkroom.runtime.errors import DataError

MANIFEST = [
    {"path": f"{label}/{i}.png", "label": label, "split": split, "group": "", "width": 8}
    for label in ("cat", "dog")
    for i, split in enumerate(("train", "val", "test"))
]


@pytest.fixture
def images(tmp_path):
    for row in MANIFEST:
        path = tmp_path / "images" / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row["path"])
    return tmp_path / "images"


def issue(path, label, suggested):
    return {"path": path, "label": label, "suggested": suggested, "p_label": "0.1"}


def test_ingest_reads_the_new_labels_and_the_old_splits(tmp_path, images):
    rows = [issue("cat/2.png", "cat", "dog"), issue("dog/0.png", "dog", "")]
    assert relabel.write(rows, MANIFEST, images, tmp_path / "new") == 1
    labelled = {p.path: (p.label, p.split) for p in layout.read(tmp_path / "new").images}
    expected = {row["path"]: (row["label"], row["split"]) for row in MANIFEST} | {"cat/2.png": ("dog", "test")}
    assert labelled == expected
    assert (tmp_path / "new/cat/2.png").read_text() == "cat/2.png"


def test_a_label_that_looks_like_a_formula_stays_what_it_is(tmp_path, images):
    relabel.write([issue(f"cat/{i}.png", "cat", "=cat") for i in range(3)], MANIFEST, images, tmp_path / "new")
    assert {p.label for p in layout.read(tmp_path / "new").images} == {"=cat", "dog"}


@pytest.mark.parametrize("row", [issue("cow/1.png", "cow", "cat"), issue("cat/1.png", "dog", "cat")])
def test_label_issues_of_other_images_change_nothing(tmp_path, images, row):
    files.write_rows(tmp_path / "new" / "old.csv", ["a"], [])
    with pytest.raises(DataError, match="do not belong to these images"):
        relabel.write([row], MANIFEST, images, tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["old.csv"]


@pytest.mark.parametrize("path", ["cat/e\u0301.png", "./cat/\u00e9.png", "cat\\\u00e9.png"])
def test_paths_written_on_another_machine_match_the_same_images(tmp_path, path):
    rows = [{"path": f"{label}/\u00e9.png", "label": label, "split": "train", "group": ""} for label in ("cat", "dog")]
    for row in rows:
        (tmp_path / "images" / row["path"]).parent.mkdir(parents=True)
        (tmp_path / "images" / row["path"]).write_text(row["path"])
    assert relabel.write([issue(path, "cat", "dog")], rows, tmp_path / "images", tmp_path / "new") == 1
    assert files.read_rows(tmp_path / "new" / relabel.TABLE)[0]["label"] == "dog"


def test_a_list_with_other_columns_is_refused(tmp_path):
    with pytest.raises(DataError, match="has the columns path;label;suggested, expected label, path, suggested"):
        relabel.write([{"path;label;suggested": "a;b;c"}], [], tmp_path, tmp_path / "new")
