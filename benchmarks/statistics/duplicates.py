"""Which changed copies of an image are found as near duplicates, and which pairs are found of images that are distinct.

In each data set some of the images get a copy that was changed in one way. The recall is the share of them that is
found as a pair with its own original, among all other images; a pair through a third image does not count. What is
found of the originals alone is listed with its paths, as it has to be looked at: CIFAR-10 has true duplicates.

Scenes are painted. Where there is a folder of data, its `cifar10.zip`, `cats_dogs.zip` and `mnist` are measured too.
"""

import gzip
import shutil
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from darkroom import params
from darkroom.dataset import layout, listing
from darkroom.dataset.listing import Listing
from darkroom.image_store import reading
from darkroom.ingest import sources

SEED = 1
PICTURE = (".jpg", ".jpeg", ".png")

Change = Callable[[Image.Image], bytes]


class Sizes(NamedTuple):
    originals: int
    changed: int  # of them


class DataSet(NamedTuple):
    name: str
    files: list[bytes]


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `duplicates`: for each data set the recall of each change, and the pairs of originals."""
    sizes = Sizes(60, 20) if quick else Sizes(2_000, 200)
    measured = {one.name: measure(one, sizes) for one in data_sets(sizes, data)}
    return {"duplicates": {**sizes._asdict(), **measured}}


def data_sets(sizes: Sizes, folder: Path | None) -> Iterator[DataSet]:
    yield DataSet("scenes", [_saved(scene(number)) for number in range(sizes.originals)])
    if folder:
        yield DataSet("cifar10", zipped(folder / "cifar10.zip", sizes.originals))
        yield DataSet("mnist", digits(folder / "mnist/train-images-idx3-ubyte.gz", sizes.originals))
        yield DataSet("cats_dogs", zipped(folder / "cats_dogs.zip", sizes.originals))


def measure(data: DataSet, sizes: Sizes) -> dict:
    with TemporaryDirectory() as home:
        images, cache = Path(home) / "images", Path(home) / "cache"
        originals = [f"{'ab'[number % 2]}/{number}.jpg" for number in range(len(data.files))]  # whatever the format
        for path, content in zip(originals, data.files, strict=True):
            _write(images / path, content)
        distinct = pairs(listed(images, cache))
        result: dict = {"recall": {}, "other_pairs": {}, "pairs_of_originals": sorted(distinct)}
        for name, change in CHANGES.items():
            copies = {f"copies/{number}.jpg": number for number in range(sizes.changed)}
            for path, number in copies.items():
                _write(images / path, change(Image.open(BytesIO(data.files[number]))))
            listing = listed(images, cache)
            pixels = {row["path"]: row["pixels"] for row in listing.rows}
            own = {(originals[n], path) for path, n in copies.items() if pixels[path] != pixels[originals[n]]}
            found = pairs(listing) - distinct
            result["recall"][name] = len(found & own) / len(own) if own else None  # grey digits are equal to digits
            result["other_pairs"][name] = len(found - own)
            shutil.rmtree(images / "copies")
        return result


def listed(images: Path, cache: Path) -> Listing:
    p = params.load()
    sources.unpack(images, cache / "images", p.ingest)
    store = reading.open_store(cache / "images")
    return listing.build(store, layout.read(store), p.validate, cache=cache)


def pairs(listing: Listing) -> set[tuple[str, str]]:
    """The near duplicates as sorted pairs of paths."""
    return {tuple(sorted(listing.rows[n]["path"] for n in pair[:2])) for pair in listing.pairs}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def zipped(path: Path, n: int) -> list[bytes]:
    """So many images of an archive, drawn at random."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(PICTURE))
        return [archive.read(name) for name in Random(SEED).sample(names, n)]


def digits(path: Path, n: int) -> list[bytes]:
    """So many images of 28 x 28 pixels of an idx file, drawn at random."""
    images = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
    return [_saved(Image.fromarray(images[k])) for k in Random(SEED).sample(range(len(images)), n)]


def scene(number: int, size: int = 96) -> Image.Image:
    """A smooth image with some shapes."""
    rng = np.random.default_rng(number)
    image = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, r = (int(k) for k in rng.integers(0, size, 3))
        draw.ellipse((x, y, x + r // 2 + 4, y + r // 2 + 4), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image


def _saved(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _jpeg(quality: int) -> Change:
    return lambda image: _saved(image, "JPEG", quality=quality)


def _brightness(factor: float) -> Change:
    return lambda image: _saved(ImageEnhance.Brightness(image).enhance(factor))


def _scaled(factor: float) -> Change:
    return lambda image: _saved(image.resize((round(image.width * factor), round(image.height * factor))))


def _cropped(image: Image.Image, fraction: float) -> Image.Image:
    """Without so much of each edge, a pixel at least."""
    x, y = (max(1, round(fraction * side)) for side in image.size)
    return image.crop((x, y, image.width - x, image.height - y))


def _rotated(degrees: float) -> Change:
    return lambda image: _saved(image.rotate(degrees, Image.Resampling.BICUBIC))


CHANGES: dict[str, Change] = {
    "mirrored": lambda image: _saved(ImageOps.mirror(image)),
    "half size": _scaled(0.5),
    "75 % size": _scaled(0.75),
    "JPEG 50": _jpeg(50),
    "JPEG 85": _jpeg(85),
    "brightness +10 %": _brightness(1.1),
    "brightness -10 %": _brightness(0.9),
    "brightness +5 %": _brightness(1.05),
    "contrast +10 %": lambda image: _saved(ImageEnhance.Contrast(image).enhance(1.1)),
    "crop of 1 %": lambda image: _saved(_cropped(image, 0.01)),
    "crop of 2 %": lambda image: _saved(_cropped(image, 0.02)),
    "shift by 1 pixel": lambda image: _saved(image.transform(image.size, Image.Transform.AFFINE, (1, 0, -1, 0, 1, 0))),
    "rotation by 2 degrees": _rotated(2),
    "rotation by 5 degrees": _rotated(5),
    "grey": lambda image: _saved(image.convert("L")),
    "mirrored and crop of 2 %": lambda image: _saved(_cropped(ImageOps.mirror(image), 0.02)),
}
