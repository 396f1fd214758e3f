"""Get a data set that everybody knows, or any address, into the project.

Well-known sets are checked against the sums that their authors published (md5 against damage, not against malice)
and, cut off, go on where they stopped. Any other address goes through `dvc import-url`, so that `dvc update` notices
when the data behind it change. Without a network it is one line within ten seconds.
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
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, EnvironmentFault, ParamsError, ServiceError, redacted
from darkroom.workers import parallel

PATIENCE = 8.0  # seconds until the first answer, name look-up included
PART = ".part"


class Remote(NamedTuple):
    """One file: where it comes from, its name here, and its sum as `algorithm:hex`."""

    url: str
    name: str
    sum: str


def _idx(base: str, *sums: str) -> tuple[Remote, ...]:
    kinds = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    found = [f"{kind}-ubyte.gz" for kind in kinds]
    return tuple(Remote(f"{base}/{name}", name, f"md5:{each}") for name, each in zip(found, sums, strict=True))


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
KNOWN = ("digits", *SETS)


def fetch(name_or_url: str, folder: Path) -> Path:
    """Put a known data set, or what lies at an address, into `folder` and return it: a value for `dataset.archive`.

    Raises ParamsError (exit 2) for an unknown name, EnvironmentFault (exit 5) without network, ServiceError (exit 6)
    when the other side refuses, DataError (exit 3) when the sum is wrong. An address with a password in it is refused
    (exit 2): it would be committed.
    """
    if "://" in name_or_url:
        return _import(name_or_url, folder)
    if name_or_url == "digits":
        digits.write(folder / "digits.zip")
        return folder / "digits.zip"
    if name_or_url not in SETS:
        near = get_close_matches(name_or_url, KNOWN, n=1)
        meant = f", did you mean {near[0]}?" if near else ""
        fix = f"give a URL or one of {', '.join(KNOWN)}"
        raise ParamsError("E_DATASET", f"no data set is called {name_or_url}{meant}", where=name_or_url, fix=fix)
    remotes = SETS[name_or_url]
    home = folder / name_or_url if len(remotes) > 1 else folder
    for remote in remotes:
        _download(remote, home / remote.name)
    return home if len(remotes) > 1 else home / remotes[0].name


def _download(remote: Remote, target: Path) -> None:
    """Whole and checked, or not there. What was cut off waits as NAME.part and is continued."""
    if target.exists() and _has_sum(target, remote.sum):
        return
    part = target.with_name(target.name + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    if not (part.exists() and _has_sum(part, remote.sum)):
        _continue(remote, part)
    if not _has_sum(part, remote.sum):
        part.unlink()
        what = f"{remote.name} does not have the sum {remote.sum}"
        raise DataError("E_CHECKSUM", what, where=remote.url, fix="try again; if it persists, the file was replaced")
    part.replace(target)


def _continue(remote: Remote, part: Path) -> None:
    done = part.stat().st_size if part.exists() else 0
    answer = _within(PATIENCE, lambda: _ask(remote.url, done), remote.url)
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        left = int(answer.headers.get("Content-Length") or 0)
        try:
            for chunk in parallel.with_progress(_chunks(answer), -(-left // files.CHUNK), f"getting {remote.name}"):
                file.write(chunk)
                left -= len(chunk)
        except (HTTPException, ConnectionError, TimeoutError) as fault:
            raise _cut_off(remote.url, part, str(fault)) from fault
    if left > 0:
        raise _cut_off(remote.url, part, f"{left} bytes are missing")


def _ask(url: str, done: int) -> HTTPResponse:
    """The answer to a request for all that comes after `done` bytes; 206 when it is that, 200 when it is everything."""
    try:
        return urlopen(Request(url, headers={"Range": f"bytes={done}-"} if done else {}), timeout=PATIENCE)
    except HTTPError as fault:
        fault.close()
        if fault.code == 416:  # nothing comes after, and yet the sum was wrong: begin again
            return _ask(url, 0)
        raise ServiceError(
            "E_FETCH", f"the answer is {fault.code} {fault.reason}", where=url, fix="try later"
        ) from fault


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read(files.CHUNK):
        yield chunk


def _within(seconds: float, ask: Callable[[], HTTPResponse], url: str) -> HTTPResponse:
    """What `ask` returns or raises. In a thread, because looking up a name without a network knows no time-out."""
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(ask())
        except Exception as fault:  # raised again below, in the caller's thread
            outcome.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds + 1)
    found = outcome[0] if outcome else TimeoutError("no answer")
    if isinstance(found, OSError) and not isinstance(found, HTTPError):
        reason = getattr(found, "reason", found)
        fix = "connect to the network, or put the file there yourself"
        raise EnvironmentFault("E_OFFLINE", f"cannot be reached: {reason}", where=url, fix=fix) from found
    if isinstance(found, Exception):
        raise found
    return found


def _cut_off(url: str, part: Path, why: str) -> EnvironmentFault:
    what = f"cut off after {part.stat().st_size} bytes: {why}"
    return EnvironmentFault("E_OFFLINE", what, where=url, fix="run it again, it goes on from there")


def _import(url: str, folder: Path) -> Path:
    _refuse_secrets(url)
    name = unquote(Path(urlsplit(url).path).name)
    if not names.is_class_name(name):
        raise ParamsError("E_DATASET", "the address does not end with the name of a file", where=url, fix="correct it")
    if url.startswith(("http://", "https://")):
        _within(PATIENCE, lambda: _ask(url, 0), url).close()
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    verb = ["update", f"{target}.dvc"] if Path(f"{target}.dvc").exists() else ["import-url", url, str(target)]
    done = subprocess.run([sys.executable, "-m", "dvc", *verb], stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "dvc failed")
        raise ServiceError("E_FETCH", said.removeprefix("ERROR: "), where=url, fix="correct the address or try later")
    return target


def _refuse_secrets(url: str) -> None:
    """DVC writes the address into the `.dvc` file, and that is committed. The user of an ssh address is no secret."""
    told = re.sub(r"^(ssh|sftp|hdfs)://[^:/@]+@", "", url)
    if redacted(told) != told:
        what = "the address holds a password or token, which would be committed with its .dvc file"
        fix = (
            "keep it out of git: `dvc remote add --local NAME ADDRESS`, `dvc remote modify --local NAME password ...`, "
        )
        raise ParamsError("E_SECRET", what, where=url, fix=fix + "then `darkroom fetch remote://NAME/FILE`")


def _has_sum(path: Path, wanted: str) -> bool:
    algorithm, _, digest = wanted.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digest
