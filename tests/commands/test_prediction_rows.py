"""commands.prediction_rows: what is printed, in each format."""

import csv
import io
import json

import pytest

from darkroom.commands import prediction_rows
from darkroom.inference.answers import Prediction
from darkroom.runtime.errors import DataError

CLASSES = ("=cat", "dog")
BAD = DataError("E_IMAGE", "not an image", where="b\x1b.png", fix="leave it out")
ANSWERS = [
    ("a.png", Prediction("dog", {"dog": 0.75, "=cat": 0.25}, 0.5)),
    ("b\x1b.png", BAD),
    ("c,\n.png", Prediction("rejected", {"=cat": 0.5, "dog": 0.5}, 0.125)),
]


def shown(form: prediction_rows.Format, capsys, answers=ANSWERS) -> str:
    prediction_rows.print_rows(iter(answers), CLASSES, form)
    return capsys.readouterr().out


def test_a_line_has_path_label_the_likeliest_classes_and_the_score(capsys):
    prediction_rows.print_rows(ANSWERS, CLASSES, "text")
    printed = capsys.readouterr()
    assert printed.out == (
        "a.png\tdog\tdog 0.7500, =cat 0.2500\tunknown 0.5000\n"
        "c,\\n.png\trejected\t=cat 0.5000, dog 0.5000\tunknown 0.1250\n"
    )
    assert printed.err == "error[E_IMAGE] not an image | where: b\\x1b.png | fix: leave it out\n"


def test_csv_has_a_row_per_image_and_no_cell_is_a_formula(capsys):
    rows = list(csv.DictReader(io.StringIO(shown("csv", capsys))))
    first = {"path": "a.png", "label": "dog", "unknown": "0.5", "p_=cat": "0.25", "p_dog": "0.75", "error": ""}
    assert rows[0] == first and rows[2]["path"] == "c,\n.png" and rows[2]["label"] == "rejected"
    assert rows[1]["error"] == "not an image" and rows[1]["label"] == rows[1]["p_dog"] == ""


def test_json_is_one_array_and_json_lines_are_its_objects(capsys):
    whole = json.loads(shown("json", capsys))
    assert whole == [json.loads(line) for line in shown("jsonl", capsys).splitlines()]
    assert whole[0] == {"path": "a.png", "label": "dog", "probabilities": {"dog": 0.75, "=cat": 0.25}, "unknown": 0.5}
    assert whole[1]["error"] == {"code": "E_IMAGE", "what": "not an image", "fix": "leave it out"}


@pytest.mark.parametrize("form", ["text", "csv", "json", "jsonl"])
def test_no_answers_are_a_valid_document(capsys, form):
    empty = {"text": "", "csv": "path,label,unknown,p_=cat,p_dog,error\n", "json": "[]\n", "jsonl": ""}
    assert shown(form, capsys, []) == empty[form]


def test_a_model_that_cannot_score_says_nothing_about_it(capsys):
    (line,) = shown("jsonl", capsys, [("a.png", Prediction("dog", {"dog": 1.0, "=cat": 0.0}))]).splitlines()
    assert "unknown" not in json.loads(line)
