"""Labels, splits and groups are read from tables beside the images."""

from unicodedata import normalize

import pytest

from darkroom.dataset import layout
from darkroom.image_store.reading import open_store
from darkroom.ingest import sources
from darkroom.runtime.errors import DataError

IMAGES = [f"images/{number}.png" for number in range(4)]


@pytest.fixture
def tabled(stored, png):
    """A store with four paths and the table of this text."""

    def make(text, name="labels.csv", paths=IMAGES):
        return stored({p: png(n) for n, p in enumerate(paths)} | {name: text.encode()})

    return make


def test_the_table_decides_and_images_without_a_row_are_unlabelled(tabled):
    contents = layout.read(tabled("path,label,group,split\nimages/0.png,cat,anna,Training\nimages/1.png,dog,,train\n"))
    assert tuple(contents.images) == (("images/0.png", "cat", "train", "anna"), ("images/1.png", "dog", "train", ""))
    assert contents.unlabelled == ("images/2.png", "images/3.png")


@pytest.mark.parametrize("spelling", ["{}", "images/{}", "./images/{}", "images\\{}"])
def test_paths_are_relative_to_the_table_or_to_the_only_folder(tabled, spelling):
    rows = "".join(f"{spelling.format(f'{number}.png')},{'ab'[number % 2]}\n" for number in range(4))
    assert [image.path for image in layout.read(tabled("path,label\n" + rows)).images] == IMAGES


@pytest.mark.parametrize(
    "text", ["\ufeffPath, Label \r\n{}\r\n", '"path","label"\n{}\n', "x,label,path\n9,{0[1]},{0[0]}\n"]
)
def test_headers_are_read_as_people_write_them(tabled, text):
    lines = [("0.png", "a"), ("1.png", "b")]
    head, row = text.split("\n", 1)[0], text.split("\n", 1)[1]
    body = "".join(row.format(line if "{0[" in row else ",".join(line)) for line in lines)
    assert [image.label for image in layout.read(tabled(f"{head}\n{body}")).images] == ["a", "b"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("9.png,a\n", "1 of 3 rows name no image, such as 9.png"),
        ("../../etc/passwd,a\n", "name no image"),
        ("2.png,\n", "have no label, such as 2.png"),
        ("0.png,b\n", "contradict an earlier row, such as 0.png"),
        ("2.png,a,holdout\n", "have the unknown split 'holdout'"),
        ("\x1b[31m,a\n", "\\x1b[31m"),
    ],
)
def test_a_wrong_row_is_described(tabled, rows, says):
    with pytest.raises(DataError) as fault:
        layout.read(tabled("path,label,split\n0.png,a\n1.png,b\n" + rows))
    assert fault.value.code == "E_TABLE" and says in fault.value.what


def test_one_row_twice_is_no_contradiction(tabled):
    assert len(layout.read(tabled("path,label\n0.png,a\n1.png,b\n0.png,a\n")).images) == 2


LABELS = [("images/0.png", "Käfer, rot"), ("images/1.png", "Hund")]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


def written(delimiter, header=("path", "label"), rows=LABELS, newline="\n"):
    lines = [delimiter.join(f'"{field}"' if delimiter in field else field for field in row) for row in (header, *rows)]
    return newline.join(lines) + newline


@pytest.fixture
def read(stored, png):
    """Read a table of these bytes; returns path -> label."""

    def read(data, name="labels.csv", paths=("images/0.png", "images/1.png")):
        images = stored({p: png(n) for n, p in enumerate(paths)} | {name: data})
        return {image.path: image.label for image in layout.read(images).images}

    return read


@pytest.fixture
def refused(stored, png):
    """The error for two class folders with these files beside them."""

    def refused(others, paths=("camera1/0.png", "camera2/1.png")):
        with pytest.raises(DataError) as fault:
            layout.read(stored({p: png(n) for n, p in enumerate(paths)} | others))
        assert fault.value.exit_code == 3 and str(fault.value).isprintable()
        return fault.value

    return refused


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_delimiter_and_announced_encoding_is_read(read, encoding, delimiter, newline):
    assert read(written(delimiter, newline=newline).encode(encoding)) == dict(LABELS)


