"""Files of a project in a bucket, for machines that share no folder with this one.

What does not change, shards of images among it, lies there under its SHA-256: it is sent once, whatever stage or
project needs it, and who reads it never sees another content in its place, whatever is killed when. State, which does
change, lies under its path in the project; that path has the fingerprint of all that the state follows from.

The price: what is not sealed is hashed each time, a second for 1 GB; what is there is asked for its age, 30 ms a file
and 16 at a time; and what is still in use is sent again when it is RENEWED days old, so that a rule of the bucket may
delete what is a month old. Nothing here does.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from darkroom.runtime import files, sealing
from darkroom.runtime.buckets import file_system, translated
from darkroom.runtime.errors import ArtifactError
from darkroom.runtime.locks import locked

BY_DIGEST, STATE = "files", "state"  # folders in the bucket
RENEWED = timedelta(days=7)
LOCK = "lock"  # of a store: a file in it
ASKED = 16  # requests at a time


class BucketCopy:
    """The folder `url` of a bucket. Paths are relative to the project, which is the current folder.

    Raises EnvironmentFault (exit 5) without the library of the bucket; its methods raise ServiceError (exit 6) where
    the bucket does not do what it is asked for, and OSError (exit 5) where this machine does not.
    """

    def __init__(self, url: str):
        self._url, self._bucket = url, file_system(url)

    def publish(self, paths: Iterable[Path]) -> str:
        """Send all files below the paths that exist, as far as the bucket lacks them; return the digest of their list.

        The list is what `fetch` needs.
        """
        digests = {path.as_posix(): files.sha256(path) for path in sorted(_files(paths))}
        lacking = self._lacking(digests.values())
        self._send({digest: path for path, digest in digests.items() if digest in lacking})
        listed = json.dumps(digests).encode()
        digest = hashlib.sha256(listed).hexdigest()
        with translated(self._url):
            self._bucket.pipe_file(self._place(BY_DIGEST, digest), listed)
        return digest

    def publish_sealed(self, folder: Path) -> dict[str, str]:
        """Send the files of a sealed folder as `publish` does; return the URL of each by its name in the folder.

        Raises ArtifactError (exit 4) where one that has to be sent is not the one that was sealed.
        """
        digests = sealing.digests(folder)
        lacking = self._lacking(digests.values())
        new = {digest: name for name, digest in digests.items() if digest in lacking}
        sealing.verify_files(folder, new.values())
        self._send({digest: str(folder / name) for digest, name in new.items()})
        return {name: self._place(BY_DIGEST, digest) for name, digest in digests.items()}

    def fetch(self, digest: str, store: Path, home: Path) -> None:
        """Put the files of the list `digest` below `home`; `store`, on the same disk, keeps them for the next `home`.

        Processes of a machine may share a store; each `home` has its very files, which are for reading alone. Raises
        ArtifactError (exit 4) for a file that is not the one listed.
        """
        with locked(store / LOCK):
            self._fetch_new([digest], store)
            listed: Mapping[str, str] = json.loads((store / digest).read_bytes())
            self._fetch_new(sorted({*listed.values()}), store)
            for own in listed.values():
                os.utime(store / own)  # so nobody tidies it away
        for path, own in listed.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(store / own, home / path)

    def keep(self, path: Path) -> None:
        """Replace the copy of a file, such as the state of a training."""
        with translated(self._url):
            self._bucket.put_file(str(path), self._place(STATE, path.as_posix()))

    def recall(self, path: Path) -> None:
        """Replace a file by its copy, if there is one."""
        try:
            with translated(self._url, but=FileNotFoundError):
                content = self._bucket.cat_file(self._place(STATE, path.as_posix()))
        except FileNotFoundError:
            return
        with files.replacing(path) as partial:
            partial.write_bytes(content)

    def forget(self, folder: Path) -> None:
        """Remove the copies of all files below a folder."""
        with translated(self._url), suppress(FileNotFoundError):
            self._bucket.rm(self._place(STATE, folder.as_posix()), recursive=True)

    def _place(self, folder: str, name: str) -> str:
        return f"{self._url}/{folder}/{name}"

    def _lacking(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests whose file is not in the bucket, or may soon be deleted there."""
        asked = sorted({*digests})
        with ThreadPoolExecutor(ASKED) as pool:
            return {digest for digest, lacks in zip(asked, pool.map(self._lacks, asked), strict=True) if lacks}

    def _lacks(self, digest: str) -> bool:
        try:
            with translated(self._url, but=FileNotFoundError):
                return datetime.now(UTC) - self._bucket.modified(self._place(BY_DIGEST, digest)) > RENEWED
        except FileNotFoundError:
            return True

    def _send(self, new: Mapping[str, str]) -> None:
        """Put files, paths by their digests, into the bucket."""
        if new:
            with translated(self._url):
                self._bucket.put(list(new.values()), [self._place(BY_DIGEST, digest) for digest in new])

    def _fetch_new(self, digests: Iterable[str], store: Path) -> None:
        new = [digest for digest in digests if not (store / digest).exists()]
        if not new:
            return
        with tempfile.TemporaryDirectory(dir=store) as folder:
            places = [self._place(BY_DIGEST, digest) for digest in new]
            with translated(self._url):
                self._bucket.get(places, [f"{folder}/{name}" for name in new])
            for digest, place in zip(new, places, strict=True):
                if files.sha256(Path(folder, digest)) != digest:
                    fix = "remove it from the bucket, then run it again"
                    raise ArtifactError("E_ARTIFACT", "a file in the bucket is damaged", where=place, fix=fix)
                if not files.WINDOWS:  # which would not remove it either
                    os.chmod(Path(folder, digest), 0o444)  # each `home` has the same file
                os.replace(Path(folder, digest), store / digest)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from files.below(path) if path.is_dir() else [path] if path.exists() else []
