"""How long DVC takes for the data stages of many small files: this version of the project, and an earlier one.

    python -m benchmarks.repro --data CIFAR10.zip [--other b928791] [--stages ingest validate preprocess]

Each version is cloned from this repository, as it was committed, and runs in the environment of this one with the same
archive and 32 x 32 pixels in colour; `dvc repro` makes everything, then `dvc status` finds nothing to do. Ratios are
those of the other version to this one. Give no `--other` to measure this version alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks import interleave, usage
from benchmarks.usage import Usage

ROOT = Path(__file__).resolve().parents[1]
OUT = Path("reports/benchmarks/repro.json")
STAGES = ("ingest", "validate", "preprocess")
ARCHIVE = "data/raw/pictures.zip"
IMAGE_SIZE = 32  # pixels
VENDORS = ("dvc", "numpy", "pillow", "great-expectations")


def run(revision: str, archive: Path, stages: Sequence[str]) -> dict[str, Usage]:
    """What `dvc repro` of the stages and the `dvc status` after it take at a revision."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "project")
        subprocess.run(["git", "clone", "-q", "--no-checkout", str(ROOT), str(home)], check=True)
        subprocess.run(["git", "-C", str(home), "checkout", "-q", revision], check=True)
        shutil.copyfile(archive, home / ARCHIVE)
        params = yaml.safe_load((home / "params.yaml").read_text())
        params["dataset"]["archive"] = ARCHIVE
        params["preprocess"] |= {"image_size": IMAGE_SIZE, "color": "rgb"}
        (home / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        commands = {"repro": ["dvc", "repro", "--no-run-cache", *stages], "status": ["dvc", "status", *stages]}
        return {name: usage.measure([*_environment(home), *words], home) for name, words in commands.items()}


def _environment(home: Path) -> list[str]:
    """What makes a command use the clone's package and the programs of this environment."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return ["env", f"PYTHONPATH={home / 'src'}", f"PATH={programs}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a zip of small pictures, such as CIFAR-10's")
    parser.add_argument("--other", help="revision of this repository to compare with")
    parser.add_argument("--stages", nargs="+", default=STAGES)
    args = parser.parse_args()
    versions = {"this": "HEAD"} | ({"other": args.other} if args.other else {})
    spent = {name: run(revision, args.data.resolve(), args.stages) for name, revision in versions.items()}
    result: dict = {name: {what: own._asdict() for what, own in parts.items()} for name, parts in spent.items()}
    if args.other:
        pairs = {what: (spent["other"][what], spent["this"][what]) for what in spent["this"]}
        result["ratios"] = {what: round(other.seconds / own.seconds, 2) for what, (other, own) in pairs.items()}
    settings = {"other": args.other, "stages": list(args.stages), **interleave.provenance(*VENDORS)}
    OUT.write_text(json.dumps({**result, **settings}, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
