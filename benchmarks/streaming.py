"""How fast a network trains on images that do not fit into memory, compared with the same images held in memory.

    python -m benchmarks.streaming [--n-images 60000] [--size 64] [--rounds 3]

Images are noise, as what they show does not matter. The network is a tiny one, which is the harder case: it wants ten
times as many images a second as one that would learn something. Before each
epoch the system is told to forget the file (posix_fadvise DONTNEED), as it would have by itself if the file were
larger than the memory: so each epoch reads the whole file from the disk. A ratio is the speed from the disk divided by
that from memory in the same round.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks import interleave

BATCH = 64
EPOCHS = 3  # the first one, which compiles, does not count
CLASSES = 10
TINY = {"convolutions": 1, "filters": 8, "head": "average", "dense": 0, "dropout": 0.0}
CHUNK = 1024  # images that are written at once
VENDORS = ("tensorflow", "keras", "numpy")
CACHE = Path(".cache")  # on a disk, which /tmp may not be
OUT = Path("reports/benchmarks/streaming.json")


def memory(path: Path) -> float:
    return trained(path, limit=1 << 60)


def disk(path: Path) -> float:
    return trained(path, limit=0)


VARIANTS = {variant.__name__: variant for variant in (memory, disk)}


def trained(path: Path, *, limit: int) -> float:
    """Images a second, of arrays up to `limit` bytes in memory."""
    import keras

    from darkroom.networks import architectures
    from darkroom.params import load
    from darkroom.training import batching, device

    device.IN_MEMORY = limit
    images = np.load(path, mmap_mode="r")
    split = SimpleNamespace(images=images, labels=np.arange(len(images)) % CLASSES)
    batches, set_epoch = batching.batches(split, BATCH, 1)
    ends: list[float] = []

    def begin(epoch: int, logs: dict) -> None:
        if not limit:
            forget(path)
        set_epoch(epoch)

    mark = keras.callbacks.LambdaCallback(
        on_epoch_begin=begin, on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
    )
    hparams = load().model.model_copy(update=TINY)
    model = architectures.build(hparams, shape=images.shape[1:], classes=CLASSES, spec={})
    # a batch also holds the labels as an input, for layers that mix them
    wrapped = keras.Model([model.input, keras.Input((), dtype="int64")], model.output)
    wrapped.compile("adam", "sparse_categorical_crossentropy")
    wrapped.fit(batches, epochs=EPOCHS, shuffle=False, callbacks=[mark], verbose=0)
    return len(images) * (EPOCHS - 1) / (ends[-1] - ends[0])


def forget(path: Path) -> None:
    """Let the system drop what it holds of the file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def write(path: Path, n_images: int, size: int) -> None:
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (n_images, size, size, 3))
    for start in range(0, n_images, CHUNK):
        part = array[start : start + CHUNK]
        part[:] = np.random.default_rng(start).integers(0, 256, part.shape, np.uint8)
    array.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-images", type=int, default=60_000)
    parser.add_argument("--size", type=int, default=64, help="pixels, side of the square")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.variant:
        print(VARIANTS[args.variant](args.data))
        return
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as home:
        path = Path(home) / "images.npy"
        write(path, args.n_images, args.size)
        speeds = interleave.run_interleaved("benchmarks.streaming", VARIANTS, args.rounds, "--data", path)
    result = {
        "ratio": interleave.ratios(speeds["disk"], speeds["memory"]),
        "images_per_second": {variant: interleave.spread(values) for variant, values in speeds.items()},
        **{"images": args.n_images, "image_size": args.size, "batch_size": BATCH},
        **interleave.provenance(*VENDORS),
    }
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["ratio"]))


if __name__ == "__main__":
    main()
