"""Keep the names that clusters had in the previous manifest, so that an image that joins one moves no old image.

The name of a cluster decides its split. Without a history it is the least `pixels` of its members, so a member that
joins later could change it, and with it the split of all. With one,

* the old members of a cluster keep its name, and new images that are linked to it take it;
* a new image that links two old clusters of one split makes them one, with the lesser name;
* a new image that links old clusters of different splits would be a leak in either, and is dropped, with its copies.

Images that the archive puts into test or val have no draw, and no part in this. The price: the split is a function of
data, parameters, seed and history; and where two old images are linked for the first time, because a group was added
or because this code finds more, their clusters become one and one of them may move: it is that or a leak.

Where another version of darkroom has another `pixels` for an image, its file tells that it is an old one. It keeps the
name for good, and the price is that of a linked image: 2 kB of memory.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom import manifest
from darkroom.dataset import clusters, overlaps, split
from darkroom.dataset.clusters import Links, Sets, least_pixels
from darkroom.dataset.near_duplicates import Pair
from darkroom.dataset.overlaps import Overlap
from darkroom.manifest import ManifestRow
from darkroom.runtime.errors import ArtifactError, warn
from darkroom.table.rows import Rows


class Names:
    """The name of an image's cluster by the `pixels` of the image. Of those that have their own, 8 bytes are held.

    While the table is made, it is twice as much, and 8 bytes for each copy.
    """

    def __init__(self, named: Iterable[tuple[str, str]]):
        """`named` are pixels and names; of equal pixels, the last ones count."""
        self.linked: dict[str, str] = {}  # names of others
        own = array("q")
        for pixels, name in named:
            if name == pixels:
                self.linked.pop(pixels, None)
                own.append(hash(pixels))
            else:
                self.linked[pixels] = name
        self._own = np.unique(np.frombuffer(own, np.int64))

    def with_linked(self, named: Mapping[str, str]) -> "Names":
        """These and more names, by `pixels`."""
        more = Names(())
        more.linked, more._own = {**self.linked, **named}, self._own
        return more

    def get(self, pixels: str) -> str | None:
        """None for an image that was in no cluster."""
        if pixels in self.linked:
            return self.linked[pixels]
        place = int(np.searchsorted(self._own, hash(pixels)))
        return pixels if place < len(self._own) and self._own[place] == hash(pixels) else None


class History(NamedTuple):
    """The last manifest, as far as it tells which image belonged where."""

    names: Names
    files: Rows[ManifestRow]  # `sha256` and `cluster`


NONE = History(Names(()), Rows.gather([]))


class Kept(NamedTuple):
    rows: Rows[ManifestRow]  # with `cluster` renamed, and `dropped` filled in
    dropped: list[Overlap]  # new images that link clusters of different splits


def read(path: Path) -> History:
    """That of the manifest at `path`; none, with a warning if there is a file, where that is no manifest."""
    if not path.exists():
        return NONE
    try:
        rows = manifest.read(path, ("sha256", "pixels", "cluster"))
    except ArtifactError:
        rows = Rows.gather([])
    if not rows:
        warn(f"{path} is not a manifest, so it is ignored: near duplicates that are new may move old images")
    names = Names((row["pixels"], row["cluster"]) for row in rows if row["cluster"])
    return History(names, rows.select(("sha256", "cluster")))


def names_of(history: History, rows: Iterable[ManifestRow]) -> Names:
    """The names of the history; those of old files also under the `pixels` that they have now."""
    if not history.files:
        return history.names
    table = Rows.gather(rows)
    pairs = zip(table.column("sha256"), table.column("pixels"), strict=True)
    new = {digest: pixels for digest, pixels in pairs if pixels and history.names.get(pixels) is None}
    if not new:
        return history.names
    old = zip(history.files.column("sha256"), history.files.column("cluster"), strict=True)
    return history.names.with_linked({new[digest]: name for digest, name in old if name and digest in new})


def keep(
    rows: Iterable[ManifestRow], pairs: Sequence[Pair], previous: Names, drawn_split: Callable[[str], str]
) -> Kept:
    """Rename the clusters of the images whose split is drawn; `drawn_split` says which one a name draws.

    An image that is linked to nobody, and never was, has its own name, and only the others are looked at.
    """
    table = Rows.gather(rows)
    numbers = np.flatnonzero(clusters.are_linked(table, pairs) | _were_linked(table, previous))
    naming = _named(
        [table[number] for number in numbers.tolist()], clusters.within(numbers, pairs), previous, drawn_split
    )
    dropped = [one._replace(row=int(numbers[one.row])) for one in sorted(naming.dropped)]
    renamed = {int(numbers[number]): name for number, name in naming.names().items()}
    names = (renamed.get(number, name) for number, name in enumerate(_own_names(table)))
    return Kept(overlaps.without(table.replaced(cluster=names), dropped), dropped)


def _were_linked(table: Rows[ManifestRow], previous: Names) -> np.ndarray:
    """Whether an image had, or was, the name of another one: bool (n,)."""
    others = set(previous.linked.values())
    named = (pixels in others or pixels in previous.linked for pixels in table.column("pixels"))
    return np.fromiter(named, bool, len(table))


def _own_names(table: Rows[ManifestRow]) -> Iterator[str]:
    """The cluster of each row as if it were linked to nobody, where its split is drawn; else the one that it has."""
    for pixels, cluster, given in zip(*map(table.column, ("pixels", "cluster", "split")), strict=True):
        yield pixels if split.is_drawn(cluster, given) else cluster


def _named(
    rows: Sequence[ManifestRow], pairs: Sequence[Pair], previous: Names, drawn_split: Callable[[str], str]
) -> "_Naming":
    copies: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if split.is_open(row):
            copies[row["pixels"]].append(number)
    naming = _Naming(rows, pairs, drawn_split)
    old_names = {pixels: previous.get(pixels) for pixels in copies}
    for pixels in sorted(copies, key=lambda pixels: old_names[pixels] is None):
        naming.add(copies[pixels], old_names[pixels])
    return naming


class _Naming:
    """The clusters of the images added so far, old ones first."""

    def __init__(self, rows: Sequence[ManifestRow], pairs: Sequence[Pair], drawn_split: Callable[[str], str]):
        self.dropped: list[Overlap] = []
        self._rows, self._drawn_split = rows, drawn_split
        self._links, self._sets = Links(rows, pairs), Sets(len(rows))
        self._added: list[int] = []
        self._named: dict[str, int] = {}  # a row of each old name
        self._old_names: dict[int, str] = {}  # the least old name of each set that has one

    def add(self, copies: Sequence[int], old_name: str | None) -> None:
        """Put an image, all its copies, into the cluster that it is linked to; drop it if that would be a leak."""
        linked = [other for number in copies for other in self._links.of(number)]
        linked += [self._named[old_name]] if old_name in self._named else []
        reached = {self._old_names[root]: n for n in linked if (root := self._sets.root(n)) in self._old_names}
        if old_name is None and len({self._drawn_split(name) for name in reached}) > 1:
            path = self._rows[reached[min(reached)]]["path"]
            self.dropped += [Overlap(number, "linked to images of different splits", path) for number in copies]
            return
        for number in copies:
            for other in [*linked, copies[0]]:
                self._sets.unite(number, other)
            self._links.add(number)
        self._added += copies
        self._remember(copies[0], old_name, reached)

    def names(self) -> dict[int, str]:
        """The cluster of each row that was added."""
        names = least_pixels(self._rows, self._sets, self._added) | self._old_names
        return {number: names[self._sets.root(number)] for number in self._added}

    def _remember(self, number: int, old_name: str | None, reached: Iterable[str]) -> None:
        names = [*reached, *([old_name] if old_name else [])]
        if names:
            self._old_names[self._sets.root(number)] = min(names)
        if old_name:
            self._named.setdefault(old_name, number)
