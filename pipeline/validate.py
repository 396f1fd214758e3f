"""List every picture, give it a side, and judge the lot.        images/ -> manifest.csv, validation.json"""

from darkroom import errors, files, params, paths
from darkroom.data import checks, layout, manifest


def main() -> None:
    p = params.load()
    found = layout.read(paths.IMAGES)
    rows = manifest.build(paths.IMAGES, found, p.validate, seed=p.seed)
    verdict = checks.check(rows, p.validate, paths.DATA_DOCS)
    manifest.write(paths.MANIFEST, rows)
    files.write_json(paths.VALIDATION, {**verdict, "aside": found.aside, "strays": found.strays})
    checks.insist(verdict, report=paths.VALIDATION)
    print(f"{paths.MANIFEST}: {verdict['pictures']} pictures of {len(verdict['classes'])} classes,", end=" ")
    print(f"{len(verdict['bad'])} bad, {len(verdict['duplicates'])} groups of equal ones, {len(found.aside)} aside")


if __name__ == "__main__":
    errors.guard(main)
