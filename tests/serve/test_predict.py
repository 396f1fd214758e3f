"""`POST /predict`: the same numbers in every form, and a short refusal for whatever is no image."""

import json
import time
from base64 import b64encode, urlsafe_b64encode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.serving import CLASSES, SIZE, brightness

from darkroom.decoding import decode
from darkroom.decoding.decode import PackSettings

SETTINGS = PackSettings(SIZE, "rgb", "stretch", 1_000_000)
BOUNDARY = "x"


def form(*files):
    parts = "".join(
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="files"; filename="{n}"\r\n\r\n{{}}\r\n'
        for n in range(len(files))
    )
    pieces = parts.encode().split(b"{}")
    body = b"".join(piece + file for piece, file in zip(pieces, [*files, b""], strict=True))
    return body + f"--{BOUNDARY}--\r\n".encode()


def as_base64(data):
    return b64encode(data).decode()


def expected(data):
    (row,) = brightness(decode.to_array(data, SETTINGS)[np.newaxis])
    return {name: pytest.approx(float(p), abs=1e-6) for name, p in zip(CLASSES, row, strict=True)}


def test_a_body_a_form_and_json_get_the_numbers_of_the_decoded_image(serving, png):
    client, data = serving(), png(3)
    one = client.post("/predict", data).json
    many = client.post("/predict", form(data, png(4)), f"multipart/form-data; boundary={BOUNDARY}").json
    listed = client.post_json("/predict", {"images": [as_base64(data), urlsafe_b64encode(png(4)).decode()]}).json
    assert one["probabilities"] == expected(data) == many["predictions"][0]["probabilities"]
    assert many == listed and many["predictions"][1]["probabilities"] == expected(png(4))
    assert (one["model"], one["digest"]) == ("lamp", "0123456789abcdef") == (many["model"], many["digest"])
    assert one["label"] == max(one["probabilities"], key=one["probabilities"].get) == next(iter(one["probabilities"]))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "LA"])
def test_every_mode_is_decoded_as_the_command_line_decodes_it(serving, painted, encoded, mode):
    data = encoded(painted(1).convert(mode), "TIFF" if mode == "CMYK" else "PNG")
    assert serving().post("/predict", data).json["probabilities"] == expected(data)


