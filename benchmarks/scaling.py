"""How fast a Ray cluster scans and packs images, beside the worker processes of one machine, and what its head holds.

    python -m benchmarks.scaling --data CIFAR10.zip [--n 10000 60000] [--rounds 3]

The cluster is on this machine: a head that computes nothing, and one node with as many processors as there are
workers. Each run is a process of its own; the variants take turns, so whatever else the machine does hits all alike. A
ratio is the time of `local` divided by that of `ray` with as many workers in the same round: 1 is as fast. Both
start their workers in that time, from a process that has imported what they need, as in the stage; the connection to
the cluster, which is made once for a stage, is given by itself.
The search for near duplicates is left out: it is done by the process that asks, with either engine.

The memory of the head is what Ray's processes there own at most, the touched part of their store of objects included,
and what this process owns at most, which holds the list of images with either engine.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import psutil

from benchmarks import interleave, usage

VARIANTS = ("local-1", "ray-1", "local-2", "ray-2")
IMAGE_SIZE = 32  # pixels
OUT = Path("reports/benchmarks/scaling.json")
VENDORS = ("ray", "numpy", "pillow", "simplejpeg")
ROOT = Path(__file__).resolve().parents[1]


class Run(NamedTuple):
    connect_seconds: float
    seconds: float  # scan and pack
    own_seconds: float  # of that, processor time of the process that asks: what more workers do not shorten
    own_mib: float  # memory of the process that asks, at most
    head_mib: float  # memory of Ray's processes on the head, at most


def scan_and_pack(variant: str, store: Path, n: int) -> Run:
    """One run on n images of the store, which lies in a project, with nothing cached."""
    kind, workers = variant.split("-")
    os.chdir(store.parent)
    with _cluster(int(workers)) if kind == "ray" else nullcontext(("auto", [])) as (address, head):
        watch = _Watch([psutil.Process(), *head])
        with watch, tempfile.TemporaryDirectory(dir=".") as home:
            spent = _measured(kind, address, int(workers), Path(home), n)
    own, *rest = watch.highest
    return Run(*spent, own, round(sum(rest), 1))


class _Apart:
    """Does what `function` does, and adds up what that takes."""

    def __init__(self, function: Callable):
        self.seconds, self.own_seconds, self._function = 0.0, 0.0, function

    def __call__(self, *arguments: object) -> object:
        start, own = time.perf_counter(), time.process_time()
        try:
            return self._function(*arguments)
        finally:
            self.seconds += time.perf_counter() - start
            self.own_seconds += time.process_time() - own


def _measured(kind: str, address: str, workers: int, home: Path, n: int) -> tuple[float, float, float]:
    from darkroom import params
    from darkroom.dataset import layout, listing, near_duplicates, packing
    from darkroom.dataset.packed_rows import open_rows
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.params import Engine
    from darkroom.workers import engine

    listing.prepare()  # as the stage does
    p = params.load()
    images = reading.open_store(Path("images"))
    contents = layout.read(images)
    contents = replace(contents, images=contents.images[:: len(contents.images) // n][:n])
    config = p.preprocess.model_copy(update={"image_size": IMAGE_SIZE, "color": "rgb"})
    limits = DecodeLimits(p.validate.max_pixels)
    place = Engine(kind=kind, address=address, images=None, shared=None, workers=workers, gpus_per_task=0)
    apart, start = _Apart(near_duplicates.find), time.perf_counter()
    with (
        mock.patch("darkroom.runtime.processors.granted", return_value=workers),
        mock.patch.object(near_duplicates, "find", apart),
        engine.opened(place, modules=listing.MODULES),
    ):
        begun, own = time.perf_counter(), time.process_time()
        with open_rows(home / "rows", config, limits.max_pixels) as (_, packed):
            listed = listing.build(images, contents, p.validate, cache=home / "facts", packed=packed)
        packing.write(listed.rows, images, home / "packed", config, limits, home / "rows")
        seconds, own_seconds = time.perf_counter() - begun, time.process_time() - own
        return round(begun - start, 2), round(seconds - apart.seconds, 2), round(own_seconds - apart.own_seconds, 2)


@contextmanager
def _cluster(workers: int) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Yield the address of a new cluster, and the processes of its head."""
    from ray.cluster_utils import Cluster

    os.environ["PYTHONPATH"] = f"{ROOT}:{ROOT / 'src'}"
    before = set(psutil.Process().children(recursive=True))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    head = [process for process in psutil.Process().children(recursive=True) if process not in before]
    cluster.add_node(num_cpus=workers)
    try:
        yield cluster.address, head
    finally:
        cluster.shutdown()


class _Watch:
    """Looks a few times a second at what processes own. To be used in a `with` block."""

    def __init__(self, processes: list[psutil.Process]):
        self.highest = [0.0] * len(processes)  # MiB
        self._processes, self._ended = processes, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(usage.INTERVAL):
            for number, process in enumerate(self._processes):
                self.highest[number] = max(self.highest[number], _mib(process, number))


def _mib(process: psutil.Process, number: int) -> float:
    """What it owns; for a process of Ray, with its part of the store of objects, into which this one looks as well."""
    return round(usage.memory(process.pid, usage.OWNED, *[usage.SHARED] * bool(number)) / usage.MIB, 1)


def summary(runs: dict[str, list[Run]], n: int) -> dict:
    """The figures for n images."""
    seconds = {name: [run.seconds for run in own] for name, own in runs.items()}
    return {
        "images_per_second": {name: interleave.spread([n / s for s in own]) for name, own in seconds.items()},
        "ratios": {w: interleave.ratios(seconds[f"local-{w}"], seconds[f"ray-{w}"]) for w in "12"},
        "connect_seconds": interleave.spread([run.connect_seconds for w in "12" for run in runs[f"ray-{w}"]]),
        "own_seconds": {name: interleave.spread([run.own_seconds for run in own]) for name, own in runs.items()},
        "own_mib": {name: interleave.spread([run.own_mib for run in own]) for name, own in runs.items()},
        "head_mib": {name: interleave.spread([run.head_mib for run in runs[name]]) for name in ("ray-1", "ray-2")},
    }


def _prepare(data: Path, home: Path) -> Path:
    """Make a project in `home`; return its store with the images of the archive."""
    from darkroom import params
    from darkroom.ingest import sources

    home.mkdir(exist_ok=True)
    (home / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    sources.unpack(data, home / "images", params.load().ingest.model_copy(update={"max_entries": 10**6}))
    return home / "images"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="an archive of small images, such as CIFAR-10's")
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 60_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(json.dumps(scan_and_pack(args.variant, args.data, args.n[0])))
        return
    with tempfile.TemporaryDirectory() as home:
        store = _prepare(args.data, Path(home))
        for n in args.n:
            found = interleave.run_interleaved("benchmarks.scaling", VARIANTS, args.rounds, "--data", store, "--n", n)
            figures = summary({name: [Run(*run) for run in runs] for name, runs in found.items()}, n)
            report = json.loads(OUT.read_text()) if OUT.exists() else {}
            report = {**report, str(n): figures, **interleave.provenance(*VENDORS)}
            OUT.write_text(json.dumps(report, indent=2) + "\n")
            print(json.dumps({n: figures["ratios"]}, indent=2))


if __name__ == "__main__":
    main()
