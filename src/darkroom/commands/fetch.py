"""Download a well-known data set, or whatever lies at a URL, into the project.

Well-known data sets are checked against the checksums that their authors published (md5 protects against damage, not
against malice), and interrupted downloads resume. Any other URL goes through `dvc import-url`, so that `dvc update`
notices when the data behind it change. Offline, it fails with one line within ten seconds.
"""

import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from darkroom.commands import digits
from darkroom.formats import names
from darkroom.runtime import files, progress
from darkroom.runtime.errors import DataError, EnvironmentFault, ParamsError, ServiceError, redacted

TIMEOUT = 8.0  # seconds until the first response, name lookup included
PART = ".part"


class Remote(NamedTuple):
    """One file: where it comes from, its name here, and its checksum as `algorithm:hex`."""

    url: str
    name: str
    checksum: str


def _idx(base: str, *digests: str) -> tuple[Remote, ...]:
    stems = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    filenames = [f"{stem}-ubyte.gz" for stem in stems]
    return tuple(Remote(f"{base}/{name}", name, f"md5:{md5}") for name, md5 in zip(filenames, digests, strict=True))


SETS = {
    "mnist": _idx(
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion_mnist": _idx(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "cifar10": (
        Remote(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "cifar10.tar.gz",
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    "cats_vs_dogs": (
        Remote(
            "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip",
            "cats_vs_dogs.zip",
            "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
        ),
    ),
}
NAMES = ("digits", *SETS)


def fetch(name_or_url: str, folder: Path) -> Path:
    """Download a known data set, or the file at a URL, into `folder` and return its path, for `dataset.archive`.

    Raises ParamsError (exit 2) for an unknown name, EnvironmentFault (exit 5) when offline, ServiceError (exit 6) when
    the server refuses, DataError (exit 3) when the checksum is wrong. A URL that contains a password is refused
    (exit 2), because it would be committed.
    """
    if "://" in name_or_url:
        return _import(name_or_url, folder)
    if name_or_url == "digits":
        digits.write(folder / "digits.zip")
        return folder / "digits.zip"
    if name_or_url not in SETS:
        close = get_close_matches(name_or_url, NAMES, n=1)
        suggestion = f", did you mean {close[0]}?" if close else ""
        fix = f"give a URL or one of {', '.join(NAMES)}"
        raise ParamsError("E_DATASET", f"no data set is called {name_or_url}{suggestion}", where=name_or_url, fix=fix)
    remotes = SETS[name_or_url]
    home = folder / name_or_url if len(remotes) > 1 else folder
    for remote in remotes:
        _download(remote, home / remote.name)
    return home if len(remotes) > 1 else home / remotes[0].name


def _download(remote: Remote, target: Path) -> None:
    """Download `target` completely and verified, or not at all. An interrupted download is kept as NAME.part."""
    if target.exists() and _has_checksum(target, remote.checksum):
        return
    part = target.with_name(target.name + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    if not (part.exists() and _has_checksum(part, remote.checksum)):
        _resume(remote, part)
    if not _has_checksum(part, remote.checksum):
        part.unlink()
        what = f"{remote.name} does not have the checksum {remote.checksum}"
        raise DataError("E_CHECKSUM", what, where=remote.url, fix="try again; if it persists, the file was replaced")
    part.replace(target)


def _resume(remote: Remote, part: Path) -> None:
    done = part.stat().st_size if part.exists() else 0
    response = _within(TIMEOUT, lambda: _request(remote.url, done), remote.url)
    with response, part.open("ab" if response.status == 206 else "wb") as file:
        left = int(response.headers.get("Content-Length") or 0)
        try:
            for chunk in progress.each(_chunks(response), -(-left // files.CHUNK), f"getting {remote.name}"):
                file.write(chunk)
                left -= len(chunk)
        except (HTTPException, ConnectionError, TimeoutError) as fault:
            raise _cut_off(remote.url, part, str(fault)) from fault
    if left > 0:
        raise _cut_off(remote.url, part, f"{left} bytes are missing")


def _request(url: str, done: int) -> HTTPResponse:
    """Request everything after the first `done` bytes; status 206 means just that, 200 the whole file."""
    try:
        return urlopen(Request(url, headers={"Range": f"bytes={done}-"} if done else {}), timeout=TIMEOUT)
    except HTTPError as fault:
        fault.close()
        if fault.code == 416:  # nothing comes after, and yet the checksum was wrong: start again
            return _request(url, 0)
        what = f"the server answers {fault.code} {fault.reason}"
        raise ServiceError("E_FETCH", what, where=url, fix="try later") from fault


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(files.CHUNK):
        yield chunk


def _within(seconds: float, request: Callable[[], HTTPResponse], url: str) -> HTTPResponse:
    """Return or raise what `request` does. It runs in a thread, because name lookup without a network never times out.

    Raises EnvironmentFault (exit 5) when there is no response in time.
    """
    outcome: list[HTTPResponse | Exception] = []

    def run() -> None:
        try:
            outcome.append(request())
        except Exception as fault:  # raised again below, in the caller's thread
            outcome.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds + 1)
    result = outcome[0] if outcome else TimeoutError("no response")
    if isinstance(result, OSError) and not isinstance(result, HTTPError):
        reason = getattr(result, "reason", result)
        fix = "connect to the internet, or put the file there yourself"
        raise EnvironmentFault("E_OFFLINE", f"cannot be reached: {reason}", where=url, fix=fix) from result
    if isinstance(result, Exception):
        raise result
    return result


def _cut_off(url: str, part: Path, why: str) -> EnvironmentFault:
    what = f"cut off after {part.stat().st_size} bytes: {why}"
    return EnvironmentFault("E_OFFLINE", what, where=url, fix="run it again to resume")


def _import(url: str, folder: Path) -> Path:
    _refuse_secrets(url)
    name = unquote(Path(urlsplit(url).path).name)
    if not names.is_class_name(name):
        raise ParamsError("E_DATASET", "the URL does not end with a file name", where=url, fix="correct it")
    if url.startswith(("http://", "https://")):
        _within(TIMEOUT, lambda: _request(url, 0), url).close()
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    verb = ["update", f"{target}.dvc"] if Path(f"{target}.dvc").exists() else ["import-url", url, str(target)]
    done = subprocess.run([sys.executable, "-m", "dvc", *verb], stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        error = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "dvc failed")
        raise ServiceError("E_FETCH", error.removeprefix("ERROR: "), where=url, fix="correct the URL or try later")
    return target


def _refuse_secrets(url: str) -> None:
    """Raise ParamsError for a password or token: DVC writes the URL into the `.dvc` file, which is committed."""
    without_user = re.sub(r"^(ssh|sftp|hdfs)://[^:/@]+@", "", url)  # a user name is no secret
    if redacted(without_user) != without_user:
        what = "the URL holds a password or token, which would be committed with its .dvc file"
        fix = (
            "keep it out of git: `dvc remote add --local NAME URL`, `dvc remote modify --local NAME password ...`, "
            "then `darkroom fetch remote://NAME/FILE`"
        )
        raise ParamsError("E_SECRET", what, where=url, fix=fix)


def _has_checksum(path: Path, checksum: str) -> bool:
    algorithm, _, digest = checksum.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digest
