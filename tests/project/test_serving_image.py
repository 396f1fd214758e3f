"""Each command of Dockerfile.serve does what it says in this project; no test builds the image."""

import argparse
import json
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from darkroom import cli_arguments

TEXT = Path("Dockerfile.serve").read_text()
PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
ENTRY = json.loads(re.search(r"^ENTRYPOINT (.*)$", TEXT, re.M)[1])


def served():
    """What the command of the image is told, with the options of its first comment."""
    parser = argparse.ArgumentParser()
    cli_arguments.of_serve(parser)
    return parser.parse_args([*ENTRY[2:], "--token-env", "TOKEN"])


def test_it_has_the_python_of_the_other_image_and_runs_as_a_user_without_rights():
    python = r"^FROM python:([\d.]+)-slim"
    assert set(re.findall(python, TEXT, re.M)) == set(re.findall(python, Path("Dockerfile").read_text(), re.M))
    (user,) = re.findall(r"^USER (\d+)$", TEXT, re.M)
    assert int(user) > 0 and f"useradd --create-home --uid {user} " in TEXT


def test_it_installs_the_extra_that_serves_at_the_pins():
    (extra,) = re.findall(
        r'^RUN pip install --no-cache-dir --constraint /source/pins.txt "/source\[(\w+)\]"$', TEXT, re.M
    )
    assert extra == "serve" and extra in PROJECT["optional-dependencies"]


def test_its_pins_are_constraints_that_pip_takes_and_name_what_the_extra_needs():
    (command,) = re.findall(r"^RUN (sed .*) > /source/pins.txt$", TEXT, re.M)
    if not shutil.which("sed"):
        pytest.skip("there is no sed")
    words = ["sh", "-c", command.replace("/source/", "")]
    pins = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [
        pin for pin in pins if not re.fullmatch(r"[a-z0-9._-]+==[^\s;\\]+( ; .+)?", pin)
    ] == []  # no extras, no hashes
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["serve"]]
    names = {re.match(r"[\w.-]+", name)[0].lower() for name in needed}
    assert names <= {pin.partition("==")[0] for pin in pins}


def test_what_it_copies_and_reads_is_here_and_docker_sees_it():
    read = {*re.findall(r"^COPY ([^-]\S*) ", TEXT, re.M), *re.findall(r"(?<!> )/source/(requirements\S+)", TEXT)}
    ignored = [line for line in Path(".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert read == {".", "requirements.txt"} and all(Path(name).exists() for name in read)
    assert [line for line in ignored if fnmatch("requirements.txt", line)] == []


def test_it_runs_the_command_of_the_wheel_with_options_that_it_has():
    assert ENTRY[0] in PROJECT["scripts"] and ENTRY[1] == "serve"
    assert (served().host, str(served().model)) == ("0.0.0.0", "/model")
    assert f":{served().model}:ro" in TEXT  # where its first comment mounts the export


def test_its_port_is_the_default_and_its_health_check_a_path_that_needs_no_token():
    app = pytest.importorskip("darkroom.serve.app", reason="the extra `serve` is not installed")
    gate = pytest.importorskip("darkroom.serve.gate")
    assert re.findall(r"^EXPOSE (\d+)$", TEXT, re.M) == [str(served().port)]
    (port, path) = re.search(r"^HEALTHCHECK .*http://127.0.0.1:(\d+)(/\w+)", TEXT, re.M).groups()
    assert port == str(served().port) and path in app.TELLING and path in gate.OPEN
