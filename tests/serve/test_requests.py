"""What holds for every request: ids, tokens, measures, paths, and the document that describes them."""

import pytest
from tests.fixtures.serving import brightness


def test_an_id_is_echoed_or_made(serving, png):
    client = serving()
    assert client.get("/health", x_request_id="abc-1").headers["x-request-id"] == "abc-1"
    made = {client.get("/health", x_request_id=bad).headers["x-request-id"] for bad in ("", "a b", "x" * 200, "é")}
    assert len(made) == 4 and all(10 <= len(one) < 40 for one in made)
    assert client.post("/predict", b"", x_request_id="bad-1").headers["x-request-id"] == "bad-1"


def test_a_token_is_asked_of_all_but_probes_and_pages(serving, png):
    client = serving(token="secret")
    assert {client.get(path).status for path in ("/health", "/ready", "/", "/docs", "/page/style.css")} == {200}
    for given in ("", "Bearer", "Bearer wrong", "secret", "Bearer secret2", "bearer é"):
        answer = client.post("/predict", png(), authorization=given)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/metrics").status == client.get("/nowhere").status == client.get("/openapi.json").status == 401
    assert client.post("/predict", png(), authorization="Bearer secret").status == 200


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/nowhere", 404), ("GET", "/predict", 405), ("TRACE", "/predict", 405), ("DELETE", "/health", 405),
        ("GET", "/page/../app.py", 404), ("GET", "/page/none", 404), ("BREW", "/", 405), ("GET", "//", 404),
    ],
)  # fmt: skip
def test_other_paths_and_methods_are_refused_in_json(serving, method, path, status):
    client = serving()
    answer = client.run(client.request(method, path, [b""], {}))
    assert answer.status == status and answer.json.keys() == {"error", "what"}


def test_measures_count_requests_batches_and_labels(serving, png):
    client = serving()
    client.post("/predict", png())
    client.post("/predict", b"no image")
    text = client.get("/metrics").body.decode()
    for line in (
        'darkroom_requests_total{route="/predict",status="200"} 1.0',
        'darkroom_requests_total{route="/predict",status="422"} 1.0',
        'darkroom_request_seconds_count{route="/predict"} 2.0',
        "darkroom_batch_images_count 1.0",
        'darkroom_model_info{digest="0123456789abcdef",name="lamp"} 1.0',
        "darkroom_waiting_images 0.0",
    ):
        assert line in text.splitlines(), line


def test_ready_says_no_once_the_server_ends_and_answers_close_their_connections(serving, png):
    client = serving()
    assert client.get("/ready").status == 200
    client.service.is_draining = True
    answer = client.post("/predict", png())
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert client.get("/ready").status == client.get("/v2/health/ready").status == 503
    assert client.get("/health").status == 200


def test_the_document_describes_bodies_and_refusals(serving):
    api = serving().get("/openapi.json").json
    operation = api["paths"]["/predict"]["post"]
    assert {"image/*", "multipart/form-data", "application/json"} <= operation["requestBody"]["content"].keys()
    assert {"200", "400", "413", "415", "422", "503"} <= operation["responses"].keys()
    assert {"/explain", "/v2/models/{name}/infer", "/invocations", "/health", "/metrics"} <= api["paths"].keys()


def test_an_explanation_says_by_how_much_covering_a_part_lowers_the_label(serving, encoded):
    import numpy as np
    from PIL import Image

    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:4, :4] = 255  # what the label `corner` below looks at
    corner = lambda images: np.stack([images[:, :4, :4].mean((1, 2, 3)) / 255] * 2, 1) * [0.5, 1]  # noqa: E731
    answer = serving(corner).post("/explain", encoded(Image.fromarray(pixels))).json
    drops = np.array(answer["map"])
    assert answer["label"] == "light" and drops.shape == (8, 8)
    assert drops[:2, :2].min() > 0.5 and abs(drops[4:, 4:]).max() < 1e-6
    assert brightness(pixels[np.newaxis]).shape == (1, 2)
