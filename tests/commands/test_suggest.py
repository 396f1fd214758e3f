"""`darkroom suggest`, and `darkroom relabel` with what came of it: from images without labels to a larger data set."""

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest
from tests.fixtures.images import store_of

from darkroom import cli, paths
from darkroom.commands import suggest
from darkroom.dataset import layout
from darkroom.image_store import reading
from darkroom.ingest import sources
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError, ParamsError

OLD = {"cat/1.png": "train", "cat/2.png": "test", "dog/1.png": "train", "dog/2.png": "val"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pool(folder) -> Path:
    """Five images without a label."""
    return folder([f"{number}.png" for number in range(5)], "pool")


@pytest.fixture
def old(png) -> dict[str, bytes]:
    """The images of a project that was ingested and validated."""
    contents = {path: png(100 + number) for number, path in enumerate(OLD)}
    store_of(paths.IMAGES, contents)
    rows = [
        {"path": path, "label": path[:3], "split": split, "group": "", "sha256": sha256(contents[path])}
        for path, split in OLD.items()
    ]
    files.write_rows(paths.MANIFEST, rows[0], rows)
    return contents


@pytest.fixture
def ingested(limits):
    """A function: label and split by path, and the store, of what ingest makes of the relabelled data."""

    def ingest():
        sources.unpack(paths.RELABELLED, Path("again"), limits)
        store = reading.open_store(Path("again"))
        return {image.path: (image.label, image.split) for image in layout.read(store).images}, store

    return ingest


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fill_in(labels: dict[str, str]) -> None:
    rows = files.read_rows(Path("suggestions.csv"))
    for row in rows:
        row["label"] = labels.get(Path(row["path"]).name, "")
    files.write_rows(Path("suggestions.csv"), rows[0], rows)


def test_every_image_is_listed_once_with_what_the_model_predicts(model_folder, pool, capsys):
    model_folder("cnn", tilt=1.0)  # 0.73 for the cat
    (pool / "5.png").write_bytes((pool / "0.png").read_bytes())
    (pool / "bad.png").write_bytes(b"no image")
    cli.run("suggest", "pool")
    rows = files.read_rows(Path("suggestions.csv"))
    assert {row["path"] for row in rows} == {f"pool/{number}.png" for number in range(5)}
    assert {(row["label"], row["predicted"]) for row in rows} == {("", "cat")}
    assert float(rows[0]["confidence"]) == pytest.approx(0.731, abs=1e-3)
    assert float(rows[0]["margin"]) == pytest.approx(0.462, abs=1e-3)
    assert "5 of 7 images; 1 left out as they are in the data, or there twice; 1 left out as they cannot" in (
        capsys.readouterr().out
    )


def test_as_many_are_listed_as_are_wanted(model_folder, pool):
    model_folder("cnn")
    cli.run("suggest", "pool", "--n", "2")
    assert len(files.read_rows(Path("suggestions.csv"))) == 2


def test_images_of_the_data_are_never_suggested(model_folder, old, pool):
    model_folder("cnn")
    (pool / "old.png").write_bytes(old["cat/1.png"])
    cli.run("suggest", "pool")
    assert "pool/old.png" not in {row["path"] for row in files.read_rows(Path("suggestions.csv"))}
    with pytest.raises(DataError, match="nothing to label; 1 left out as they are in the data"):
        cli.run("suggest", "pool/old.png", "--out", "other.csv")


def test_a_list_that_people_may_have_filled_in_is_not_overwritten(model_folder, pool):
    model_folder("cnn")
    Path("suggestions.csv").write_text("path,label\n")
    with pytest.raises(DataError, match="labels may be in it"):
        cli.run("suggest", "pool")
    assert Path("suggestions.csv").read_text() == "path,label\n"


def test_images_in_a_zip_are_copied_to_where_people_see_them(model_folder, pool, old):
    model_folder("cnn")
    with zipfile.ZipFile("photos.zip", "w") as archive:
        archive.write(pool / "1.png", "a/1.png")
        archive.write(pool / "2.png", "b/1.png")
    with pytest.raises(DataError, match=r"2 of the images to label are no files of their own.*photos.zip!a/1.png"):
        cli.run("suggest", "photos.zip")
    cli.run("suggest", "photos.zip", "--copy-to", "to label")
    copies = sorted(Path("to label").iterdir())
    assert [copy.name for copy in copies] == ["00001-1.png", "00002-1.png"]
    assert {copy.read_bytes() for copy in copies} == {(pool / f"{n}.png").read_bytes() for n in (1, 2)}
    assert {row["path"] for row in files.read_rows(Path("suggestions.csv"))} == set(map(str, copies))


def test_cvat_needs_names_that_differ(model_folder, pool):
    model_folder("cnn")
    with pytest.raises(ParamsError, match="by their names alone"):
        cli.run("suggest", "pool", "--format", "cvat")


def test_a_model_that_does_not_say_what_it_sees_is_refused(model_folder, pool):
    asked = suggest.Asked(["pool"], 1, "csv", Path("new.csv"), None)
    exported = suggest.ChosenModel(model_folder("cnn"), True, None)
    with pytest.raises(ArtifactError, match="exported model"):
        suggest.suggest(asked, exported, set(), paths.PARAMS)


def test_labelled_images_are_added_to_the_training_images(model_folder, pool, old, ingested, capsys):
    model_folder("cnn")
    cli.run("suggest", "pool")
    fill_in({"0.png": "dog", "1.png": "cow"})
    cli.run("relabel", "suggestions.csv")
    assert "2 images added to train, new classes: cow, 3 without a label left out, 0 labels changed" in (
        capsys.readouterr().out
    )
    labelled, store = ingested()
    new = {f"labelled/{sha256((pool / f'{n}.png').read_bytes())[:16]}.png": n for n in (0, 1)}
    assert labelled == {path: (path[:3], split) for path, split in OLD.items()} | {
        path: (("dog", "cow")[n], "train") for path, n in new.items()
    }
    assert {path: store.read(path) for path in new} == {p: (pool / f"{n}.png").read_bytes() for p, n in new.items()}


def test_what_label_studio_exports_is_added(model_folder, pool, old, ingested):
    model_folder("cnn")
    cli.run("suggest", "pool", "--format", "label-studio")
    tasks = json.loads(Path("suggestions.json").read_text())
    for task in tasks:
        task["annotations"] = [{"was_cancelled": False, "result": task["predictions"][0]["result"]}]
    Path("export.json").write_text(json.dumps(tasks))
    cli.run("relabel", "export.json")
    labelled, _ = ingested()
    assert len(labelled) == len(OLD) + 5 and list(labelled.values()).count(("cat", "train")) == 6


def test_what_cvat_exports_is_added(model_folder, pool, old, ingested):
    """In the export only the tags are other ones than in the file that was uploaded."""
    model_folder("cnn")
    cli.run("suggest", "pool", "--format", "cvat", "--copy-to", "tolabel")
    Path("export.xml").write_text(re.sub('label="cat"', 'label="dog"', Path("suggestions.xml").read_text()))
    with pytest.raises(DataError, match="5 of 5 images are not in"):
        cli.run("relabel", "export.xml")
    cli.run("relabel", "export.xml", "--images", "tolabel")
    labelled, _ = ingested()
    assert len(labelled) == len(OLD) + 5 and list(labelled.values()).count(("dog", "train")) == 6


def test_an_image_of_the_data_gets_its_new_label_where_it_is(pool, old, ingested):
    (pool / "old.png").write_bytes(old["cat/2.png"])
    Path("list.csv").write_text("path,label\npool/old.png,dog\n")
    cli.run("relabel", "list.csv", "--splits", "train")
    assert ingested()[0]["cat/2.png"] == ("cat", "test")
    cli.run("relabel", "list.csv")
    files.remove(Path("again"))
    assert ingested()[0]["cat/2.png"] == ("dog", "test")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("pool/0.png,dog\npool/same.png,cat\n", "the same image with different labels"),
        ("pool/0.png,dog\npool/9.png,cat\n", "1 of 2 images are not in"),
        ("pool/text.png,dog\n", "is no image"),
        ("pool/0.png,dog\npool/0.png,cat\n", "several labels"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(pool, old, rows, message):
    (pool / "same.png").write_bytes((pool / "0.png").read_bytes())
    (pool / "text.png").write_text("no image")
    Path("list.csv").write_text(f"path,label\n{rows}")
    with pytest.raises(DataError, match=message) as caught:
        cli.run("relabel", "list.csv")
    assert caught.value.exit_code == 3 and not paths.RELABELLED.exists()
