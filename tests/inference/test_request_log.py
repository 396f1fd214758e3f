"""inference.request_log: what is kept of a question and its answer."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from darkroom.decoding import decode
from darkroom.decoding.bad_image import BadImage
from darkroom.inference import request_log
from darkroom.runtime import files

SETTINGS = decode.PackSettings(8, "rgb", "stretch", 10_000)


def png(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_measured_image_is_the_input_that_the_model_would_get_anyway():
    data = png(np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8))
    pixels, appearance = request_log.measured(data, SETTINGS)
    np.testing.assert_array_equal(pixels, decode.to_array(data, SETTINGS))
    assert (appearance["width"], appearance["height"]) == (30, 40)


def test_light_and_colour_are_those_of_the_image_and_its_digest_is_that_of_the_file(tmp_path):
    data = png(np.full((20, 20, 3), (200, 100, 100), np.uint8))
    (tmp_path / "a.png").write_bytes(data)
    appearance = request_log.measured(data, SETTINGS).appearance
    assert appearance["sha256"] == files.sha256(tmp_path / "a.png")
    assert appearance["brightness"] == pytest.approx(0.299 * 200 + 0.701 * 100, abs=1)  # ITU-R BT.601
    assert (appearance["contrast"], appearance["colour"], appearance["sharpness"]) == (0, 100, 0)


def test_an_image_that_cannot_be_decoded_is_not_logged():
    with pytest.raises(BadImage):
        request_log.measured(b"no image", SETTINGS)


def test_lines_are_added_to_a_log_and_each_is_json_without_pixels(tmp_path):
    log, appearance = tmp_path / "requests.jsonl", request_log.measured(png(np.zeros((9, 9), np.uint8)), SETTINGS)[1]
    request_log.append(log, [request_log.row("0123456789abcdef", "cat", [0.75, 0.25], 1.5, appearance)] * 2)
    request_log.append(log, [request_log.row("0123456789abcdef", "unknown", [0.5, 0.5], None, appearance)])
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["label"] for row in rows] == ["cat", "cat", "unknown"]
    expected = "time model label probabilities temperature sha256 width height brightness contrast colour sharpness"
    assert all(row.keys() == set(expected.split()) for row in rows)
    assert rows[0]["time"].endswith("+00:00") and sum(map(len, log.read_text().splitlines())) < 3 * 500


@pytest.fixture
def logged(tmp_path):
    """A log of two rows, with and without a temperature."""
    appearance = request_log.measured(png(np.zeros((9, 9), np.uint8)), SETTINGS).appearance
    rows = [request_log.row("0123456789abcdef", "cat", [0.75, 0.25], t, appearance) for t in (1.5, None)]
    request_log.append(tmp_path / "requests.jsonl", rows)
    return tmp_path / "requests.jsonl", rows


def test_a_log_reads_back_as_it_was_written(logged):
    path, rows = logged
    assert list(request_log.read(path)) == rows


def test_rows_of_an_earlier_release_had_no_temperature(logged):
    path, rows = logged
    path.write_text(json.dumps({key: value for key, value in rows[0].items() if key != "temperature"}))
    assert list(request_log.read(path)) == [{**rows[0], "temperature": None}]


@pytest.mark.parametrize("line", [
    "", "no json", "[1]", "{}", "null", "[" * 100_000, '{"time": "2026"}',
    '{"time": "", "model": "", "label": "", "sha256": "", "probabilities": []}',
    '{"time": "", "model": "", "label": "", "sha256": "", "probabilities": [1.0], "width": "wide"}',
])  # fmt: skip
def test_a_line_that_is_no_row_stops_no_other(logged, line):
    path, rows = logged
    path.write_text(f"{json.dumps(rows[0])}\n{line}\n{json.dumps(rows[1])[:-9]}\n{json.dumps(rows[1])}\n")
    assert list(request_log.read(path)) == [rows[0], None, None, rows[1]]