@pytest.mark.parametrize("name", ["labels.CSV", "Labels.tsv", "train.psv", "anything.tab", "labels.txt", "list.txt"])
def test_a_table_may_have_any_text_file_name(read, name):
    assert read(written("\t").encode(), name) == dict(LABELS)


def test_excels_delimiter_hint_and_blank_lines_are_not_rows(read):
    assert read(("sep=;\n\n" + written(";") + ";\n;;\n").encode()) == dict(LABELS)


@pytest.mark.parametrize(
    "header",
    [
        ("filename", "label"),
        ("File Name", "Class"),
        ("image_id", "breed"),
        ("id", "species"),
        ("Image Index", "diagnosis"),
        ("filepaths", "labels"),
        ("img-path", "CATEGORY"),
        ("image", "dx"),
        ("name", "class_id"),
    ],
)
def test_columns_go_by_the_names_that_people_give_them(read, header):
    assert read(written(",", header).encode()) == dict(LABELS)


def test_our_own_header_decides_and_a_row_number_is_ignored(read):
    rows = [(f"{n}.png", str(n), "x", "ab"[n]) for n in range(2)]
    assert set(read(written(",", ("path", "id", "class", "label"), rows).encode()).values()) == {"a", "b"}
    assert set(read(written(",", ("image", "id", "note", "breed"), rows).encode()).values()) == {"a", "b"}


def test_columns_that_are_not_used_are_named(stored, png):
    data = b"image;age;breed;;patient\n0;1;a;;x\n1;2;b;;y\n"
    notes = layout.read(stored({"a/0.png": png(0), "a/1.png": png(1), "labels.csv": data})).notes
    assert notes == ("labels.csv has the labels of 2 rows; columns not used: age, patient",)


def test_an_id_without_extension_identifies_the_image_of_that_name(read):
    paths = ["a/0.png", "b/1.v2.jpg", "b/c/2.png"]
    labels = read(b"id,breed\n0,x\n1.v2,y\nc/2,y\n", paths=paths)
    assert labels == {"a/0.png": "x", "b/1.v2.jpg": "y", "b/c/2.png": "y"}


def test_spaces_belong_to_a_name_where_the_file_has_them(read):
    paths = ["a/ 0.png", "a/1 .png ", "a/2.png"]
    labels = read(b"path,label\na/ 0.png, x\na/1 .png ,y\n a/2.png ,y\n", paths=paths)
    assert labels == {"a/ 0.png": "x", "a/1 .png ": "y", "a/2.png": "y"}


