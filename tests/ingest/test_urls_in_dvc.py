"""`dvc repro` asks the server of an archive at a URL: it ingests a changed object, and no unchanged one."""

import hashlib
import os
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow

HERE = Path.cwd()


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder with ETags."""

    def end_headers(self):
        path = Path(self.translate_path(self.path))
        if path.is_file():
            self.send_header("ETag", f'"{hashlib.md5(path.read_bytes()).hexdigest()}"')
        super().end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def bucket(tmp_path):
    folder = tmp_path / "bucket"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def run(tmp_path, bucket, warm_dvc):
    """Run a command in a repository whose only stage is `ingest` and whose archive is in the bucket."""
    root = tmp_path / "repository"
    for part in ("pipeline", "src", ".dvc/config"):
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copy)(HERE / part, root / part)
    yaml = YAML()
    pipeline, params = yaml.load(HERE / "dvc.yaml"), yaml.load(HERE / "params.yaml")
    pipeline["stages"] = {"ingest": pipeline["stages"]["ingest"]}
    params["dataset"]["archive"] = f"{bucket[1]}/images.zip"
    yaml.dump(pipeline, root / "dvc.yaml")
    yaml.dump(params, root / "params.yaml")
    path = f"{warm_dvc.parent}{os.pathsep}{os.environ['PATH']}"
    variables = {**os.environ, "PATH": path, "PYTHONPATH": str(root / "src"), "DVC_NO_ANALYTICS": "1"}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=root, env=variables, capture_output=True, text=True)
        return f"{done.returncode} {done.stdout}{done.stderr}"

    run("git", "init", "--quiet")
    return run


def test_a_changed_object_is_ingested_by_dvc_repro_and_an_unchanged_one_is_not(run, bucket, zipped):
    def put(members: dict[str, bytes]) -> None:
        shutil.move(zipped(members), bucket[0] / "images.zip")

    put({"cats/1.jpg": b"x", "dogs/1.jpg": b"y"})
    assert "2 files" in run("dvc", "repro")
    again = run("dvc", "repro")
    assert again.startswith("0") and "2 files" not in again and "didn't change" in again
    put({"cats/1.jpg": b"x", "dogs/1.jpg": b"y", "dogs/2.jpg": b"z"})
    assert "modified" in run("dvc", "status") and "3 files" in run("dvc", "repro")
    (bucket[0] / "images.zip").unlink()
    assert run("darkroom", "repro").startswith("3 error[E_ARCHIVE_MISSING] no such object")
