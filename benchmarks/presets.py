"""What each preset reaches and costs, from its archive to the report, with nothing cached.

    python -m benchmarks.presets digits mnist_course=/path/to/mnist cifar10_course=/path/to/cifar10.zip
    python -m benchmarks.presets

The first runs `darkroom repro` in a temporary copy of the last commit, once per preset, and merges the results into
`reports/benchmarks/presets.json`. The archive (a file or a folder) takes the place of the preset's `dataset.archive`;
without one the copy must have it already, as it has that of the digits. Processor minutes are those of all processes
and hardly depend on what else the machine does; wall minutes do, so the load at the start stands beside them. The
second prints the results as the table of the README.
"""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import interleave
from darkroom import paths, plain_yaml
from darkroom.commands import presets
from darkroom.plots import number_format
from darkroom.runtime import files

OUT = Path("reports/benchmarks/presets.json")
CPUINFO = Path("/proc/cpuinfo")
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


class Usage(NamedTuple):
    """What a run took."""

    wall: float  # seconds
    processors: float  # seconds, of all processes that the run started


def main(*words: str) -> None:
    for word in words:
        name, _, archive = word.partition("=")
        with TemporaryDirectory() as folder:
            copy = Path(folder, "copy")
            prepare(copy, name, Path(archive) if archive else None)
            load = os.getloadavg()[0]
            results = {name: {**costs(run(copy)), "load_at_start": round(load, 2), **figures(copy), **machine()}}
        files.write_json(OUT, {**(files.read_object(OUT) if OUT.exists() else {}), **results})
        print(f"{name}: {results[name]}", flush=True)
    print(*table(files.read_object(OUT)), sep="\n")


def table(results: dict[str, dict]) -> list[str]:
    """The lines of a Markdown table: a row for each model of each preset, the model that stands for a run first."""
    columns = "preset", "images", "model", "test accuracy", "minutes", "MB", "ms an image"
    rows = [row for name, result in results.items() for row in _rows(name, result)]
    return [f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows)]


def _rows(name: str, result: dict) -> Iterator[list[str]]:
    images, cells = result["images"], [f"`{name}`", f"{sum(result['images'].values()):,}"]
    minutes = f"{result['processor_minutes']} ({result['wall_minutes']})"
    for model in sorted(result["models"], key=lambda model: model != result["best"]):
        facts = result["models"][model]
        accuracy = f"{number_format.with_interval(facts['accuracy'])}, n = {images['test']:,}"
        yield [*cells, model, accuracy, minutes, str(facts["megabytes"]), str(facts["ms_per_image"])]
        cells, minutes = ["", ""], ""


def prepare(copy: Path, name: str, archive: Path | None) -> None:
    """Clone the last commit without its results, and write the preset, with `archive` for its images, to its params."""
    subprocess.run(["git", "clone", "--quiet", ".", copy], check=True)
    (copy / paths.LOCK).unlink()
    shutil.rmtree(copy / "reports")
    presets.use(name, copy / paths.PRESETS, copy / paths.PARAMS)
    if archive:
        (shutil.copytree if archive.is_dir() else shutil.copy)(archive, copy / paths.RAW / archive.name)
        document = plain_yaml.parse_with_comments((copy / paths.PARAMS).read_text())
        document["dataset"]["archive"] = (paths.RAW / archive.name).as_posix()
        (copy / paths.PARAMS).write_text(plain_yaml.text_of(document))


def run(copy: Path) -> Usage:
    """Run the pipeline of `copy` with this interpreter and that code. Raises CalledProcessError when it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    environment["PYTHONPATH"] = str(copy / "src")
    adopt_orphans()
    before, start = processor_seconds(), time.monotonic()
    subprocess.run([sys.executable, "-m", "darkroom.cli", "repro"], cwd=copy, env=environment, check=True)
    wall = time.monotonic() - start
    for _ in orphans():
        pass
    return Usage(wall, processor_seconds() - before)


def adopt_orphans() -> None:
    """Become the parent of processes that outlive theirs, else the seconds of killed worker processes are lost."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def orphans() -> Iterator[int]:
    """Wait for each child that is left; its process id."""
    try:
        while True:
            yield os.wait()[0]
    except ChildProcessError:
        return


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def costs(usage: Usage) -> dict:
    return {
        "wall_minutes": round(usage.wall / 60, 1),
        "processor_minutes": round(usage.processors / 60, 1),
    }


def figures(copy: Path) -> dict:
    """The accuracy and the cost of each model in the reports of a run, and the model that stands for the run."""
    comparison, metrics = files.read_json(copy / paths.COMPARISON), files.read_json(copy / paths.METRICS)
    counts = files.read_json(copy / paths.VALIDATION)["counts"].values()
    models = {
        cost["model"]: {
            "accuracy": metrics[cost["model"]]["accuracy"],
            "megabytes": round(cost["bytes"] / 1e6, 2),
            "ms_per_image": cost["latency_ms"]["value"],
        }
        for cost in files.read_json(copy / paths.COST)
    }
    images = {split: sum(count.get(split, 0) for count in counts) for split in ("train", "val", "test")}
    return {"images": images, "best": comparison["best"], "models": models}


def machine() -> dict:
    """Where, with what and when, and whether the processor multiplies bfloat16, which `precision: auto` asks for."""
    flags = CPUINFO.read_text().split() if CPUINFO.exists() else []
    return {"avx512_bf16": "avx512_bf16" in flags, **interleave.provenance("keras", "tensorflow")}


if __name__ == "__main__":
    main(*sys.argv[1:])
