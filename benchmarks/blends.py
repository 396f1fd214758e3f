"""Any number of pictures, made of a few thousand: each is a blend of two.

Among a million a few hundred blend the same two in nearly the same shares, and a few are equal; they share a class.

    python -m benchmarks.blends SOURCE OUT N

SOURCE is an archive of pictures of one size in class folders, such as CIFAR-10; OUT a zip of N JPEGs, in as many
classes. `zipfile` holds 0.7 kB for each until the archive is complete; nothing else grows with N.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image

ORIGINALS = 20_000  # pictures that are blended; 61 MB at 32 x 32 pixels
SUFFIXES = (".jpg", ".jpeg", ".png")
SHARE = (0.4, 0.6)  # of the first picture in a blend
QUALITY = 90
SEED = 1


class Originals(NamedTuple):
    pixels: np.ndarray  # uint8 (n, h, w, 3)
    labels: list[str]


def write(source: Path, out: Path, n: int) -> None:
    """Write the archive under another name first, so that `out` is complete or absent."""
    partial = out.with_name(f"{out.name}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name, picture in pictures(read(source), n):
            archive.writestr(name, picture)
    partial.rename(out)


def read(source: Path) -> Originals:
    """Every so many pictures of the archive; the folder of each is its class."""
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(SUFFIXES))
        names = names[:: max(1, len(names) // ORIGINALS)]
        pixels = [np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")) for name in names]
    return Originals(np.stack(pixels), [PurePosixPath(name).parent.name for name in names])


def pictures(originals: Originals, n: int) -> Iterator[tuple[str, bytes]]:
    """Names and JPEGs of n blends, in the class of one of their two pictures: the same one for the same two."""
    import simplejpeg

    rng = np.random.default_rng(SEED)
    for number in range(n):
        first, second = sorted(rng.integers(0, len(originals.labels), 2))
        share = np.float32(rng.uniform(*SHARE))
        blend = share * originals.pixels[first] + (1 - share) * originals.pixels[second]
        jpeg = simplejpeg.encode_jpeg(blend.astype(np.uint8), quality=QUALITY)
        yield f"{originals.labels[first]}/{number:07}.jpg", jpeg


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("n", type=int)
    args = parser.parse_args()
    write(args.source, args.out, args.n)
