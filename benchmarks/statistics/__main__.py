"""Measure by simulation whether the statistics keep what they promise.

    python -m benchmarks.statistics [PART ...] [--data FOLDER] [--quick]

Runs the parts, all by default, and merges what they return into reports/benchmarks/statistics.json. --quick runs each
in seconds, prints what it returns and writes nothing. FOLDER holds mnist/ (four .gz files), cifar10.zip and
cats_dogs.zip; without it the parts that look at images take those that scikit-learn brings, or paint some.
"""

import argparse
import importlib
import json
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks import interleave
from darkroom.runtime import files

OUT = Path("reports/benchmarks/statistics.json")
PARTS = "coverage", "temperatures", "promotions", "retrainings", "recipes", "duplicates", "labels"


def measure(parts: Iterable[str], quick: bool, data: Path | None = None) -> dict:
    """Return the keys of all parts together, and the seconds that each took. A part that fails ends the run."""
    result: dict = {}
    seconds: dict[str, int] = {}
    for part in parts:
        start = time.perf_counter()
        result |= importlib.import_module(f"benchmarks.statistics.{part}").run(quick, data)
        seconds[part] = round(time.perf_counter() - start)
        print(f"{part}: {seconds[part]} s", flush=True)
    return {**result, "seconds": seconds}


def merged(before: dict, now: dict) -> dict:
    """Return what was measured before with what was measured now in its place."""
    return {**before, **now, "seconds": {**before.get("seconds", {}), **now["seconds"]}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="real images")
    parser.add_argument("--quick", action="store_true", help="a run of seconds that writes nothing")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    result = measure(args.parts or PARTS, args.quick, args.data)
    if args.quick:
        print(json.dumps(result, indent=2))
        return
    before = files.read_json(OUT) if OUT.exists() else {}
    files.write_json(OUT, {**merged(before, result), **interleave.provenance("numpy", "scipy")})


if __name__ == "__main__":
    main()
