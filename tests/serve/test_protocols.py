"""The Open Inference Protocol and MLflow's requests get the numbers of `POST /predict`."""

import json
import struct
from base64 import b64encode

import numpy as np
import pytest
from tests.fixtures.serving import CLASSES, SIZE

INFER = "/v2/models/lamp/infer"


def as_base64(data):
    return b64encode(data).decode()


def of_predict(client, *files):
    found = client.post_json("/predict", {"images": list(map(as_base64, files))}).json["predictions"]
    return [[row["probabilities"][name] for name in CLASSES] for row in found], [row["label"] for row in found]


def tensor(shape, kind, data):
    return {"inputs": [{"name": "images", "shape": shape, "datatype": kind, "data": data}]}


def outputs(answer):
    return {output["name"]: output for output in answer.json["outputs"]}


def test_bytes_are_image_files(serving, png):
    client = serving()
    request = {"id": "7", **tensor([2], "BYTES", [as_base64(png(1)), as_base64(png(2))])}
    answer = client.post_json(INFER, request)
    rows, labels = of_predict(client, png(1), png(2))
    found = outputs(answer)
    assert found["probabilities"]["shape"] == [2, 2] and found["probabilities"]["data"] == sum(rows, [])
    assert found["label"]["data"] == labels and answer.json["id"] == "7"
    assert (answer.json["model_name"], answer.json["model_version"]) == ("lamp", "0123456789abcdef")


def test_bytes_may_follow_the_json(serving, png):
    client, files = serving(), (png(1), png(2))
    head = tensor([2], "BYTES", None)
    del head["inputs"][0]["data"]
    text = json.dumps(head).encode()
    body = text + b"".join(struct.pack("<I", len(file)) + file for file in files)
    answer = client.post(INFER, body, "application/octet-stream", inference_header_content_length=str(len(text)))
    assert outputs(answer)["probabilities"]["data"] == sum(of_predict(client, *files)[0], [])
    torn = client.post(INFER, body[:-1], "application/octet-stream", inference_header_content_length=str(len(text)))
    assert torn.status == 400


ALL = {"parameters": {"binary_data_output": True}}
EACH = {"outputs": [{"name": name, "parameters": {"binary_data": True}} for name in ("probabilities", "label")]}
SOME = {"outputs": [{"name": "label", "parameters": {"binary_data": False}}, {"name": "probabilities"}], **ALL}


@pytest.mark.parametrize(("asked", "order"), [(ALL, "pl"), (EACH, "pl"), (SOME, "p")])
def test_outputs_follow_the_json_where_the_client_asks(serving, png, asked, order):
    client, files = serving(), (png(1), png(2))
    request = {**tensor([2], "BYTES", list(map(as_base64, files))), **asked}
    answer = client.post_json(INFER, request)
    length = int(answer.headers["inference-header-content-length"])
    assert answer.headers["content-type"] == "application/octet-stream"
    found = {output["name"]: output for output in json.loads(answer.body[:length])["outputs"]}
    rows, labels = of_predict(client, *files)
    tensors = {
        "p": np.array(rows, "<f4").tobytes(),
        "l": b"".join(struct.pack("<I", len(label)) + label.encode() for label in labels),
    }
    assert answer.body[length:] == b"".join(tensors[letter] for letter in order)
    assert found["probabilities"]["parameters"] == {"binary_data_size": len(tensors["p"])}
    assert found["label"].get("data") == (None if "l" in order else labels)
    assert "data" not in found["probabilities"]


@pytest.mark.parametrize("wrong", [{"parameters": 1}, {"outputs": [{"name": "label", "parameters": [1]}]}])
def test_parameters_that_are_no_object_are_refused(serving, png, wrong):
    request = {**tensor([1], "BYTES", [as_base64(png())]), **wrong}
    assert serving().post_json(INFER, request).status == 400


