"""Make the manifest: scan every image, find what is there twice, and give each image a split."""

from collections.abc import Sequence
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
from darkroom.dataset.cluster_history import Names
from darkroom.dataset.file_cache import FileCache, RowLog
from darkroom.dataset.layout import Layout
from darkroom.dataset.near_duplicates import Pair
from darkroom.dataset.overlaps import OverlapRow
from darkroom.dataset.scan import FileFacts
from darkroom.dataset.split import Helped
from darkroom.decoding import bounds
from darkroom.formats.label_tables import LabelledImage
from darkroom.image_store.reading import ImageStore
from darkroom.manifest import ManifestRow
from darkroom.params import Validate

NEW: Names = {}  # no manifest yet


class Listing(NamedTuple):
    rows: list[ManifestRow]
    pairs: list[Pair]  # near duplicates among them
    given_splits: frozenset[str]  # the splits of the archive, as far as they are used
    helped: list[Helped]  # small classes that the draw alone left without an image in some split
    overlaps: list[OverlapRow]  # what is dropped, or should be
    is_split_again: bool  # whether the split of the archive was ignored


def build(
    store: ImageStore,
    layout: Layout,
    config: Validate,
    *,
    cache: Path,
    packed: RowLog | None = None,
    previous: Names = NEW,
) -> Listing:
    """List each image of the layout, sorted by path, bad ones included.

    Images whose bytes are in `cache` are not decoded again; of the others, the packed rows go to `packed`. `previous`
    are the names of the clusters in the last version of the manifest, see `cluster_history`.
    """
    labelled = sorted(layout.images)
    code = (*file_cache.DECODER, image_stats, small_copies, spectrum, scan)
    log = file_cache.log_path(cache, code, config.max_pixels, asdict(scan.levels_of(packed)))
    facts, spectra = _scanned([image.path for image in labelled], store, config, log, packed)
    rows = [_row(image, own) for image, own in zip(labelled, facts, strict=True)]
    conflicts = overlaps.conflicts(rows)
    rows = overlaps.without(rows, conflicts if config.conflicts == "drop" else ())
    pairs = near_duplicates.find(rows, spectra)
    for row, cluster in zip(rows, clusters.names(rows, pairs), strict=True):
        row["cluster"] = cluster
    leaks = overlaps.leaks(rows)
    rows = overlaps.without(rows, leaks if config.leaks == "drop_from_train" else ())
    is_split_again = bool(leaks) and config.leaks == "split_again"
    rows = split.cleared(rows) if is_split_again else rows
    given = split.given_splits(rows)
    kept = cluster_history.keep(rows, pairs, previous, partial(split.drawn, config=config, given=given))
    assigned = split.assign(kept.rows, config)
    listed = overlaps.listed(assigned.rows, sorted([*conflicts, *leaks, *kept.dropped]))
    return Listing(assigned.rows, pairs, given, assigned.helped, listed, is_split_again)


def _row(image: LabelledImage, facts: FileFacts) -> ManifestRow:
    path, label, given_split, group = image
    given = {"path": path, "label": label, "given": "", "split": given_split, "group": group}
    return cast(ManifestRow, facts | given | {"cluster": "", "dropped": ""})


def _scanned(
    paths: Sequence[str], store: ImageStore, config: Validate, log: Path, packed: RowLog | None
) -> tuple[list[FileFacts], np.ndarray]:
    """The facts of each file, in order, without its name, and the spectra of all, float16 (n, 16, 16).

    Files are looked up in the cache by the SHA-256 that the store has for them, so cached ones are not even read.
    """
    facts, spectra = [], np.empty((len(paths), *spectrum.FLAT.shape), spectrum.DTYPE)
    with FileCache(log) as cache:
        make = scan.scanner(store.shards, config.max_pixels, cache.log, packed)
        limits = bounds.worker_limits(config.max_pixels, config.max_seconds)
        lost = partial(scan.lost_image, limits=limits)
        items = [(file.sha256, file) for file in map(store.file, paths)]
        records = file_cache.get_or_make(cache, items, make, title="scanning images", lost=lost, limits=limits)
        for number, record in enumerate(records):
            facts.append(scan.facts(record, config.min_size))
            spectra[number] = scan.frequencies(record)
    return facts, spectra
