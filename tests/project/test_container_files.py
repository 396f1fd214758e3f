"""The Dockerfile and the development container agree with pyproject.toml, the Makefile and the lock."""

import json
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

PYPROJECT = tomllib.loads(Path("pyproject.toml").read_text())
DOCKERFILE = Path("Dockerfile").read_text()
DEVCONTAINER = json.loads(Path(".devcontainer/devcontainer.json").read_text())
MAKEFILE = Path("Makefile").read_text()
(PYTHON,) = re.findall(r"^PYTHON \?= python([\d.]+)$", MAKEFILE, re.M)


def test_containers_have_the_python_of_the_makefile():
    assert set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.M)) == {PYTHON}
    assert DEVCONTAINER["image"].partition(":")[2].startswith(f"{PYTHON}-")
    assert f">={PYTHON}" == PYPROJECT["project"]["requires-python"]


def test_the_image_installs_the_lock_and_then_only_darkroom():
    commands = re.findall(r"^RUN ((?:uv )?pip install .*)$", DOCKERFILE.replace("\\\n", ""), re.M)
    locked, darkroom = map(str.split, commands)
    (makefile,) = re.findall(r"uv pip install .* --require-hashes .*", MAKEFILE)
    assert locked[-3:] == ["--require-hashes", "--requirement", "/source/requirements.txt"]
    assert locked[0] == "uv" and {word for word in makefile.split() if "$" not in word} - {*locked} == {
        "--quiet", "requirements.txt",
    }  # fmt: skip
    assert darkroom == "pip install --no-cache-dir --no-deps /source".split()


def test_image_and_makefile_install_uv_as_the_lock_has_it():
    for text in (DOCKERFILE, MAKEFILE.replace("$$", "$")):
        (command,) = re.findall(r"(sed -n '\S+') \S*requirements\.txt > \S+/uv\.txt", text)
        assert re.search(r"pip install .*--require-hashes --requirement \S+/uv\.txt$", text, re.M)
        done = subprocess.run(f"{command} requirements.txt", shell=True, capture_output=True, text=True, check=True)
        pins = done.stdout.replace("\\\n", "").splitlines()
        assert len(pins) == 1 and re.fullmatch(r"uv==[\d.]+(\s+--hash=sha256:[0-9a-f]{64})+", pins[0])


@pytest.mark.parametrize("file", ["Dockerfile", "Dockerfile.serve", "Makefile"])
def test_nothing_is_installed_in_a_version_that_is_not_pinned(file):
    lines = re.sub(r"^\s*#.*\n", "", Path(file).read_text(), flags=re.M).replace("\\\n", "")
    commands = re.findall(r"\bpip install [^&\n]*", lines)
    pinned = re.compile(r"--require-hashes|--constraint |--no-deps ")
    assert commands and [command for command in commands if not pinned.search(command)] == []


def test_the_image_runs_the_command_of_the_wheel_as_a_user_without_rights():
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.M)
    assert set(json.loads(entry)) <= PYPROJECT["project"]["scripts"].keys()
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.M)  # a number, because only that proves to be no root
    assert int(user) > 0 and f"useradd --create-home --uid {user} " in DOCKERFILE


def test_the_image_switches_off_what_the_makefile_switches_off():
    switches = re.findall(r"^export (\w+) := true$", MAKEFILE, re.M)
    assert switches and [name for name in switches if f"{name}=true" not in DOCKERFILE] == []


def test_docker_leaves_out_nothing_that_the_wheel_contains():
    lines = [line for line in Path(".dockerignore").read_text().splitlines() if not line.startswith("#")]
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = ["pyproject.toml", PYPROJECT["project"]["readme"], *wheel["packages"], *wheel["force-include"]]
    parents = [str(path) for name in needed for path in (Path(name), *Path(name).parents)]
    assert [(path, line) for path in parents for line in lines if fnmatch(path, line)] == []


def test_the_development_container_sets_up_forwards_mlflow_and_has_the_recommended_extensions():
    recommended = json.loads(Path(".vscode/extensions.json").read_text())["recommendations"]
    assert set(recommended) <= set(DEVCONTAINER["customizations"]["vscode"]["extensions"])
    assert re.search(rf"^{DEVCONTAINER['postCreateCommand'].removeprefix('make ')}:", MAKEFILE, re.M)
    assert DEVCONTAINER["forwardPorts"] == [int(port) for port in re.findall(r"--port (\d+)", MAKEFILE)]