def test_an_image_is_turned_upright(serving, encoded):
    image = Image.fromarray(np.repeat(np.arange(0, 240, 10, np.uint8)[:, None, None], 24, 1).repeat(3, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", exif=exif)
    seen = []
    serving(lambda images: seen.append(images) or brightness(images)).post("/predict", data)
    np.testing.assert_array_equal(seen[0][0], decode.to_array(data, SETTINGS))


def test_sixteen_bits_are_refused_by_a_model_that_was_trained_without(serving, encoded):
    answer = serving().post("/predict", encoded(Image.fromarray(np.full((8, 8), 40_000, np.uint16))))
    assert answer.status == 422 and "16 bits" in answer.json["what"]


def test_a_temperature_is_applied_on_request_where_it_is_known(serving, png):
    plain, scaled = serving(temperature=2.0), serving(temperature=2.0)
    before = plain.post("/predict", png()).json["probabilities"]["light"]
    after = scaled.post("/predict?calibrated=true", png()).json["probabilities"]["light"]
    odds = (before / (1 - before)) ** 0.5
    assert after == pytest.approx(odds / (1 + odds), abs=1e-6)
    assert serving().post("/predict?calibrated=true", png()).json["error"] == "no_temperature"
    assert serving().post("/predict?calibrated=perhaps", png()).json["error"] == "bad_query"


BAD = {
    "empty": (b"", "image/png", 400, "empty_body"),
    "text": (b"hello", "image/png", 422, "not_an_image"),
    "html": (b"<html>" * 100, "image/png", 422, "not_an_image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", 422, "not_an_image"),
    "a form without files": (form(), f"multipart/form-data; boundary={BOUNDARY}", 400, "empty_body"),
    "an empty file": (form(b""), f"multipart/form-data; boundary={BOUNDARY}", 400, "empty_body"),
    "no boundary": (form(b"x"), "multipart/form-data", 400, "bad_form"),
    "half a form": (form(b"x" * 100)[:60], f"multipart/form-data; boundary={BOUNDARY}", 400, None),
    "no JSON": (b"{", "application/json", 400, "bad_json"),
    "a list": (b"[1]", "application/json", 400, "bad_json"),
    "no images": (b"{}", "application/json", 400, "bad_json"),
    "an empty list": (b'{"images": []}', "application/json", 400, "bad_json"),
    "a number": (b'{"images": [1]}', "application/json", 400, "bad_json"),
    "no base64": (b'{"images": ["!!"]}', "application/json", 400, "bad_json"),
    "NaN": (b'{"images": NaN}', "application/json", 400, "bad_json"),
    "deep JSON": (b"[" * 200_000, "application/json", 400, "bad_json"),
    "no Unicode": (b'{"images": ["\xff"]}', "application/json", 400, "bad_json"),
    "a long number": (b'{"images": [' + b"9" * 9_000 + b"]}", "application/json", 400, "bad_json"),
    "another type": (b"x", "application/x-www-form-urlencoded", 415, "unknown_type"),
    "no type": (b"x", "", 415, "unknown_type"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_image_gets_a_short_refusal(serving, name):
    body, kind, status, word = BAD[name]
    answer = serving().post("/predict", body, kind)
    assert (answer.status, answer.json["error"]) == (status, word or answer.json["error"])
    assert len(answer.body) < 1024 and b"Traceback" not in answer.body and b".py" not in answer.body


def test_a_damaged_image_is_refused_wherever_it_ends(serving, painted, encoded):
    client = serving()
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        data = encoded(painted(1, width=60, height=60), kind)
        for share in (0.1, 0.5, 0.9):
            answer = client.post("/predict", data[: int(share * len(data))])
            assert answer.status == 422, (kind, share, answer)


def test_a_bomb_is_refused_before_it_is_decoded(serving, encoded):
    data = encoded(Image.new("1", (12_000, 7_000)))  # 84 megapixels in 10 kB, the limit of the model is 1
    client = serving()
    client.post("/predict", b"warm")
    start = time.process_time()
    answer = client.post("/predict", data)
    assert answer.status == 422 and "more than 1000000 pixels" in answer.json["what"]
    assert time.process_time() - start < 0.1


def test_a_body_is_read_to_its_limit_and_no_further(serving):
    client, read = serving(body=1000), []

    def endless():
        while True:
            read.append(1)
            yield b"x" * 100

    declared = client.post("/predict", b"x", content_length="1001")
    streamed = client.run(client.request("POST", "/predict", endless(), {"content-type": "image/png"}))
    for answer in (declared, streamed):
        assert answer.status == 413 and "1000 bytes" in answer.json["what"] and answer.headers["connection"] == "close"
    assert len(read) == 11


def test_a_compressed_body_is_refused(serving, png):
    assert serving().post("/predict", png(), content_encoding="gzip").status == 415


def test_more_images_than_a_request_may_have_are_refused(serving, png):
    client, image = serving(images=3), as_base64(png())
    assert client.post_json("/predict", {"images": [image] * 3}).status == 200
    answer = client.post_json("/predict", {"images": [image] * 4})
    assert answer.status == 413 and "at most 3 images" in answer.json["what"]


def test_a_slow_body_is_given_up(serving, png):
    client, half = serving(seconds=0.1), len(png()) // 2
    chunks = [png()[:half], png()[half:]]
    request = client.request("POST", "/predict", chunks, {"content-type": "image/png"}, pause=0.2)
    answer = client.run(request)
    assert (answer.status, answer.json["error"], answer.headers["connection"]) == (408, "too_slow", "close")


def test_one_bad_image_among_several_refuses_the_request_and_the_next_is_answered(serving, png):
    client = serving()
    answer = client.post_json("/predict", {"images": [as_base64(png()), as_base64(b"no image")]})
    assert answer.status == 422
    assert client.post("/predict", png()).status == 200 and client.service.backlog.images == 0


def test_nan_is_an_error_and_never_in_json(serving, png):
    def broken(images):
        rows = brightness(images)
        return np.where(images.mean((1, 2, 3))[:, None] > 200, np.nan, rows)

    client, white = serving(broken), BytesIO()
    Image.new("RGB", (9, 9), "white").save(white, "PNG")
    answer = client.post("/predict", white.getvalue())
    assert (answer.status, answer.json["error"]) == (500, "model_output")
    assert client.post("/predict", png()).status == 200
    assert 'darkroom_requests_total{route="/predict",status="500"} 1.0' in client.get("/metrics").body.decode()


def test_a_model_that_fails_costs_its_request_alone(serving, png, capsys):
    failures = [ValueError("secret of the model")]

    def once(images):
        if failures:
            raise failures.pop()
        return brightness(images)

    client = serving(once)
    answer = client.post("/predict", png())
    assert (answer.status, answer.json["error"]) == (500, "internal") and b"secret" not in answer.body
    assert "secret of the model" in capsys.readouterr().err
    assert client.post("/predict", png()).status == 200


def test_the_log_has_a_line_for_each_image_without_the_image(serving, png, tmp_path):
    client = serving(log=tmp_path / "log.jsonl")
    client.post("/predict", png(1))
    client.post_json("/predict", {"images": [as_base64(png(2)), as_base64(png(3))]})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 3 and {line["model"] for line in lines} == {"0123456789abcdef"}
    assert dict(zip(CLASSES, lines[0]["probabilities"], strict=True)) == expected(png(1))
    assert (lines[0]["width"], lines[0]["height"]) == (12, 10) and len((tmp_path / "log.jsonl").read_bytes()) < 2000
