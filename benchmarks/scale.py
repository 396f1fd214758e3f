"""How time, memory and disk of the data stages grow with the number of pictures.

    python -m benchmarks.scale --data CIFAR10.zip [--n 100000 1000000]

For each number, pictures are made (`blends`) and `ingest`, `validate` and `preprocess` are run in a project of their
own in `--home`, without DVC. What is done is kept there, so that a run that was stopped goes on with the stage it was
in; the folder is removed once its figures are in the report. A million pictures take about 12 GB in it.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import yaml

from benchmarks import interleave, usage

STAGES = ("ingest", "validate", "preprocess")
LEFT_BY = {  # what each stage adds on disk
    "archive": ("pictures.zip",),
    "ingest": ("data/images",),
    "validate": (".cache", "data/manifest.csv", "reports"),
    "preprocess": ("data/packed",),
}
DISK = 15_000  # bytes for each picture, while it is in the archive, the spool, a shard, the caches and the arrays
IMAGE_SIZE = 32  # pixels
HOME = Path(".cache/scale")
OUT = Path("reports/benchmarks/scale.json")
VENDORS = ("numpy", "pillow", "simplejpeg", "great-expectations", "pandas")
ROOT = Path(__file__).resolve().parents[1]


def run(data: Path, n: int, home: Path) -> dict:
    """The figures for n pictures; those of stages that an earlier run completed come from its record."""
    home.mkdir(parents=True, exist_ok=True)
    record = home / "record.json"
    done = json.loads(record.read_text()) if record.exists() else {}
    for stage, command in _commands(data.resolve(), n).items():
        if stage not in done:
            _require_disk(home, n)
            _write_params(home, n)
            done[stage] = usage.measure(command, home)._asdict() | {"disk_mib": _disk(home, stage)}
            record.write_text(json.dumps(done))
            print(f"{n} pictures, {stage}: {done[stage]}", flush=True)
    return done


def _commands(data: Path, n: int) -> dict[str, list[str]]:
    make = [sys.executable, str(ROOT / "benchmarks/blends.py"), str(data), "pictures.zip", str(n)]
    return {"archive": make} | {stage: [sys.executable, str(ROOT / f"pipeline/{stage}.py")] for stage in STAGES}


def _write_params(home: Path, n: int) -> None:
    """Ours, with the archive, limits that let it in, and pictures as large as they are."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["dataset"]["archive"] = "pictures.zip"
    params["ingest"]["max_entries"] = 2 * n
    params["preprocess"] |= {"image_size": IMAGE_SIZE, "color": "rgb"}
    (home / "params.yaml").write_text(yaml.safe_dump(params))


def _require_disk(home: Path, n: int) -> None:
    free = shutil.disk_usage(home).free
    if free < n * DISK:
        raise SystemExit(f"{home}: {n} pictures need {n * DISK} bytes, {free} are free")


def _disk(home: Path, stage: str) -> float:
    places = [home / place for place in LEFT_BY[stage]]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / usage.MIB, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="an archive of small pictures, such as CIFAR-10's")
    parser.add_argument("--n", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--home", type=Path, default=HOME)
    args = parser.parse_args()
    for n in args.n:
        figures = run(args.data, n, args.home / str(n))
        report = json.loads(OUT.read_text()) if OUT.exists() else {}
        report = {**report, str(n): figures, **interleave.provenance(*VENDORS)}
        OUT.write_text(json.dumps(report, indent=2) + "\n")
        shutil.rmtree(args.home / str(n))


if __name__ == "__main__":
    main()