@pytest.mark.parametrize("name", ["0", "0.png"])
def test_a_name_that_may_mean_two_images_is_refused(refused, name):
    paths = ("a/0.png", "b/0.png", "b/0.jpg")
    assert "may mean several" in refused({"labels.csv": f"id,label\n{name},x\n".encode()}, paths).what


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_unicode_normal_forms_of_a_name_are_equal(read, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    image, label = (normalize(form, text) for text in ("ä/é.png", "Käfer"))
    rows = [(normalize(other, image), label), (normalize(other, "ä/1"), "b")]
    labels = read(written(",", rows=rows).encode(), paths=(image, normalize(form, "ä/1.png")))
    assert labels == {image: normalize("NFC", "Käfer"), normalize(form, "ä/1.png"): "b"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            "path,label\ncamera1/0.png,Käfer\n".encode("cp1252"),
            "labels.csv is not UTF-8 (byte 0xE4 at 26), perhaps cp1252",
        ),
        ("path,label\ncamera1/0.png,Käfer\n".encode("utf-16-le"), "holds a NUL character (at 1)"),
        ("path,label\ncamera1/0.png,Käfer\n".encode("utf-16")[:-1], "is not UTF-16"),
        (b"path,label\ncamera1/0.png,a\0b\ncamera2/1.png,c\n", "holds a NUL character (at 26)"),
        (b"path,label\ncamera1/0.png," + b"a" * 200_000, "cannot be read in line 2: field larger than field limit"),
        (b"path,label," + b"a" * 200_000, "cannot be read in line 1: field larger than field limit"),
        (b"path,label\ncamera1/0.png,a\x1b[31m\ncamera2/1.png,b\n", "1 of 2 rows have a label with control characters"),
        (b'path,label\ncamera1/0.png,"a\nb"\ncamera2/1.png,b\n', "1 of 2 rows have a label with control characters"),
        (b'path,label\ncamera1/0.png,"a\n', "cannot be read in line 2"),
        (b"path,label\ncamera1/0.png,cat, black\n", "has more fields in line 2 than columns in its header (2)"),
        (b"", "labels.csv is empty"),
        (b"\n\n", "labels.csv is empty"),
        (b"path,label\n", "has a header and no rows"),
        (b"camera1/0.png,cat\ncamera2/1.png,dog\n", "('camera1/0.png', 'cat'); it has to be path,label"),
        (b"image,MEL,NV\ncamera1/0,0,1\ncamera2/1,1,0\n", "('image', 'MEL', 'NV')"),
        (b"file,species,breed\ncamera1/0,a,b\n", "2 columns that may be the label: 'species', 'breed'"),
        (b"file,image,breed\ncamera1/0,a,b\n", "2 columns that may be the path: 'file', 'image'"),
        (b"name,size\nx,1\n", "names no image and label ('name', 'size')"),
    ],
)
def test_an_unusable_table_is_refused_and_folders_do_not_become_labels(refused, data, says):
    fault = refused({"labels.csv": data})
    assert fault.code == "E_TABLE" and says in fault.what and fault.where == "labels.csv" and fault.fix


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("labels.xlsx", b"PK\3\4"),
        ("train.parquet", b"PAR1"),
        ("labels.csv.gz", b"\x1f\x8b"),
        ("annotations.json", b"{}"),
        ("instances_val.json", b'{"images": [{"file_name": "0.png"}, {"file_name": "camera2/1.png"}]}'),
        ("meta/train.txt", b"camera1/0\ncamera2/1\n"),
        ("list.txt", b"0.png 1\n1.png 2\n"),
        ("gt.txt", b"0 cat\n1 dog\n"),
        ("names.json", b'{"camera1\\/0.png": 1, "1.png": 2}'),
        ("labels.txt", b"cat\ndog\n"),
        ("camera1/features.csv", b"path,label\n0.png,a\n"),
        ("camera1/deep/labels.csv", b"path,label\n0.png,a\n"),
        ("imagelabels.mat", b"MATLAB"),
    ],
)
def test_whatever_seems_to_hold_labels_is_reported_and_never_ignored(
    refused, zipped, tmp_path, limits, png, name, data
):
    fault = refused({name: data})
    assert fault.code == "E_TABLE" and fault.what.startswith(name) and fault.where == name
    members = {f"repo-main/images/{path}": png(1) for path in ("camera1/0.png", "camera2/1.png")}
    sources.unpack(zipped(members | {f"repo-main/{name}": data}), tmp_path / "out", limits)
    with pytest.raises(DataError, match=name):
        layout.read(open_store(tmp_path / "out"))


def test_all_unusable_tables_are_reported_at_once(refused):
    fault = refused({f"{n}.xlsx": b"x" for n in range(5)})
    assert fault.what.count("seems to hold labels") == 3 and fault.what.endswith("; and 2 more")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sample_submission.csv", b"id,label\n0,0\n1,0\n"),
        ("README.md", b"camera1/0.png camera2/1.png"),
        ("SHA256SUMS.txt", b"abc camera1/0.png\nabd camera2/1.png\n"),
        ("notes.txt", b"see camera1/0.png"),
        ("info.json", b"{}"),
        ("classes.txt", b"0 cat\n1 dog\n2 cow\n3 emu\n4 fox\n"),
    ],
)
def test_files_known_to_hold_no_labels_are_other_files(stored, png, name, data):
    contents = layout.read(stored({"camera1/0.png": png(1), "camera2/1.png": png(2), name: data}))
    assert [image.label for image in contents.images] == ["camera1", "camera2"] and contents.other_files == (name,)


@pytest.mark.parametrize(
    "tables",
    [("train.csv", "test.csv"), ("trainLabels.csv", "labels_test.tsv"), ("Training_set.csv", "Testing_set.csv")],
)
def test_tables_named_after_splits_are_read_as_splits(stored, png, tables):
    first, second = tables
    data = {f"images/{n}.png": png(n) for n in range(4)}
    images = stored(data | {first: b"id,label\n0,a\n1,b\n", second: b"id,label\n2,a\n3,b\n"})
    assert [image.split for image in layout.read(images).images] == ["train", "train", "test", "test"]


