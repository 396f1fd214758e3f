"""A .keras file, a zip of a network's configuration and weights, without what changes each time it is written.

Keras puts the time into metadata.json and into the zip's directory, and gives objects that layers share the number of
their place in memory. None of that says anything about the network.
"""

import json
import zipfile
from hashlib import sha256
from pathlib import Path

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
SHARED = "shared_object_id"


def make_repeatable(path: Path) -> None:
    """Write the file anew, so that equal networks are equal bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[CONFIG] = _numbered(members[CONFIG])
    members[METADATA] = json.dumps({"keras_version": json.loads(members[METADATA])["keras_version"]}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # of 1980, the first year that a zip knows


def digest(path: Path) -> str:
    """The SHA-256 of configuration and weights, 64 hex digits, whenever and however the file was packed."""
    with zipfile.ZipFile(path) as archive:
        parts = _numbered(archive.read(CONFIG)), archive.read(WEIGHTS)
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def _numbered(config: bytes) -> bytes:
    """Shared objects numbered in the order in which they come, in place of their address."""
    numbers: dict[int, int] = {}

    def renumber(found: dict) -> dict:
        if SHARED in found:
            found[SHARED] = numbers.setdefault(found[SHARED], len(numbers) + 1)
        return found

    return json.dumps(json.loads(config, object_hook=renumber)).encode()
