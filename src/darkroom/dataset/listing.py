"""Make the manifest: scan every image, find what is there twice, and give each image a split."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from darkroom.dataset import (
    cluster_history,
    clusters,
    file_cache,
    image_stats,
    near_duplicates,
    overlaps,
    scan,
    small_copies,
    spectrum,
    split,
)
from darkroom.dataset.cluster_history import History
from darkroom.dataset.file_cache import FileCache
from darkroom.dataset.layout import Layout
from darkroom.dataset.near_duplicates import Pair
from darkroom.dataset.overlaps import OverlapRow
from darkroom.dataset.packed_rows import RowLog
from darkroom.dataset.scan import FileFacts
from darkroom.dataset.split import Helped
from darkroom.decoding import bounds
from darkroom.formats.label_tables import LabelledImage
from darkroom.image_store.reading import ImageStore
from darkroom.manifest import ManifestRow
from darkroom.params import Validate
from darkroom.table import scratch
from darkroom.table.computed import Computed
from darkroom.table.rows import Rows
from darkroom.workers import worker_process

MODULES = (scan.__name__,)  # what workers import


class Listing(NamedTuple):
    rows: Rows[ManifestRow]
    pairs: list[Pair]  # near duplicates among them
    given_splits: frozenset[str]  # the splits of the archive, as far as they are used
    helped: list[Helped]  # small classes that the draw alone left without an image in some split
    overlaps: list[OverlapRow]  # what is dropped, or should be
    is_split_again: bool  # whether the split of the archive was ignored


def prepare() -> None:
    """Let the process that workers are forked from import what they need, while this one finds out what to scan."""
    worker_process.preload([*MODULES])


def build(
    store: ImageStore,
    layout: Layout,
    config: Validate,
    *,
    cache: Path,
    packed: RowLog | None = None,
    previous: History = cluster_history.NONE,
) -> Listing:
    """List each image of the layout, sorted by path, bad ones included.

    Images whose bytes are in `cache` are not decoded again; of the others, the packed rows go to `packed`. `previous`
    is what the last version of the manifest tells of clusters, see `cluster_history`.
    """
    code = (*file_cache.DECODER, image_stats, small_copies, spectrum, scan)
    log = file_cache.log_path(cache, code, config.max_pixels, asdict(scan.levels_of(packed)))
    shape = (len(layout.images), *spectrum.FLAT.shape)
    spectra = scratch.zeros_on_disk_of(store.folder.parent, shape, spectrum.DTYPE)  # 0.5 kB for each image
    rows = Rows.gather(_scanned(layout.images, store, config, log, packed, spectra))
    conflicts = overlaps.conflicts(rows)
    rows = overlaps.without(rows, conflicts if config.conflicts == "drop" else ())
    pairs = near_duplicates.find(rows, spectra)
    rows = rows.replaced(cluster=clusters.names(rows, pairs))
    leaks = overlaps.leaks(rows)
    rows = overlaps.without(rows, leaks if config.leaks == "drop_from_train" else ())
    is_split_again = bool(leaks) and config.leaks == "split_again"
    rows = split.cleared(rows) if is_split_again else rows
    given = split.given_splits(rows)
    names = cluster_history.names_of(previous, rows)
    kept = cluster_history.keep(rows, pairs, names, partial(split.drawn, config=config, given=given))
    assigned = split.assign(kept.rows, config)
    listed = overlaps.listed(assigned.rows, sorted([*conflicts, *leaks, *kept.dropped]))
    return Listing(assigned.rows, pairs, given, assigned.helped, listed, is_split_again)


def _row(image: LabelledImage, facts: FileFacts) -> ManifestRow:
    path, label, given_split, group = image
    given = {"path": path, "label": label, "given": "", "split": given_split, "group": group}
    return cast(ManifestRow, facts | given | {"cluster": "", "dropped": ""})


def _scanned(
    images: Sequence[LabelledImage],
    store: ImageStore,
    config: Validate,
    log: Path,
    packed: RowLog | None,
    spectra: np.ndarray,
) -> Iterator[ManifestRow]:
    """The row of each image, in order, whose spectrum is put into `spectra`, float16 (n, 16, 16).

    Files are looked up in the cache by the SHA-256 that the store has for them, so cached ones are not even read.
    """
    with FileCache(log) as cache:
        make = scan.scanner(store.shards, config.max_pixels, cache.log, packed)
        limits = bounds.worker_limits(config.max_pixels, config.max_seconds)
        lost = partial(scan.lost_image, limits=limits)
        items = Computed(len(images), lambda number: store.file(images[number].path))
        records = file_cache.get_or_make(
            cache,
            lambda: (store.file(image.path).sha256 for image in images),
            items,
            make,
            title="scanning images",
            lost=lost,
            limits=limits,
        )
        for number, (image, record) in enumerate(zip(images, records, strict=True)):
            spectra[number] = scan.frequencies(record)
            yield _row(image, scan.facts(record, config.min_size))
