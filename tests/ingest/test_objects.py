"""An archive at a URL: its versions and bytes by HTTP, S3 and fsspec's file system in memory, without a network."""

import contextlib
import os
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import fsspec
import pytest
from tests.fixtures.images import contents

from darkroom.ingest import downloads, objects, sources
from darkroom.params import Dataset
from darkroom.runtime import buckets
from darkroom.runtime.errors import DataError, EnvironmentFault, ServiceError

BODY = os.urandom(2 * objects.BLOCK + 1000)


class Server(ThreadingHTTPServer):
    """Serves `body` at every path; it may lack ranges, headers or rights, and breaks off after `cut` bytes in all."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.body, self.etag, self.status, self.cut, self.ranges = BODY, '"1"', 200, None, True
        self.asked, self.url = [], f"http://127.0.0.1:{self.server_port}/a/data.zip"


class Answer(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server, asked = self.server, re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        start, end = (int(asked[1]), int(asked[2]) + 1) if asked and server.ranges else (0, len(server.body))
        body = server.body[start:end]
        self.send_response(206 if asked and server.ranges and server.status == 200 else server.status)
        self.send_header("Content-Length", str(len(body)))
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        if self.command == "GET":
            server.asked.append(start)
            with contextlib.suppress(ConnectionError):  # the client has read enough
                self.wfile.write(body[: None if server.cut is None else max(0, server.cut - start)])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def memory():
    """Write an object into fsspec's file system in memory and return its URL."""
    files = fsspec.filesystem("memory")
    yield lambda name, data: files.pipe(f"/{name}", data) or f"memory://{name}"
    files.store.clear()


@pytest.fixture
def get(tmp_path, limits):
    """Return the bytes of the local copy of a URL."""

    def get(url: str) -> bytes:
        with downloads.local(url, tmp_path / "archive", limits) as path:
            return path.read_bytes()

    return get


def test_an_archive_in_a_bucket_is_unpacked_as_one_on_the_disk_is(zipped, memory, tmp_path, limits):
    members = {"cats/1.jpg": b"x", "dogs/1.jpg": b"y"}
    url = memory("bucket/data.zip", zipped(members).read_bytes())
    with downloads.local(url, tmp_path / "archive", limits) as path:
        sources.unpack(path, tmp_path / "out", limits)
    assert contents(tmp_path / "out") == members and path.name == "data.zip"


def test_a_path_in_the_project_is_used_where_it_is(tmp_path, limits):
    with downloads.local("data/raw/data.zip", tmp_path / "archive", limits) as path:
        assert str(path) == "data/raw/data.zip"
    assert not (tmp_path / "archive").exists()


def test_a_download_is_byte_for_byte_the_object_and_an_unchanged_one_is_not_downloaded_again(server, get):
    assert get(server.url) == BODY
    asked = list(server.asked)
    assert asked == [0, objects.BLOCK, 2 * objects.BLOCK]
    assert get(server.url) == BODY and server.asked == asked


def test_a_download_that_was_cut_off_is_exit_6_and_goes_on_where_it_was(server, get, tmp_path):
    server.cut = objects.BLOCK + 10
    with pytest.raises(ServiceError, match="cannot be read") as fault:
        get(server.url)
    assert fault.value.exit_code == 6 and not (tmp_path / "archive/data.zip").exists()
    server.cut, server.asked = None, []
    assert get(server.url) == BODY and server.asked == [objects.BLOCK, 2 * objects.BLOCK]


def test_a_changed_object_is_downloaded_from_its_start_and_nothing_of_the_old_one_is_left(server, get, tmp_path):
    server.cut = objects.BLOCK + 10
    with pytest.raises(ServiceError):
        get(server.url)
    server.cut, server.etag, server.body = None, '"2"', os.urandom(len(BODY))
    assert get(server.url) == server.body
    server.body, server.etag = b"short", '"3"'
    assert get(server.url) == b"short"
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == ["data.zip", downloads.RECORD]


def test_one_archive_is_kept_whatever_the_urls_were(memory, get, tmp_path):
    assert [get(memory(name, name.encode())) for name in ("one.zip", "two.zip")] == [b"one.zip", b"two.zip"]
    assert not (tmp_path / "archive/one.zip").exists()


def test_an_object_that_is_replaced_while_it_is_read_is_an_error(memory, tmp_path, limits):
    url = memory("data.zip", b"old")
    with pytest.raises(ServiceError, match="replaced while it was read"):
        with downloads.local(url, tmp_path / "archive", limits):
            time.sleep(0.001)  # the version of an object in memory is its time
            memory("data.zip", b"new")


