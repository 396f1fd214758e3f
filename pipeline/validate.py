"""List every image, give it a split, and judge the data set.        images/ -> manifest.csv, validation.json"""

from darkroom import manifest, params, paths, verdict
from darkroom.dataset import cluster_history, layout, listing, overlaps
from darkroom.dataset.packed_rows import open_rows
from darkroom.decoding.bounds import DecodeLimits
from darkroom.image_store import reading
from darkroom.runtime import files, stage
from darkroom.validate import checks, console, gallery, statistics
from darkroom.workers import engine


def main() -> str:
    listing.prepare()
    p = params.load()
    limits = DecodeLimits(p.validate.max_pixels, p.validate.max_seconds)
    images = reading.open_store(paths.IMAGES, engine.images_copy(p.engine, paths.IMAGES))
    sorted_files = layout.read(images)
    previous = cluster_history.read(paths.MANIFEST)  # before this run replaces it: DVC keeps the last version here
    facts, rows = paths.CACHE / "facts", paths.CACHE / "packed"
    # one decoding serves both stages, so this one reads `preprocess` too; what it writes does not depend on it
    opened = engine.opened(p.engine, modules=listing.MODULES)
    with opened, open_rows(rows, p.preprocess, limits.max_pixels) as (_, packed):
        listed = listing.build(images, sorted_files, p.validate, cache=facts, packed=packed, previous=previous)
    judged = checks.check(listed, sorted_files, p.validate, paths.DATA_DOCS)
    pairs = statistics.near_duplicates(statistics.DataSet(listed.rows, listed.pairs, p.validate))
    gallery.write(paths.DATA_DOCS / "near_duplicates.html", pairs, images, limits, packed.settings.levels)
    manifest.write(paths.MANIFEST, listed.rows)
    files.write_rows(paths.QUARANTINE, verdict.BAD_COLUMNS, judged["bad"])
    files.write_rows(paths.DROPPED, overlaps.COLUMNS, listed.overlaps)
    verdict.write(paths.VALIDATION, judged)
    for line in console.lines(judged):
        print(line, flush=True)
    checks.raise_if_broken(judged, report=paths.VALIDATION)
    return console.totals(judged)


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
