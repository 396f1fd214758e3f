"""Write a store: shards, an inventory for each, and the seal over all of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from darkroom.image_store import boundaries, inventory, shard_file
from darkroom.image_store.inventory import SHARD, TABLE
from darkroom.image_store.shard_file import NewFile
from darkroom.runtime import sealing
from darkroom.table.order import sorted_order


def write(folder: Path, files: Sequence[NewFile]) -> None:
    """Write the files into the empty folder `folder`. No two have the same path; their order does not matter.

    Equal files give equal bytes, whatever was stored before.
    """
    total = 0

    def paths() -> Iterator[str]:
        nonlocal total
        for file in files:
            total += shard_file.stored_bytes(file.size)
            yield file.path

    order = sorted_order(paths(), len(files))
    in_order = (files[int(number)] for number in order)
    for number, shard in enumerate(boundaries.shards(in_order, total)):
        rows = shard_file.write(folder / f"{number:06}{SHARD}", shard)
        inventory.write(folder / f"{number:06}{TABLE}", rows)
    sealing.seal(folder)
