"""Clients that others wrote, against a running server."""

import base64
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

FUZZED = 2_000  # requests at least
EXAMPLES = 200  # of each route in a run


def schemathesis(port: int, home: Path) -> dict:
    """Run schemathesis until it has sent FUZZED requests; how many, and for how many of its runs a 500 came back."""
    program, config = Path(sys.executable).parent / "schemathesis", home / "schemathesis.toml"
    config.write_text('[parameters]\nname = "cnn"\n')
    sent, failed, runs = 0, 0, 0
    while sent < FUZZED:
        runs += 1
        words = ["run", f"http://127.0.0.1:{port}/openapi.json", "--checks", "not_a_server_error", "--seed", str(runs)]
        options = ["--max-examples", str(EXAMPLES), "--suppress-health-check", "all"]
        command = [str(program), "--config-file", str(config), *words, *options]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True)  # it leaves a cache
        found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        if not found:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
        sent, failed = sent + int(found[1]), failed + int(found[1]) - int(found[2])
    return {"requests": sent, "failed": failed, "runs": runs}


def triton(port: int, pictures: list[bytes]) -> dict:
    """Call the server with tritonclient; the largest difference of probabilities between its forms of a request."""
    import tritonclient.http as http

    with http.InferenceServerClient(f"127.0.0.1:{port}") as client:
        calls = {
            "is_server_live": client.is_server_live(),
            "is_server_ready": client.is_server_ready(),
            "is_model_ready": client.is_model_ready("cnn"),
            "get_server_metadata": client.get_server_metadata()["name"] == "darkroom",
            "get_model_metadata": client.get_model_metadata("cnn")["name"] == "cnn",
        }
        encoded = [base64.b64encode(picture) for picture in pictures]
        found = [_infer(http, client, pictures, binary=True), _infer(http, client, encoded, binary=False)]
    differences = [float(abs(other - found[0]).max()) for other in found]
    return {
        "client": f"tritonclient[http] {version('tritonclient')}",
        "calls": calls,
        "largest_difference": max(differences),
    }


def _infer(http, client, pictures: list[bytes], *, binary: bool) -> np.ndarray:
    """float32 (n, k)."""
    tensor = http.InferInput("images", [len(pictures)], "BYTES")
    tensor.set_data_from_numpy(np.array(pictures, object), binary_data=binary)
    outputs = [http.InferRequestedOutput(name, binary_data=False) for name in ("probabilities", "label")]
    result = client.infer("cnn", [tensor], outputs=outputs if not binary else None)
    probabilities = result.as_numpy("probabilities")
    assert json.loads(json.dumps(result.get_response()))["model_name"] == "cnn"
    return probabilities
