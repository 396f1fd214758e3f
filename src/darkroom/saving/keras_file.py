"""Make .keras files repeatable: equal networks give equal bytes and equal digests.

A .keras file is a zip of a network's configuration and weights. Keras writes the time into metadata.json and into the
zip's directory, and numbers objects that layers share by their memory address. None of that describes the network.
"""

import json
import zipfile
from hashlib import sha256
from pathlib import Path

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
SHARED = "shared_object_id"


def make_repeatable(path: Path) -> None:
    """Rewrite the file without what differs between equal networks."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[CONFIG] = _numbered(members[CONFIG])
    members[METADATA] = json.dumps({"keras_version": json.loads(members[METADATA])["keras_version"]}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)  # dated 1980, the first year of the zip format


def digest(path: Path) -> str:
    """The SHA-256 of configuration and weights, 64 hex digits, whenever and however the file was zipped."""
    with zipfile.ZipFile(path) as archive:
        parts = _numbered(archive.read(CONFIG)), archive.read(WEIGHTS)
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def _numbered(config: bytes) -> bytes:
    """`config` with shared objects numbered in their order, not by their memory address."""
    numbers: dict[int, int] = {}

    def renumber(entry: dict) -> dict:
        if SHARED in entry:
            entry[SHARED] = numbers.setdefault(entry[SHARED], len(numbers) + 1)
        return entry

    return json.dumps(json.loads(config, object_hook=renumber)).encode()