def test_a_binary_tensor_has_the_size_that_it_says(serving, png):
    client, file = serving(), struct.pack("<I", len(png())) + png()
    for said, status in ((len(file), 200), (len(file) + 1, 400)):
        head = {"name": "images", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": said}}
        text = json.dumps({"inputs": [head]}).encode()
        answer = client.post(INFER, text + file, "text/plain", inference_header_content_length=str(len(text)))
        assert answer.status == status


@pytest.mark.parametrize("shape", [(2, SIZE, SIZE, 3), (1, 5, 7, 3), (1, 9, 9, 1)])
def test_uint8_are_pixels_flat_or_nested(serving, shape):
    client, pixels = serving(), np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    flat = client.post_json(INFER, tensor(list(shape), "UINT8", pixels.ravel().tolist()))
    nested = client.post_json(INFER, tensor(list(shape), "UINT8", pixels.tolist()))
    assert flat.status == 200 and flat.body == nested.body
    if shape[1] == SIZE:
        np.testing.assert_allclose(
            outputs(flat)["probabilities"]["data"][1::2], pixels.mean((1, 2, 3)) / 255, atol=1e-6
        )


def test_it_names_the_outputs_that_it_gives(serving, png):
    client, request = serving(), tensor([1], "BYTES", [as_base64(png())])
    assert list(outputs(client.post_json(INFER, {**request, "outputs": [{"name": "label"}]}))) == ["label"]
    assert client.post_json(INFER, {**request, "outputs": [{"name": "logits"}]}).status == 400


def test_metadata_health_and_version(serving, png):
    client = serving()
    about = client.get("/v2/models/lamp").json
    assert about["versions"] == ["0123456789abcdef"] and about["inputs"][0]["datatype"] == "BYTES"
    paths = "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/lamp/ready"
    assert {client.get(path).status for path in paths} == {200}
    request = tensor([1], "BYTES", [as_base64(png())])
    assert client.post_json("/v2/models/lamp/versions/0123456789abcdef/infer", request).status == 200
    assert client.post_json("/v2/models/lamp/versions/2/infer", request).status == 404
    assert client.post_json("/v2/models/other/infer", request).status == client.get("/v2/models/other").status == 404


WRONG = {
    "no inputs": {},
    "two tensors": {"inputs": [{}, {}]},
    "no object": {"inputs": [1]},
    "no shape": {"inputs": [{"datatype": "UINT8", "data": [1]}]},
    "a negative shape": tensor([-1], "BYTES", ["QQ=="]),
    "a boolean in the shape": tensor([True], "BYTES", ["QQ=="]),
    "a huge shape": tensor([2**30, 2**30, 2**30, 3], "UINT8", [1]),
    "another datatype": tensor([1], "FP32", [1.0]),
    "an unhashable datatype": tensor([1], ["BYTES"], [1.0]),
    "less data than the shape": tensor([2], "BYTES", ["QQ=="]),
    "a flat shape": tensor([3], "UINT8", [1, 2, 3]),
    "ragged pixels": tensor([1, 1, 2, 3], "UINT8", [[[[1, 2, 3], [1]]]]),
    "pixels above 255": tensor([1, 1, 1, 3], "UINT8", [0, 1, 256]),
    "fractions": tensor([1, 1, 1, 3], "UINT8", [0, 1, 0.5]),
    "text for pixels": tensor([1, 1, 1, 3], "UINT8", ["a", "b", "c"]),
    "huge pixels": tensor([1, 1, 1, 3], "UINT8", [0, 1, 10**400]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_tensor_is_refused(serving, name):
    answer = serving().post_json(INFER, WRONG[name])
    assert answer.status == 400 and len(answer.body) < 1024


@pytest.mark.parametrize(
    "wrap",
    [
        lambda images: {"dataframe_split": {"columns": ["image"], "data": [[image] for image in images]}},
        lambda images: {"dataframe_split": {"index": [0, 1], "columns": ["image"], "data": [[i] for i in images]}},
        lambda images: {"dataframe_records": [{"image": image} for image in images]},
        lambda images: {"inputs": images},
        lambda images: {"inputs": {"image": images}},
        lambda images: {"instances": images},
        lambda images: {"instances": [{"image": image} for image in images]},
    ],
)
def test_mlflow_s_forms_hold_base64(serving, png, wrap):
    client, files = serving(), (png(1), png(2))
    answer = client.post_json("/invocations", wrap([as_base64(file) for file in files]))
    rows, labels = of_predict(client, *files)
    assert [row["label"] for row in answer.json["predictions"]] == labels
    assert [list(row["probabilities"].values()) for row in answer.json["predictions"]] == rows
    assert {tuple(row["probabilities"]) for row in answer.json["predictions"]} == {CLASSES}


def test_mlflow_s_inputs_may_be_pixels(serving):
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3))
    answer = serving().post_json("/invocations", {"inputs": pixels.astype(float).tolist()})
    light = [row["probabilities"]["light"] for row in answer.json["predictions"]]
    np.testing.assert_allclose(light, pixels.mean((1, 2, 3)) / 255, atol=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        {}, {"inputs": ["QQ=="], "instances": ["QQ=="]}, {"inputs": []}, {"inputs": {}}, {"inputs": 3},
        {"inputs": {"a": ["QQ=="], "b": ["QQ=="]}}, {"dataframe_split": {"data": [[1, 2]]}},
        {"dataframe_split": {"data": ["QQ=="]}}, {"dataframe_split": []}, {"dataframe_records": [{}]},
        {"inputs": [None]}, {"inputs": [{}]}, {"inputs": [[["a"]]]},
    ],
)  # fmt: skip
def test_a_wrong_invocation_is_refused(serving, value):
    assert serving().post_json("/invocations", value).status in (400, 422)
