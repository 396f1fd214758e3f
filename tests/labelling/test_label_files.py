"""label_files: lists are what labelling tools take, and what people made of them is read back.

The exports are written by hand after those of Label Studio 1.x and CVAT 2.x.
"""

import json
import zipfile
from xml.etree import ElementTree

import pytest

from darkroom.labelling import label_files
from darkroom.labelling.suggestion import Suggestion
from darkroom.runtime import files
from darkroom.runtime.errors import DataError

SUGGESTIONS = [
    Suggestion("to label/00001-a.png", "cat", 0.5, 0.01, 9, 8),
    Suggestion("to label/00002-b&<é>.png", "dog", 0.6, 0.2, 7, 6),
]

LABEL_STUDIO = """[
  {"id": 1, "annotations": [{"id": 11, "completed_by": 1, "was_cancelled": false, "ground_truth": false,
     "created_at": "2026-11-20T09:12:21.123456Z", "lead_time": 2.31, "prediction": {}, "result_count": 0, "task": 1,
     "result": [{"value": {"choices": ["dog"]}, "id": "q1Xr0dN0yN", "from_name": "choice", "to_name": "image",
                 "type": "choices", "origin": "manual"}]}],
   "file_upload": "suggestions.json", "drafts": [], "predictions": [{"id": 5, "result": [], "score": 0.5}],
   "data": {"image": "/data/local-files/?d=pool/a%20b.png", "path": "pool/a b.png"}, "meta": {}, "project": 1},
  {"id": 2, "annotations": [{"id": 12, "was_cancelled": true, "result": []}], "predictions": [],
   "data": {"image": "/data/local-files/?d=pool/skipped.png", "path": "pool/skipped.png"}, "project": 1},
  {"id": 3, "annotations": [{"id": 13, "was_cancelled": false, "result": [
     {"value": {"rectanglelabels": ["ear"], "x": 1, "y": 2, "width": 3, "height": 4}, "type": "rectanglelabels",
      "from_name": "label", "to_name": "image"},
     {"value": {"choices": ["cat"]}, "from_name": "choice", "to_name": "image", "type": "choices"}]}],
   "data": {"image": "/data/local-files/?d=pool/c%26d.png"}, "project": 1},
  {"id": 4, "annotations": [{"id": 14, "was_cancelled": false, "result": [
     {"value": {"choices": ["cat"]}, "from_name": "choice", "to_name": "image", "type": "choices"}]}],
   "data": {"image": "/data/upload/1/0f3bd2a1-e.png"}, "project": 1}
]"""

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <job>
      <id>7</id><size>3</size><mode>annotation</mode><overlap>0</overlap>
      <labels>
        <label><name>cat</name><color>#fa3253</color><type>tag</type><attributes></attributes></label>
        <label><name>dog</name><color>#3d3df5</color><type>any</type><attributes></attributes></label>
      </labels>
    </job>
    <dumped>2026-11-20 09:12:21.123456+00:00</dumped>
  </meta>
  <image id="0" name="00001-a.png" width="9" height="8">
    <tag label="dog" source="manual">
    </tag>
  </image>
  <image id="1" name="sub/00002-b.png" width="7" height="6">
    <box label="cat" source="manual" occluded="0" xtl="1.0" ytl="1.0" xbr="4.0" ybr="5.0" z_order="0">
    </box>
  </image>
  <image id="2" name="00003-c.png" width="7" height="6">
    <tag label="cat" source="auto"></tag>
  </image>
