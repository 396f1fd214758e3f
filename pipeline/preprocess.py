"""Decode every image once.        images/, manifest.csv -> packed/{train,val,test}/"""

from darkroom import manifest, params, paths
from darkroom.dataset import packing
from darkroom.decoding.bounds import DecodeLimits
from darkroom.image_store import reading
from darkroom.runtime import stage
from darkroom.workers import engine


def main() -> str:
    p = params.load()
    rows = manifest.read(paths.MANIFEST, packing.COLUMNS)
    limits = DecodeLimits(p.validate.max_pixels, p.validate.max_seconds)
    images = reading.open_store(paths.IMAGES, engine.images_copy(p.engine, paths.IMAGES))
    with engine.opened(p.engine):
        counts = packing.write(rows, images, paths.PACKED, p.preprocess, limits, paths.CACHE / "packed")
    return ", ".join(f"{count:,} {split}" for split, count in counts.items()) + " images decoded"


if __name__ == "__main__":
    stage.run(main, paths.RUNNING)
