"""How fast images become arrays: our variant and three usual ones on the same files.

    python -m benchmarks.ingest --data ARCHIVE [--enlarge 1024] [--size 96] [--rounds 5]

Ours looks at every image (hashes, measures, near duplicates), lists it and packs it; the others decode and shrink
it and do nothing else. Each run is a process of its own, whose imports are not counted and whose start of workers
is; rounds take turns, so that whatever else the machine does hits all alike. A ratio is the time of the other
divided by ours in the same round: above 1, ours is faster. Processor time is that of all processes together; it says
more than the clock where others use the machine as well. `--enlarge` makes 4,800 larger images of those in the
archive first, with grain, as enlarging alone would leave nothing to decode. Figures of other data in the report stay.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import interleave

SUFFIXES = (".jpg", ".jpeg")  # what all of the four can read
BATCH = 256  # images
VENDORS = ("tensorflow", "keras", "pillow", "simplejpeg", "numpy")
ENLARGED = 4800  # images
GRAIN = 6.0  # grey levels, standard deviation
OUT = Path("reports/benchmarks/ingest.json")


class Spent(NamedTuple):
    seconds: float
    processor_seconds: float  # of this process and of those that it has started


def now() -> Spent:
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return Spent(time.perf_counter(), sum(t.user + t.system + t.children_user + t.children_system for t in times))


def since(start: Spent) -> Spent:
    return Spent(*(b - a for a, b in zip(start, now(), strict=True)))


def darkroom(folder: Path, size: int) -> Spent:
    from darkroom import params
    from darkroom.dataset import layout, listing, packing
    from darkroom.dataset.packed_rows import open_rows
    from darkroom.decoding.bounds import DecodeLimits
    from darkroom.image_store import reading
    from darkroom.ingest import sources

    p = params.load()
    config = p.preprocess.model_copy(update={"image_size": size, "color": "rgb", "fit": "stretch"})
    with tempfile.TemporaryDirectory() as home:
        cache = Path(home)
        sources.unpack(folder, cache / "images", p.ingest)  # once, whatever is done with the images later
        start = now()
        listing.prepare()
        images, limit = reading.open_store(cache / "images"), p.validate.max_pixels
        contents = layout.read(images)
        with open_rows(cache / "rows", config, limit) as (_, packed):
            listed = listing.build(images, contents, p.validate, cache=cache / "facts", packed=packed)
        packing.write(listed.rows, images, cache / "packed", config, DecodeLimits(limit), cache / "rows")
        return since(start)


def tf_data(folder: Path, size: int) -> Spent:
    import tensorflow as tf

    def read(path):
        return tf.cast(tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (size, size)), tf.uint8)

    start = now()
    n_images = tf.data.Dataset.from_tensor_slices([str(path) for path in jpegs(folder)])
    for _ in n_images.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE):
        pass
    return since(start)


def pil_one_process(folder: Path, size: int) -> Spent:
    import numpy as np
    from PIL import Image

    start = now()
    for path in jpegs(folder):
        with Image.open(path) as image:
            np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
    return since(start)


def image_dataset_from_directory(folder: Path, size: int) -> Spent:
    import keras

    start = now()
    square = (size, size)
    for _ in keras.utils.image_dataset_from_directory(
        folder, labels=None, image_size=square, batch_size=BATCH, shuffle=False, verbose=False
    ):
        pass
    return since(start)


VARIANTS = {variant.__name__: variant for variant in (darkroom, tf_data, pil_one_process, image_dataset_from_directory)}


def jpegs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def enlarge(folder: Path, out: Path, size: int) -> None:
    """`ENLARGED` of the images as JPEG of `size` pixels on their short side, in two class folders of `out`."""
    from darkroom.workers import parallel

    paths = jpegs(folder)
    chosen = paths[:: max(1, len(paths) // ENLARGED)][:ENLARGED]
    for name in "ab":
        (out / name).mkdir(parents=True)
    jobs = [(path, out / "ab"[number % 2] / f"{number}.jpg") for number, path in enumerate(chosen)]
    for _ in parallel.map(partial(_enlarge, size=size), jobs, title="enlarging"):
        pass


def _enlarge(job: tuple[Path, Path], *, size: int) -> None:
    import numpy as np
    from PIL import Image

    source, target = job
    with Image.open(source) as image:
        times = size / min(image.size)
        large = image.convert("RGB").resize([round(times * side) for side in image.size], Image.Resampling.BICUBIC)
    random = np.random.default_rng(int(target.stem))
    grain = random.standard_normal((large.height, large.width, 1), np.float32) * GRAIN
    Image.fromarray((np.asarray(large) + grain).clip(0, 255).astype(np.uint8)).save(target, quality=85)


def compare(folder: Path, size: int, rounds: int) -> dict:
    spent = interleave.run_interleaved("benchmarks.ingest", VARIANTS, rounds, "--data", folder, "--size", size)
    seconds, processor = ({name: [run[part] for run in runs] for name, runs in spent.items()} for part in (0, 1))
    return {
        "ratios": ratios(seconds),
        "processor_ratios": ratios(processor),
        "seconds": spreads(seconds),
        "processor_seconds": spreads(processor),
    }


def ratios(times: dict[str, list[float]]) -> dict:
    others = (name for name in times if name != darkroom.__name__)
    return {name: interleave.ratios(times[name], times[darkroom.__name__]) for name in others}


def spreads(times: dict[str, list[float]]) -> dict:
    return {name: interleave.spread(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="an archive of JPEG images in class folders")
    parser.add_argument("--enlarge", type=int, help="pixels, short side: measure on larger images made of those")
    parser.add_argument("--size", type=int, default=96, help="pixels, side of the packed square")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(json.dumps(VARIANTS[args.variant](args.data, args.size)))
        return

    from darkroom import params
    from darkroom.commands import unpack
    from darkroom.image_store import reading
    from darkroom.ingest import sources
    from darkroom.runtime import files

    with tempfile.TemporaryDirectory() as home:
        folder, name = Path(home) / "images", f"{args.data.stem} packed at {args.size}"
        sources.unpack(args.data, Path(home) / "shards", params.load().ingest)
        unpack.unpack(reading.open_store(Path(home) / "shards"), folder)
        if args.enlarge:
            small, folder = folder, Path(home) / "large"
            name = f"{args.data.stem} enlarged to {args.enlarge}"
            enlarge(small, folder, args.enlarge)
        result = compare(folder, args.size, args.rounds)
        settings = {"images": len(jpegs(folder)), "image_size": args.size}
    report = files.read_json(OUT) if OUT.exists() else {}
    files.write_json(OUT, {**report, name: {**result, **settings, **interleave.provenance(*VENDORS)}})
    print(json.dumps({name: result[name] for name in ("ratios", "processor_ratios")}, indent=2))


if __name__ == "__main__":
    main()
