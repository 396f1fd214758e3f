"""Triton's own client for the Open Inference Protocol, in each form that it has for a tensor."""

from base64 import b64encode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.serving import SIZE, server_process

http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")

LEVELS = (20, 120, 250)
PIXELS = np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in LEVELS])


def png(pixels):
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def bytes_of(*, binary):
    data = [png(pixels) if binary else b64encode(png(pixels)) for pixels in PIXELS]
    tensor = http.InferInput("images", [len(data)], "BYTES")
    tensor.set_data_from_numpy(np.array(data, object), binary_data=binary)
    return tensor


def pixels_of(*, binary):
    tensor = http.InferInput("images", list(PIXELS.shape), "UINT8")
    tensor.set_data_from_numpy(PIXELS, binary_data=binary)
    return tensor


def wanted(*, binary):
    return [http.InferRequestedOutput(name, binary_data=binary) for name in ("probabilities", "label")]


@pytest.fixture(scope="module")
def client():
    with server_process() as (_, port), http.InferenceServerClient(f"127.0.0.1:{port}") as connected:
        yield connected


def test_its_calls_about_the_server_and_the_model_are_answered(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("lamp")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.get_model_metadata("lamp")["outputs"][0]["datatype"] == "FP32"


@pytest.mark.parametrize("outputs", [None, wanted(binary=True), wanted(binary=False)], ids=["usual", "binary", "json"])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("tensor", [bytes_of, pixels_of])
def test_every_form_of_a_tensor_gets_the_same_arrays(client, tensor, binary, outputs):
    result = client.infer("lamp", [tensor(binary=binary)], outputs=outputs)
    light = np.array(LEVELS, np.float32) / 255
    np.testing.assert_allclose(result.as_numpy("probabilities"), np.stack([1 - light, light], 1), atol=1e-6)
    labels = [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("label")]
    assert labels == ["dark", "dark", "light"]


@pytest.mark.parametrize("outputs", [None, wanted(binary=True)], ids=["usual", "binary"])
def test_its_outputs_come_as_bytes_unless_it_asks_for_json(client, outputs):
    output = client.infer("lamp", [bytes_of(binary=True)], outputs=outputs).get_output("probabilities")
    assert output["parameters"]["binary_data_size"] == 4 * 2 * len(LEVELS) and "data" not in output
