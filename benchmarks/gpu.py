"""What a GPU gives: images a second, the first epoch with and without a cache of programs, accuracy, utilisation.

    python -m benchmarks.gpu pack ARCHIVE cifar10.npz
    KERAS_BACKEND=jax python -m benchmarks.gpu run cifar10.npz [--quick] [--rehearse]

`pack` writes the images of an archive, which has training and test folders, into one file of about 20 MB. `run` needs
darkroom's `src/`, `presets/` and `benchmarks/` beside it, and of other packages the backend, Keras and what they need,
NumPy, Pillow, Pydantic, psutil and ruamel.yaml: wheels that a machine without a network can be handed. The row of
airbench94 needs torch, torchvision and airbench, and is left out without them.

Each row is trained in processes of its own, which find what the first one compiled: `cold` and `warm` are the
seconds of their first epochs. Later epochs count for the speed; those of darkroom with their validation and the state
that is written after each. Utilisation is sampled while these epochs run. A row has a limit of seconds, after which it
shows what it has: 8 minutes in all, with `--quick` 3. With `--rehearse` each row is tiny, so that a processor shows
that it works; its figures mean nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import gpu_cases, gpu_images, interleave
from benchmarks.gpu_cases import Job, Result

PATIENCE = 5  # times the limits, for a rehearsal on a processor
OUT = Path("reports/benchmarks/gpu.json")


class Row(NamedTuple):
    """A line of the table: how it is run, and for how long at most."""

    way: str  # of gpu_cases.WAYS
    preset: str
    batch: int | str
    epochs: int
    processes: int
    seconds: int  # for all processes
    quick_seconds: int  # the same of a quick run; 0: not part of it


ROWS = {
    "cifar10": Row("darkroom", "cifar10", "auto", 16, 2, 110, 65),
    "cifar10, batch 128": Row("darkroom", "cifar10", 128, 8, 2, 90, 0),
    "cifar10, scan": Row("scan", "cifar10", "auto", 8, 1, 50, 0),
    "cats_dogs_course": Row("darkroom", "cats_dogs_course", "auto", 20, 2, 50, 30),
    "cifar10_fast": Row("darkroom", "cifar10_fast", 512, 20, 5, 130, 55),
    "airbench94": Row("airbench94", "cifar10_fast", 1024, 10, 3, 50, 30),
}
HEAD = (
    "name", "precision", "images/s", "an epoch, s", "cold, s", "warm, s", "all later epochs, s", "accuracy", "busy, %",
)  # fmt: skip


def run(path: Path, *, quick: bool, rehearsal: bool) -> dict[str, dict]:
    """Each row, printed as it ends."""
    rows = {}
    for name, row in ROWS.items():
        if seconds := row.quick_seconds if quick else row.seconds:
            results = measured(path, name, seconds * PATIENCE if rehearsal else seconds, rehearsal=rehearsal)
            rows[name] = summary(results)
            print(line(name, rows[name]), flush=True)
    return rows


def measured(path: Path, name: str, seconds: float, *, rehearsal: bool) -> list[Result]:
    """What the processes of a row give within so many seconds; the first one finds nothing compiled."""
    end, results = time.monotonic() + seconds, list[Result]()
    words = [path, "--row", name, *(["--rehearse"] if rehearsal else [])]
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": cache}
        for seed in range(1, 1 + ROWS[name].processes):
            command = [sys.executable, "-m", "benchmarks.gpu", "row", *map(str, words), "--seed", str(seed)]
            try:
                left = max(0.0, end - time.monotonic())
                done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=left)
            except subprocess.TimeoutExpired:
                return results or [Result(skipped=f"it takes more than {seconds:.0f} s")]
            if done.returncode:
                return [Result(skipped=f"it failed: {(done.stderr.splitlines() or ['no message'])[-1]}")]
            results.append(json.loads(done.stdout.splitlines()[-1]))
            if "skipped" in results[-1]:
                break
    return results


def summary(results: list[Result]) -> dict:
    """Of the processes of one row: the first of them is cold, the last warm if there is another."""
    first, last = results[0], results[-1]
    if "skipped" in first:
        return {"skipped": first["skipped"]}
    accuracies = [result["test_accuracy"] for result in results if result["test_accuracy"] is not None]
    warm = last["first_epoch"] if len(results) > 1 else None
    return {
        **last,
        "first_epoch": {"cold": first["first_epoch"], "warm": warm},
        "test_accuracy": interleave.spread(accuracies) if accuracies else None,
    }


def line(name: str, row: dict) -> str:
    """A row of a Markdown table."""
    if "skipped" in row:
        return f"| {name} | {row['skipped']} |{' |' * (len(HEAD) - 2)}"
    accuracy, first = row["test_accuracy"], row["first_epoch"]
    cells = [
        name, row["precision"], f"{row['images_per_second']:,}", f"{row['epoch']['median']:.3f}", f"{first['cold']}",
        f"{first['warm'] or '-'}", f"{row['seconds_after_first_epoch']}",
        f"{accuracy['median']:.4f} (n = {accuracy['n']})" if accuracy else "-", f"{row['utilisation'] or '-'}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("pack", "run", "row"))
    parser.add_argument("source", type=Path, help="pack: an archive; run: the file that pack wrote")
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rehearse", action="store_true", help="tiny rows, to see that they work")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.what == "pack":
        return gpu_images.pack(args.source, args.target)
    if args.what == "row":
        row = ROWS[args.row]
        epochs = min(row.epochs, 3) if args.rehearse else row.epochs
        job = Job(args.source.absolute(), row.preset, row.batch, epochs, args.seed, args.rehearse)
        return print(json.dumps(gpu_cases.WAYS[row.way](job)))
    print(*(f"| {' | '.join(words)} |" for words in (HEAD, ["---"] * len(HEAD))), sep="\n", flush=True)
    rows = run(args.source, quick=args.quick, rehearsal=args.rehearse)
    if not args.rehearse:
        settings = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow")}
        from darkroom.runtime import files

        files.write_json(OUT, {**rows, **settings, **interleave.provenance("keras", "numpy")})


if __name__ == "__main__":
    main()
