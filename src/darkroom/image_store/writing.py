"""Write a store: shards, an inventory for each, and the seal over all of them."""

from collections.abc import Iterable
from pathlib import Path

from darkroom.image_store import boundaries, inventory, shard_file
from darkroom.image_store.inventory import SHARD, TABLE
from darkroom.image_store.shard_file import NewFile
from darkroom.runtime import sealing


def write(folder: Path, files: Iterable[NewFile]) -> None:
    """Write the files into the empty folder `folder`. No two have the same path; their order does not matter.

    Equal files give equal bytes, whatever was stored before.
    """
    for number, shard in enumerate(boundaries.shards(sorted(files))):
        rows = shard_file.write(folder / f"{number:06}{SHARD}", shard)
        inventory.write(folder / f"{number:06}{TABLE}", rows)
    sealing.seal(folder)
