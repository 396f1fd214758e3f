"""List every image, give it a side, and judge the lot.        images/ -> manifest.csv, validation.json"""

from darkroom import params, paths
from darkroom.dataset import layout, manifest, overlaps, rows
from darkroom.runtime import files, stage
from darkroom.validate import checks, console, gallery, notes, statistics


def main() -> None:
    p = params.load()
    found = layout.read(paths.IMAGES)
    facts, limit = paths.CACHE / "facts", p.validate.max_pixels
    # one decoding serves both stages, so this one reads `preprocess` too; what it writes does not depend on it
    with rows.opened(paths.CACHE / "packed", p.preprocess, limit) as (_, packed):
        listing = manifest.build(paths.IMAGES, found, p.validate, seed=p.seed, cache=facts, packed=packed)
    judged = checks.check(listing, p.validate, paths.DATA_DOCS)
    verdict = {**judged, "notes": notes.of(listing, found), "aside": found.aside, "strays": found.strays}
    page = paths.DATA_DOCS / "near_duplicates.html"
    twins = statistics.near(listing.rows, listing.twins)
    gallery.write(page, twins, paths.IMAGES, max_pixels=limit, max_seconds=p.validate.max_seconds)
    manifest.write(paths.MANIFEST, listing.rows)
    files.write_rows(paths.QUARANTINE, ("path", "reason"), verdict["bad"])
    files.write_rows(paths.DROPPED, overlaps.COLUMNS, listing.overlaps)
    files.write_json(paths.VALIDATION, verdict)
    print(console.text(verdict))
    checks.insist(verdict, report=paths.VALIDATION)
    print(f"{paths.MANIFEST}: {verdict['images']} images of {len(verdict['classes'])} classes,", end=" ")
    print(f"{len(verdict['bad'])} bad, {len(verdict['duplicates'])} groups of equal ones, {len(found.aside)} aside")


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