</annotations>
"""


@pytest.fixture
def given(tmp_path):
    """A function that reads what a file with these contents says."""

    def read(contents, name="list"):
        path = tmp_path / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return label_files.read(path)

    return read


@pytest.fixture
def written(tmp_path):
    """A function that writes SUGGESTIONS in a format and returns the file."""

    def write(form):
        path = tmp_path / "suggestions"
        label_files.write(path, form, SUGGESTIONS, "0123456789abcdef", ["cat", "dog"])
        return path

    return write


def test_a_table_that_a_person_filled_in_is_read_back(written):
    path = written("csv")
    rows = files.read_rows(path)
    assert [row["predicted"] for row in rows] == ["cat", "dog"] and {row["label"] for row in rows} == {""}
    assert label_files.read(path) == ({}, 2)  # what nobody labelled has no label, whatever the model predicted
    rows[1]["label"] = " dog "
    files.write_rows(path, rows[0], rows)
    assert label_files.read(path) == ({"to label/00002-b&<é>.png": "dog"}, 1)


def test_a_table_that_a_spreadsheet_saved_is_read(given):
    assert given("\ufeffpath;label;predicted\r\n'=a.png;'-1;x\r\n").by_path == {"=a.png": "-1"}


def test_tasks_for_label_studio_have_the_prediction_and_the_path(written):
    first, second = json.loads(written("label-studio").read_text())
    assert second["data"]["image"] == "/data/local-files/?d=to%20label/00002-b%26%3C%C3%A9%3E.png"
    assert second["data"]["path"] == SUGGESTIONS[1].path
    (prediction,) = first["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.5, "0123456789abcdef")
    assert prediction["result"] == [
        {"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": ["cat"]}}
    ]


def test_tasks_that_label_studio_exports_after_people_chose_are_read_back(written, given):
    tasks = json.loads(written("label-studio").read_text())
    choice = tasks[0]["predictions"][0]["result"]
    exported = [task | {"id": n, "annotations": [{"id": n, "result": choice}]} for n, task in enumerate(tasks)]
    assert given(json.dumps(exported)).by_path == {each.path: "cat" for each in SUGGESTIONS}


def test_an_export_of_label_studio_is_read(given):
    assert given(LABEL_STUDIO) == ({"pool/a b.png": "dog", "pool/c&d.png": "cat", "e.png": "cat"}, 1)


def test_annotations_for_cvat_have_a_tag_for_each_image_by_its_name(written):
    path = written("cvat")
    images = ElementTree.parse(path).getroot().findall("image")
    assert [image.attrib for image in images] == [
        {"id": "0", "name": "00001-a.png", "width": "9", "height": "8"},
        {"id": "1", "name": "00002-b&<é>.png", "width": "7", "height": "6"},
    ]
    assert label_files.read(path) == ({"00001-a.png": "cat", "00002-b&<é>.png": "dog"}, 0)


def test_an_export_of_cvat_is_read_packed_or_not(given, tmp_path):
    expected = {"00001-a.png": "dog", "00003-c.png": "cat"}, 1
    assert given(CVAT) == expected
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("annotations.xml", CVAT)
    assert label_files.read(tmp_path / "export.zip") == expected


TWO = '[{"value": {"choices": ["cat", "dog"]}, "type": "choices"}]'
BOMB = '<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><annotations><image name="&b;"/></annotations>'
MALFORMED = {
    "cut JSON": (LABEL_STUDIO[:300], "no export of image classification"),
    "JSON_MIN": ('[{"image": "/a.png", "id": 1, "choice": "dog", "annotator": 1}]', "0.data Field required"),
    "an object": ('{"data": {}}', "valid (array|list)"),
    "no tasks": ("[]", "at least 1"),
    "deep JSON": ("[" * 100_000, "no export"),
    "a choice of two": (
        f'[{{"data": {{"image": "a.png"}}, "annotations": [{{"result": {TWO}}}]}}]',
        r"1 images have several labels, the first is a.png \(cat, dog\)",
    ),
    "cut XML": (CVAT[:900], "no export of image labels"),
    "a video": ("<?xml version='1.0'?><annotations><track id='0' label='a'/></annotations>", "lists no images"),
    "another XML": ("<?xml version='1.0'?><dataset><image name='a'/></dataset>", "lists no images"),
    "no name": ("<?xml version='1.0'?><annotations><image id='0'/></annotations>", "image has no name"),
    "no label": (CVAT.replace('label="dog"', ""), "tag has no label"),
    "two tags": (CVAT.replace("</tag>", '</tag><tag label="cow"/>', 1), "several labels, the first is 00001-a.png"),
    "entities": (f"<?xml version='1.0'?>{BOMB}", "declares the document type"),
    "an encoding that is none": ('<?xml version="1.0" encoding="klingon"?><annotations/>', "no export of image"),
    "another table": ("a,b\n1,2\n", "names no image and label"),
    "no text": (b"\xff\xfe\xfd path", "E_TABLE|UTF"),
    "nothing": ("", "empty"),
    "a zip of something else": (b"PK\x05\x06" + bytes(18), "no annotations.xml"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_list_of_labels_is_refused_in_one_line(given, kind):
    contents, message = MALFORMED[kind]
    with pytest.raises(DataError, match=message) as caught:
        given(contents)
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)