def test_equal_names_in_split_folders_are_distinguished_by_the_split_of_the_table(stored, png):
    data = {f"{split}/{n}.png": png(n) for split in ("train", "test") for n in range(2)}
    tables = {f"{split}.csv": f"id,label\n0,{split[0]}0\n1,{split[0]}0\n".encode() for split in ("train", "test")}
    tables["train.csv"] += b"train/1.png,t0\n"
    with pytest.raises(DataError, match="one class only"):
        layout.read(stored(data | tables))
    tables["train.csv"] = b"id,label\n0,t0\n1,x\n"
    rows = {image.path: (image.label, image.split) for image in layout.read(stored(data | tables)).images}
    assert rows["train/1.png"] == ("x", "train") and rows["test/1.png"] == ("t0", "test") and len(rows) == 4


def test_one_image_in_two_split_tables_is_a_contradiction(refused):
    two = {"train.csv": b"path,label\ncamera1/0.png,a\n", "test.csv": b"path,label\ncamera1/0.png,a\n"}
    assert "contradict an earlier row" in refused(two).what


@pytest.mark.parametrize("others", [("a.csv", "b.csv"), ("train.csv", "b.csv"), ("train.csv", "training.csv")])
def test_several_tables_not_named_after_splits_are_refused(refused, others):
    fault = refused({name: b"path,label\ncamera1/0.png,a\ncamera2/1.png,b\n" for name in others})
    assert fault.code == "E_LAYOUT" and "2 tables of labels" in fault.what and "train.csv" in fault.fix


def test_split_folders_decide_where_the_table_has_no_column_for_it(stored, png):
    data = {f"{home}/{n}.png": png(n) for home in ("Training", "Testing") for n in range(2)}
    table = "path,label\n" + "".join(f"{path},{path[-5]}\n" for path in data)
    contents = layout.read(stored(data | {"labels.csv": table.encode()}))
    assert {(image.path[:4], image.split) for image in contents.images} == {("Trai", "train"), ("Test", "test")}
    assert contents.notes[0] == "labels.csv has the labels of 4 rows"
    assert contents.notes[1:] == (
        "the table has no column split, so the folders decide: Testing is test, Training is train",
    )


@pytest.mark.parametrize("homes", [("train", "more"), ("val", "test")])
def test_split_folders_that_do_not_decide_are_mentioned(stored, png, homes):
    data = {f"{home}/{n}.png": png(n) for home in homes for n in range(2)}
    table = "path,label\n" + "".join(f"{path},{path[-5]}\n" for path in data)
    contents = layout.read(stored(data | {"labels.csv": table.encode()}))
    assert {image.split for image in contents.images} == {""} and "are not taken for splits" in contents.notes[1]


def test_a_column_named_like_a_split_is_one_only_if_it_holds_nothing_else(read, stored, png):
    data = {f"images/{n}.png": png(n) for n in range(2)}
    used = layout.read(stored(data | {"t.csv": b"path,label,usage\n0,a,Training\n1,b,train\n"}))
    assert {image.split for image in used.images} == {"train"}
    other = layout.read(stored(data | {"t.csv": b"path,label,set\n0,a,isic\n1,b,ham\n"}))
    assert {image.split for image in other.images} == {""}


@pytest.mark.parametrize("home", ["", "ds/", "a/b/"])
def test_a_table_may_lie_in_one_folder_with_all_images(zipped, png, tmp_path, limits, home):
    members = {f"{home}{number}.png": png(number) for number in range(2)} | {
        f"{home}t.csv": b"path,label\n0.png,a\n1,b\n"
    }
    sources.unpack(zipped(members), tmp_path / "out", limits)
    assert [image.label for image in layout.read(open_store(tmp_path / "out")).images] == ["a", "b"]


def test_an_archive_keeps_its_table_under_outer_folders(zipped, png, tmp_path, limits, listed):
    members = {f"ds/x/images/{number}.png": png(number) for number in range(4)}
    members["ds/x/labels.csv"] = b"path,label,group\n" + b"".join(b"%d.png,%d,anna\n" % (n, n % 2) for n in range(4))
    assert sources.unpack(zipped(members), tmp_path / "out", limits).root == "ds/x"
    rows = listed(open_store(tmp_path / "out")).rows
    assert [(row["label"], row["group"]) for row in rows] == [("0", "anna"), ("1", "anna")] * 2