def test_a_damaged_copy_is_not_kept(memory, tmp_path, limits, zipped):
    data = zipped({"cats/1.jpg": b"pixels", "dogs/1.jpg": b"y"}).read_bytes().replace(b"pixels", b"pixelt")
    with pytest.raises(DataError, match=r"cats/1\.jpg"):
        with downloads.local(memory("data.zip", data), tmp_path / "archive", limits) as path:
            sources.unpack(path, tmp_path / "out", limits)
    assert not (tmp_path / "archive").exists() and not (tmp_path / "out").exists()


def test_an_object_beyond_the_limit_is_refused_before_a_byte_is_read(server, get, limits):
    server.body = b"x" * (limits.max_total_bytes + 1)
    with pytest.raises(DataError, match="more than") as fault:
        get(server.url)
    assert fault.value.code == "E_ARCHIVE_LIMIT" and server.asked == []


def test_a_disk_that_is_too_small_is_exit_5(server, get, monkeypatch):
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(EnvironmentFault, match="10 are free"):
        get(server.url)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(404, DataError, 3), (410, DataError, 3), (401, ServiceError, 6), (403, ServiceError, 6), (503, ServiceError, 6)],
)
def test_what_a_server_refuses_has_the_exit_code_of_its_reason(server, status, kind, code):
    server.status = status
    with pytest.raises(kind) as fault:
        objects.look(server.url)
    assert fault.value.exit_code == code


def test_a_server_that_is_not_there_is_exit_6_at_once():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.zip"
    with pytest.raises(ServiceError, match="cannot be read") as fault:
        objects.look(url)
    assert "check the connection" in fault.value.fix


def test_an_object_without_a_version_is_refused_since_no_change_of_it_would_be_noticed(server):
    server.etag = None
    with pytest.raises(DataError, match="neither size nor version") as fault:
        objects.look(server.url)
    assert "darkroom fetch" in fault.value.fix


def test_a_server_that_sends_no_parts_of_a_file_is_named_with_a_way_out(server, get):
    server.ranges = False
    with pytest.raises(ServiceError) as fault:
        get(server.url)
    assert "darkroom fetch" in fault.value.fix


def test_a_folder_is_no_archive(memory):
    memory("bucket/cats/1.jpg", b"x")
    with pytest.raises(DataError, match="a folder") as fault:
        objects.look("memory://bucket/cats")
    assert fault.value.code == "E_ARCHIVE_FOLDER"


@pytest.mark.parametrize("scheme", buckets.EXTRAS)
def test_a_missing_extra_is_exit_5_with_the_command_that_installs_it(scheme, monkeypatch):
    def missing(*_, **__):
        raise ImportError("Install it")

    monkeypatch.setattr(fsspec, "filesystem", missing)
    with pytest.raises(EnvironmentFault) as fault:
        objects.look(f"{scheme}://bucket/data.zip")
    assert f"EXTRAS={scheme}" in fault.value.fix and fault.value.exit_code == 5


@pytest.mark.parametrize(
    "url", ["s3://bucket/data.zip", "gs://bucket/a/b.tar", "https://example.org/x.zip?v=2", "http://h:80/x.npz"]
)
def test_a_url_of_a_bucket_or_web_server_may_be_the_archive(url):
    assert Dataset(name="x", archive=url).archive == url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x.zip",
        "memory://x.zip",
        "file:///etc/passwd",
        "s3://bucket",
        "s3://bucket/folder/",
        "https://bob:secret@example.org/x.zip",
        "https://example.org/x.zip?X-Amz-Signature=abc",
        "https://example.org/x.zip::file:///etc/passwd",
    ],
)
def test_another_url_or_one_with_a_secret_is_refused(url):
    with pytest.raises(ValueError, match=r"expected a file|password or token"):
        Dataset(name="x", archive=url)


@pytest.mark.parametrize(
    "url", ["s3://b/.zip", "s3://b/", f"https://h/{'n' * 300}", "https://h/%2e%2e", "https://h/a%2fb"]
)
def test_a_name_from_a_url_stays_inside_the_folder(url):
    name = objects.name_of(url)
    assert name and "/" not in name and name != ".." and len(name) < 200


@pytest.mark.filterwarnings("default")  # botocore and moto have their own
def test_an_object_of_s3_goes_on_at_its_offset_and_is_known_by_its_etag(bucket, get, tmp_path):
    bucket.put_object(Bucket="pictures", Key="a/data.zip", Body=BODY)
    url = "s3://pictures/a/data.zip"
    first = objects.look(url)
    assert b"".join(objects.chunks(first, 5000)) == BODY[5000:] and get(url) == BODY
    bucket.put_object(Bucket="pictures", Key="a/data.zip", Body=BODY[::-1])
    assert objects.look(url) != first and get(url) == BODY[::-1]
    for missing in ("s3://pictures/none.zip", "s3://nowhere/none.zip"):
        with pytest.raises(DataError, match="no such object"):
            objects.look(missing)
