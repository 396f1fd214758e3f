"""Files of a project in a bucket, for machines that share no folder with this one.

What does not change lies there under its SHA-256: it is sent once, whatever stage needs it, and nobody who reads it
sees it replaced. State, which does change, lies under its path in the project. The price: what is sent is hashed each
time, a second for 1 GB, and nothing here removes an old version.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from darkroom.runtime import files, sealing
from darkroom.runtime.buckets import file_system
from darkroom.runtime.errors import ArtifactError, DarkroomError, ServiceError, brief
from darkroom.runtime.locks import locked

BY_DIGEST, STATE = "files", "state"  # folders in the bucket


class BucketCopy:
    """The folder `url` of a bucket. Paths are relative to the project, which is the current folder.

    Raises EnvironmentFault (exit 5) without the library of the bucket; its methods raise ServiceError (exit 6) where
    the bucket does not do what it is asked for.
    """

    def __init__(self, url: str):
        self._url, self._bucket = url, file_system(url)

    def publish(self, paths: Iterable[Path]) -> str:
        """Send all files below the paths that exist, as far as the bucket lacks them; return the digest of their list.

        The list is what `fetch` needs.
        """
        digests = {path.as_posix(): files.sha256(path) for path in sorted(_files(paths))}
        with self._translated():
            there = self._names(BY_DIGEST)
            new = {digest: path for path, digest in digests.items() if digest not in there}
            if new:
                self._bucket.put(list(new.values()), [self._place(BY_DIGEST, digest) for digest in new])
            listed = json.dumps(digests).encode()
            digest = hashlib.sha256(listed).hexdigest()
            self._bucket.pipe_file(self._place(BY_DIGEST, digest), listed)
        return digest

    def fetch(self, digest: str, store: Path, home: Path) -> None:
        """Put the files of the list `digest` below `home`; `store`, on the same disk, keeps them for the next `home`.

        Processes of a machine may share a store. Raises ArtifactError (exit 4) for a file that is not the one listed.
        """
        with self._translated(), locked(store / "lock"):
            self._fetch_new([digest], store)
            listed: Mapping[str, str] = json.loads((store / digest).read_bytes())
            self._fetch_new(sorted({*listed.values()}), store)
            for own in listed.values():
                os.utime(store / own)  # so nobody tidies it away
        for path, own in listed.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(store / own, home / path)

    def sync(self, folder: Path, name: str) -> str:
        """Make the folder `name` of the bucket the sealed `folder`, and return its URL.

        Files that are there already are not sent again, and those that are no longer in the folder are removed.
        """
        entries, place = files.read_object(folder / sealing.INVENTORY), f"{self._url}/{name}"
        with self._translated():
            there: dict = {}
            with suppress(FileNotFoundError, ValueError):
                there = json.loads(self._bucket.cat_file(f"{place}/{sealing.INVENTORY}"))
            if there != entries:
                new = [own for own in entries if entries[own] != there.get(own)]
                self._bucket.put([str(folder / own) for own in new], [f"{place}/{own}" for own in new])
                if gone := [f"{place}/{own}" for own in there.keys() - entries.keys()]:
                    self._bucket.rm(gone)
                self._bucket.put_file(str(folder / sealing.INVENTORY), f"{place}/{sealing.INVENTORY}")
        return place

    def keep(self, path: Path) -> None:
        """Replace the copy of a file, such as the state of a training."""
        with self._translated():
            self._bucket.put_file(str(path), self._place(STATE, path.as_posix()))

    def recall(self, path: Path) -> None:
        """Replace a file by its copy, if there is one."""
        with self._translated(), suppress(FileNotFoundError):
            content = self._bucket.cat_file(self._place(STATE, path.as_posix()))
            with files.replacing(path) as partial:
                partial.write_bytes(content)

    def forget(self, folder: Path) -> None:
        """Remove the copies of all files below a folder."""
        with self._translated(), suppress(FileNotFoundError):
            self._bucket.rm(self._place(STATE, folder.as_posix()), recursive=True)

    def _place(self, folder: str, name: str) -> str:
        return f"{self._url}/{folder}/{name}"

    def _names(self, folder: str) -> set[str]:
        try:
            return {path.rpartition("/")[2] for path in self._bucket.find(f"{self._url}/{folder}")}
        except FileNotFoundError:
            return set()

    def _fetch_new(self, digests: Iterable[str], store: Path) -> None:
        new = [digest for digest in digests if not (store / digest).exists()]
        if not new:
            return
        with tempfile.TemporaryDirectory(dir=store) as folder:
            self._bucket.get([self._place(BY_DIGEST, digest) for digest in new], [f"{folder}/{name}" for name in new])
            for digest in new:
                if files.sha256(Path(folder, digest)) != digest:
                    where, fix = self._place(BY_DIGEST, digest), "remove it from the bucket, then run it again"
                    raise ArtifactError("E_ARTIFACT", "a file in the bucket is damaged", where=where, fix=fix)
                os.replace(Path(folder, digest), store / digest)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DarkroomError, FileNotFoundError):
            raise
        except Exception as fault:  # every vendor's library has its own
            what = f"cannot be used: {type(fault).__name__}: {brief(fault)}"
            fix = "check engine.shared, and that the nodes may read and write it"
            raise ServiceError("E_BUCKET", what, where=self._url, fix=fix) from fault


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from files.below(path) if path.is_dir() else [path] if path.exists() else []
