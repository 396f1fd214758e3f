"""What a new version of a data set costs: pictures are added to one that the data stages have seen.

    python -m benchmarks.additions --data ARCHIVE [--added 100] [--size 96] [--rounds 3]

In a project of its own, without DVC, `ingest`, `validate` and `preprocess` run on the JPEG files of an archive without
the last ones of each class, and again with them. What they leave must equal, byte for byte, what a project leaves that
saw all of them at once. A ratio is that of the second run of validate and preprocess to the first; processor time says
more than the clock where others use the machine as well. Stored anew is what DVC would store: files of `data/` whose
contents were not there before.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from benchmarks import interleave, usage
from benchmarks.usage import Usage

ROOT = Path(__file__).resolve().parents[1]
OUT = Path("reports/benchmarks/additions.json")
SUFFIXES = (".jpg", ".jpeg")
MEASURED = ("validate", "preprocess")
# what holds no time of day: Great Expectations' pages do
OUTS = ("data/images", "data/manifest.csv", "data/packed", "reports/validation.json", "reports/dropped.csv")
VENDORS = ("numpy", "pillow", "simplejpeg", "great-expectations")


class Round(NamedTuple):
    first: dict[str, Usage]  # by stage
    second: dict[str, Usage]
    stored: int  # bytes of data/ before
    stored_anew: int


def run(archive: Path, added: int, size: int) -> Round:
    """Raises SystemExit when the outs differ from those of a run from scratch."""
    with tempfile.TemporaryDirectory() as folder:
        grown, scratch = Path(folder, "grown"), Path(folder, "scratch")
        names = _names(archive)
        _write_project(grown, archive, sorted(set(names) - set(_last(names, added))), size)
        first, before = _run_stages(grown), _digests(grown)
        _write_project(grown, archive, names, size)
        second, after = _run_stages(grown), _digests(grown)
        _write_project(scratch, archive, names, size)
        _run_stages(scratch)
        if different := sorted(name for name, _ in after.items() ^ _digests(scratch).items()):
            raise SystemExit(f"not as from scratch: {', '.join(different)}")
        new = [name for name in after if name.startswith("data/") and after[name] not in before.values()]
        stored = sum((grown / name).stat().st_size for name in after if name.startswith("data/"))
        return Round(first, second, stored, sum((grown / name).stat().st_size for name in new))


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return sorted(name for name in file.namelist() if name.lower().endswith(SUFFIXES))


def _last(names: Iterable[str], count: int) -> list[str]:
    """The last names of each folder, as many of each, `count` in all: as if a camera had gone on counting."""
    folders = defaultdict(list)
    for name in names:
        folders[name.rpartition("/")[0]].append(name)
    large = [own for own in folders.values() if len(own) > count]
    return [name for own in large for name in own[-(count // len(large)) :]]


def _write_project(home: Path, archive: Path, names: Iterable[str], size: int) -> None:
    home.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(home / "pictures.zip", "w") as target:
        for name in names:
            target.writestr(name, source.read(name))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["dataset"]["archive"] = "pictures.zip"
    params["preprocess"] |= {"image_size": size, "color": "rgb"}
    (home / "params.yaml").write_text(yaml.safe_dump(params))


def _run_stages(home: Path) -> dict[str, Usage]:
    stages = ("ingest", *MEASURED)
    return {stage: usage.measure([sys.executable, str(ROOT / f"pipeline/{stage}.py")], home) for stage in stages}


def _digests(home: Path) -> dict[str, str]:
    """The SHA-256 of each file of the outs, by its path."""
    files = [file for out in OUTS for file in ([home / out] if (home / out).is_file() else (home / out).rglob("*"))]
    return {str(f.relative_to(home)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.is_file()}


def summary(rounds: list[Round]) -> dict:
    def total(stages: dict[str, Usage], field: str) -> float:
        return sum(getattr(stages[stage], field) for stage in MEASURED)

    fields = ("seconds", "processor_seconds")
    return {
        **{
            f"{field}_ratio": interleave.ratios(*[[total(getattr(r, run), field) for r in rounds] for run in runs])
            for field in fields
            for runs in [("second", "first")]
        },
        **{
            run: {
                stage: {f: interleave.spread([getattr(getattr(r, run)[stage], f) for r in rounds]) for f in fields}
                for stage in MEASURED
            }
            for run in ("first", "second")
        },
        "stored_bytes": rounds[0].stored,
        "stored_anew_bytes": rounds[0].stored_anew,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a zip of JPEG images in class folders")
    parser.add_argument("--added", type=int, default=100, help="pictures")
    parser.add_argument("--size", type=int, default=96, help="pixels, side of the packed square")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    result = summary([run(args.data.resolve(), args.added, args.size) for _ in range(args.rounds)])
    settings = {"images": len(_names(args.data)), "added": args.added, "image_size": args.size}
    report = json.loads(OUT.read_text()) if OUT.exists() else {}
    report[args.data.stem] = {**result, **settings, **interleave.provenance(*VENDORS)}
    OUT.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
