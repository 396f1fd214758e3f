"""relabel corrects labels in a copy of the data, and says what that does to the accuracy."""

import pytest

from darkroom.commands import relabel
from darkroom.commands.new_images import Changes
from darkroom.dataset import layout
from darkroom.formats import names
from darkroom.image_store.reading import open_store
from darkroom.ingest import sources
from darkroom.runtime.errors import DataError

MANIFEST = [
    {"path": f"{label}/{i}.png", "label": label, "split": split, "group": "", "width": 8}
    for label in ("cat", "dog")
    for i, split in enumerate(("train", "val", "test"))
]


@pytest.fixture
def images(stored):
    return stored({row["path"]: row["path"].encode() for row in MANIFEST})


@pytest.fixture
def ingested(tmp_path, limits):
    """The store that ingest makes of what relabel writes."""

    def ingest(new, images):
        relabel.write(Changes(new, []), MANIFEST, images, tmp_path / "new")
        sources.unpack(tmp_path / "new", tmp_path / "again", limits)
        return open_store(tmp_path / "again")

    return ingest


def issue(path, label, suggested):
    return {"path": path, "label": label, "suggested": suggested, "p_label": "0.1"}


def suggestions(issues, manifest=MANIFEST, splits=names.SPLITS):
    return relabel.suggestions(issues, manifest, splits, "list.csv")


def test_ingest_reads_the_new_labels_and_the_old_splits(ingested, images):
    new = suggestions([issue("cat/2.png", "cat", "dog"), issue("dog/0.png", "dog", "")])
    again = ingested(new, images)
    labelled = {p.path: (p.label, p.split) for p in layout.read(again).images}
    expected = {row["path"]: (row["label"], row["split"]) for row in MANIFEST} | {"cat/2.png": ("dog", "test")}
    assert labelled == expected
    assert again.read("cat/2.png") == b"cat/2.png"


def test_a_label_that_looks_like_a_formula_stays_what_it_is(ingested, images):
    new = suggestions([issue(f"cat/{i}.png", "cat", "=cat") for i in range(3)])
    assert {p.label for p in layout.read(ingested(new, images)).images} == {"=cat", "dog"}


def test_only_the_splits_asked_for_change():
    issues = [issue(f"cat/{i}.png", "cat", "dog") for i in range(3)]
    assert suggestions(issues, splits=["train"]) == {"cat/0.png": "dog"}
    assert relabel.changes(suggestions(issues, splits=["train", "test"]), MANIFEST) == (
        "2 labels changed (1 train, 0 val, 1 test)"
    )


def test_the_accuracy_before_and_after_is_that_of_the_committed_predictions():
    """One right of two, then both: the label of the mistake becomes what the model predicted."""
    rows = [
        {"path": "cat/2.png", "label": "cat", "predicted": "dog"},
        {"path": "dog/2.png", "label": "dog", "predicted": "dog"},
    ]
    line, warning = relabel.accuracy_changes({"cat/2.png": "dog"}, {"cnn": rows})
    assert line == "accuracy of cnn on test: 0.5000 with the old labels, 1.0000 with the new ones"
    assert "opinion" in warning
    assert relabel.accuracy_changes({"cat/0.png": "dog"}, {"cnn": rows}) == []


@pytest.mark.parametrize("row", [issue("cow/1.png", "cow", "cat"), issue("cat/1.png", "dog", "cat")])
def test_label_issues_of_other_images_are_refused(row):
    with pytest.raises(DataError, match="do not belong to these images"):
        suggestions([row])


@pytest.mark.parametrize("path", ["cat/e\u0301.png", "./cat/\u00e9.png", "cat\\\u00e9.png"])
def test_paths_written_on_another_machine_match_the_same_images(path):
    rows = [{"path": f"{label}/\u00e9.png", "label": label, "split": "train", "group": ""} for label in ("cat", "dog")]
    assert suggestions([issue(path, "cat", "dog")], rows) == {"cat/\u00e9.png": "dog"}


def test_a_list_with_other_columns_is_refused():
    with pytest.raises(DataError, match="has the columns path;label;suggested, expected label, path, suggested"):
        suggestions([{"path;label;suggested": "a;b;c"}], [])
