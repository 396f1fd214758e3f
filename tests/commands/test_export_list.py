"""`darkroom export --list` shows each export beside the model that it was made from."""

import os

import pytest
from tests.fixtures.exports import export_facts

from darkroom.commands import export_list
from darkroom.register import identity
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError

DIGEST = "0123456789abcdef"
NEW = "accuracy", "before"  # facts that exports of earlier releases lack


def write(folder, digest, **facts):
    files.write_json(folder / "export.json", export_facts(digest=digest, **facts))


def forget(folder, *keys):
    facts = files.read_object(folder / "export.json")
    files.write_json(folder / "export.json", {key: fact for key, fact in facts.items() if key not in keys})


def listed(*places):
    return [line.split() for line in export_list.listing(*places).splitlines()[1:]]


def test_each_model_stands_once_above_its_exports(model_folder, tmp_path):
    model, exports = model_folder("cnn"), tmp_path / "exports"
    digest = identity.digest(model)
    write(exports / "cnn-onnx", digest)
    write(exports / "cnn-litert-int8", digest, accuracy=None, bytes=100_000, largest_difference=0.03)
    near, far = "7.0e-07 from the model, on 64 images".split(), "3.0e-02 from the model, on 64 images".split()
    assert listed(exports, [model]) == [
        ["cnn", "2.000", "12.000", "0.938"],
        ["cnn-litert-int8", "0.100", "0.250", "unknown", *far],
        ["cnn-onnx", "0.500", "0.250", "0.938", *near],
    ]


def test_a_model_stands_above_all_its_exports_as_the_newest_of_them_found_it(tmp_path):
    write(tmp_path / "a-of-an-earlier-release", DIGEST)
    forget(tmp_path / "a-of-an-earlier-release", "before")
    write(tmp_path / "b-newest", DIGEST, before={"bytes": 1_230_000_000, "ms": 1500.0, "accuracy": None})
    write(tmp_path / "c-older", DIGEST)
    write(tmp_path / "d-of-another-name", DIGEST, model="champion")
    for age, name in enumerate(("b-newest", "c-older", "a-of-an-earlier-release")):
        os.utime(tmp_path / name / "export.json", (1e9 - age, 1e9 - age))
    assert [row[:4] for row in listed(tmp_path, [])] == [
        ["champion", "2.000", "12.000", "0.938"],
        ["d-of-another-name", "0.500", "0.250", "0.938"],
        ["cnn", "1230.000", "1500.000", "unknown"],
        ["a-of-an-earlier-release", "0.500", "0.250", "0.938"],
        ["b-newest", "0.500", "0.250", "0.938"],
        ["c-older", "0.500", "0.250", "0.938"],
    ]


def test_what_a_killed_process_left_is_not_listed(model_folder, tmp_path):
    exports = tmp_path / "exports"
    write(exports / "cnn-onnx", DIGEST)
    write(exports / "cnn-onnx.partial-1", DIGEST)
    half = model_folder("cnn").rename(tmp_path / "cnn.partial-1")
    (half / "classes.json").unlink()
    assert [row[0] for row in listed(exports, [half])] == ["cnn", "cnn-onnx"]


def test_an_export_of_a_model_that_was_replaced_is_marked(model_folder, tmp_path):
    write(tmp_path / "exports/cnn-onnx", DIGEST)
    *_, row = export_list.listing(tmp_path / "exports", [model_folder("cnn")]).splitlines()
    assert row.endswith("; of an earlier model")


def test_an_export_of_an_earlier_release_has_a_row_without_its_model(tmp_path):
    write(tmp_path / "exports/cnn-onnx", DIGEST)
    forget(tmp_path / "exports/cnn-onnx", *NEW)
    assert [row[:4] for row in listed(tmp_path / "exports", [])] == [["cnn-onnx", "0.500", "0.250", "unknown"]]


def test_without_an_export_the_command_that_makes_one_is_named(tmp_path):
    assert "`darkroom export --to onnx` makes one" in export_list.listing(tmp_path, [])


@pytest.mark.parametrize(
    "facts",
    [
        {"format": "none"}, {"format": []}, {"digest": 1}, {"ms": "fast"}, {"bytes": None}, {"int8": 1},
        {"images": True}, {"before": {"bytes": 1, "ms": 1.0}}, {"accuracy": "0.9"}, {"comparison": {}},
        {"temperature": [1.0]},
    ],
)  # fmt: skip
def test_a_damaged_export_is_an_error(tmp_path, facts):
    assert_refused(tmp_path, export_facts(**facts))


@pytest.mark.parametrize("lost", [key for key in export_facts() if key not in NEW])
def test_an_export_that_lacks_a_fact_is_an_error(tmp_path, lost):
    assert_refused(tmp_path, {key: fact for key, fact in export_facts().items() if key != lost})


def assert_refused(exports, facts):
    files.write_json(exports / "cnn-onnx/export.json", facts)
    with pytest.raises(ArtifactError, match="not what `darkroom export` writes") as fault:
        export_list.listing(exports, [])
    assert fault.value.exit_code == 4
