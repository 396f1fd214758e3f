"""A download is complete and verified, or fails with one line; against a server on this machine."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from darkroom.commands import fetch
from darkroom.runtime.errors import DataError, EnvironmentFault, ParamsError, ServiceError

BODY = os.urandom(3 << 20)


class Server(ThreadingHTTPServer):
    """Serves BODY at every path, from where it is asked to; `cut` ends the first answer after so many bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.cut, self.status, self.starts, self.etag = None, None, [], '"1"'


class Answer(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        status = self.server.status or (416 if start >= len(BODY) else 206 if start else 200)
        body = BODY[start:] if status < 300 else b""
        self.server.starts.append(start)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", self.server.etag)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: self.server.cut])
        self.server.cut = None

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        sha, md5 = hashlib.sha256(BODY).hexdigest(), hashlib.md5(BODY).hexdigest()
        one = fetch.Remote(f"{base}/one", "one.zip", f"sha256:{sha}")
        two = (one._replace(name="a.gz", checksum=f"md5:{md5}"), one._replace(name="b.gz"))
        monkeypatch.setattr(fetch, "SETS", {"one": (one,), "two": two})
        server.base = base
        yield server
        server.shutdown()


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_set_of_one_file_is_a_file_and_one_of_several_is_a_folder(server, tmp_path):
    assert fetch.fetch("one", tmp_path) == tmp_path / "one.zip"
    assert fetch.fetch("two", tmp_path) == tmp_path / "two"
    assert contents(tmp_path) == {"one.zip": BODY, "two/a.gz": BODY, "two/b.gz": BODY}


def test_a_verified_file_is_not_downloaded_again(server, tmp_path):
    fetch.fetch("one", tmp_path)
    fetch.fetch("one", tmp_path)
    assert server.starts == [0]


def test_an_interrupted_download_resumes(server, tmp_path):
    server.cut = 1_000_000
    with pytest.raises(EnvironmentFault, match="cut off after 1000000 bytes") as fault:
        fetch.fetch("one", tmp_path)
    assert fault.value.exit_code == 5 and not (tmp_path / "one.zip").exists()
    fetch.fetch("one", tmp_path)
    assert server.starts == [0, 1_000_000] and contents(tmp_path) == {"one.zip": BODY}


@pytest.mark.parametrize("partial", [b"from another version", BODY + b"more", BODY])
def test_whatever_partial_file_exists_the_result_is_correct_or_absent(server, tmp_path, partial):
    (tmp_path / "one.zip.part").write_bytes(partial)
    try:
        fetch.fetch("one", tmp_path)
    except DataError as fault:
        assert fault.code == "E_CHECKSUM" and contents(tmp_path) == {}
        fetch.fetch("one", tmp_path)
    assert contents(tmp_path) == {"one.zip": BODY}


def test_a_wrong_checksum_is_exit_3_and_leaves_nothing(server, tmp_path, monkeypatch):
    (one,) = fetch.SETS["one"]
    monkeypatch.setitem(fetch.SETS, "one", (one._replace(checksum=f"sha256:{'0' * 64}"),))
    with pytest.raises(DataError) as fault:
        fetch.fetch("one", tmp_path)
    assert fault.value.code == "E_CHECKSUM" and contents(tmp_path) == {}


def test_a_server_that_refuses_is_exit_6(server, tmp_path):
    server.status = 503
    with pytest.raises(ServiceError, match="503"):
        fetch.fetch("one", tmp_path)


def nobody():
    """The address of a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/x.zip"


@pytest.mark.parametrize("url", [nobody(), "http://nowhere.invalid/x.zip"], ids=["no server", "no name"])
@pytest.mark.parametrize("by_name", [True, False])
def test_offline_is_exit_5(tmp_path, monkeypatch, url, by_name):
    monkeypatch.setattr(fetch, "SETS", {"one": (fetch.Remote(url, "one.zip", "md5:0"),)})
    with pytest.raises(EnvironmentFault) as fault:
        fetch.fetch("one" if by_name else url, tmp_path)
    assert fault.value.code == "E_OFFLINE" and contents(tmp_path) == {}


def test_a_hanging_name_lookup_times_out(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.1)
    never, waited = threading.Event(), []
    monkeypatch.setattr(fetch, "urlopen", lambda *_, **__: never.wait())
    join = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", lambda self, timeout: waited.append(timeout) or join(self, timeout))
    with pytest.raises(EnvironmentFault, match="no response"):
        fetch.fetch("mnist", tmp_path)
    assert waited == [1.1]
    never.set()


def test_the_timeout_is_below_ten_seconds():
    assert fetch.TIMEOUT + 1 < 10


def test_digits_need_no_internet(tmp_path):
    assert fetch.fetch("digits", tmp_path).name == "digits.zip"


@pytest.mark.parametrize(("name", "says"), [("mnits", "did you mean mnist"), ("x", "no data set is called x")])
def test_an_unknown_name_is_exit_2_and_lists_the_known(tmp_path, name, says):
    with pytest.raises(ParamsError, match=says) as fault:
        fetch.fetch(name, tmp_path)
    assert all(name in fault.value.fix for name in ("digits", "mnist", "fashion_mnist", "cifar10", "cats_vs_dogs"))


@pytest.mark.parametrize("url", ["http://h.invalid/", "http://h.invalid/.hidden", "http://h.invalid/a%2F..%2Fb/.."])
def test_a_url_without_a_file_name_is_exit_2(tmp_path, url):
    with pytest.raises(ParamsError):
        fetch.fetch(url, tmp_path)


def test_every_known_checksum_has_the_length_of_its_algorithm():
    for remotes in fetch.SETS.values():
        for remote in remotes:
            algorithm, _, digest = remote.checksum.partition(":")
            assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size and remote.url.startswith(
                "https://"
            )


@pytest.mark.slow
def test_a_url_becomes_a_dvc_import_that_dvc_can_update(server, tmp_path, monkeypatch, warm_dvc):
    monkeypatch.setattr(sys, "executable", str(warm_dvc))
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], check=True)
    path = fetch.fetch(f"{server.base}/images.zip?x=1", tmp_path / "data/raw")
    assert path.read_bytes() == BODY and server.base in (tmp_path / "data/raw/images.zip.dvc").read_text()
    asked = len(server.starts)
    fetch.fetch(f"{server.base}/images.zip?x=1", tmp_path / "data/raw")
    assert len(server.starts) > asked


@pytest.mark.parametrize(
    "url",
    [
        "https://bob:s3cret@host/x.zip",
        "https://bob:s3/cret@host/x.zip",
        "https://s3cret@host/x.zip",
        "https://host/x.zip?token=s3cret",
        "https://host/x.zip?a=1&X-Amz-Signature=s3cret",
        "ssh://bob:s3cret@host/x.zip",
    ],
)
def test_a_url_with_a_secret_is_exit_2_because_its_dvc_file_would_be_committed(tmp_path, url):
    with pytest.raises(ParamsError, match="dvc remote modify --local") as fault:
        fetch.fetch(url, tmp_path)
    assert "s3cret" not in str(fault.value) and contents(tmp_path) == {}


@pytest.mark.parametrize("url", ["ssh://bob@host/x.zip", "s3://bucket/x.zip", "https://host/a@2x.zip?version=3"])
def test_a_url_without_a_secret_is_accepted(url):
    fetch._refuse_secrets(url)
