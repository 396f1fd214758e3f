"""tables: labels, splits and groups from a CSV beside the pictures."""

import pytest

from darkroom.data import layout, sources
from darkroom.errors import DataError

PICTURES = [f"pictures/{number}.png" for number in range(4)]


@pytest.fixture
def tabled(folder, png):
    """A folder with four pictures and the table of this text."""

    def make(text, name="labels.csv", pictures=PICTURES):
        return folder({p: png(n) for n, p in enumerate(pictures)} | {name: text.encode()})

    return make


def test_the_table_decides_and_what_it_leaves_out_is_aside(tabled):
    found = layout.read(tabled("path,label,group,split\npictures/0.png,cat,anna,Training\npictures/1.png,dog,,train\n"))
    assert found.pictures == (("pictures/0.png", "cat", "train", "anna"), ("pictures/1.png", "dog", "train", ""))
    assert found.aside == ("pictures/2.png", "pictures/3.png")


@pytest.mark.parametrize("spelling", ["{}", "pictures/{}", "./pictures/{}", "pictures\\{}"])
def test_paths_are_relative_to_the_table_or_to_the_only_folder(tabled, spelling):
    rows = "".join(f"{spelling.format(f'{number}.png')},{'ab'[number % 2]}\n" for number in range(4))
    assert [picture.path for picture in layout.read(tabled("path,label\n" + rows)).pictures] == PICTURES


@pytest.mark.parametrize(
    "text", ["\ufeffPath, Label \r\n{}\r\n", '"path","label"\n{}\n', "x,label,path\n9,{0[1]},{0[0]}\n"]
)
def test_headers_are_read_as_people_write_them(tabled, text):
    lines = [("0.png", "a"), ("1.png", "b")]
    head, row = text.split("\n", 1)[0], text.split("\n", 1)[1]
    body = "".join(row.format(line if "{0[" in row else ",".join(line)) for line in lines)
    assert [picture.label for picture in layout.read(tabled(f"{head}\n{body}")).pictures] == ["a", "b"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("9.png,a\n", "1 of 3 rows name no picture, such as 9.png"),
        ("../../etc/passwd,a\n", "name no picture"),
        ("2.png,\n", "have no label, such as 2.png"),
        ("0.png,b\n", "contradict an earlier row, such as 0.png"),
        ("2.png,a,holdout\n", "have the unknown split 'holdout'"),
        ("\x1b[31m,a\n", "\\x1b[31m"),
    ],
)
def test_a_wrong_row_is_told_in_words(tabled, rows, says):
    with pytest.raises(DataError) as fault:
        layout.read(tabled("path,label,split\n0.png,a\n1.png,b\n" + rows))
    assert fault.value.code == "E_TABLE" and says in fault.value.what


def test_one_row_twice_is_no_contradiction(tabled):
    assert len(layout.read(tabled("path,label\n0.png,a\n1.png,b\n0.png,a\n")).pictures) == 2


def test_two_tables_are_one_too_many(tabled):
    images = tabled("path,label\n0.png,a\n1.png,b\n")
    (images / "more.csv").write_text("path,label\n2.png,a\n")
    with pytest.raises(DataError, match="2 tables"):
        layout.read(images)


@pytest.mark.parametrize("data", [b"name,size\nx,1\n", b"\xff\xfe\0", b"", b'"'])
def test_another_csv_is_a_stray_file(folder, png, data):
    found = layout.read(folder({"a/1.png": png(1), "b/1.png": png(2), "notes.csv": data}))
    assert [picture.label for picture in found.pictures] == ["a", "b"] and found.strays == ("notes.csv",)


def test_an_archive_keeps_its_table_under_outer_folders(zipped, png, tmp_path, limits, listed):
    members = {f"ds/x/pictures/{number}.png": png(number) for number in range(4)}
    members["ds/x/labels.csv"] = b"path,label,group\n" + b"".join(b"%d.png,%d,anna\n" % (n, n % 2) for n in range(4))
    assert sources.unpack(zipped(members), tmp_path / "out", limits)["root"] == "ds/x"
    rows = listed(tmp_path / "out").rows
    assert [(row["label"], row["group"]) for row in rows] == [("0", "anna"), ("1", "anna")] * 2
