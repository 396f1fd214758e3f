"""Decode every image once.        images/, manifest.csv -> packed/{train,val,test}/"""

from darkroom import params, paths
from darkroom.dataset import manifest, packing
from darkroom.runtime import stage


def main() -> None:
    p = params.load()
    rows = manifest.read(paths.MANIFEST, packing.COLUMNS)
    bounds = {"max_pixels": p.validate.max_pixels, "max_seconds": p.validate.max_seconds}
    counts = packing.write(rows, paths.IMAGES, paths.PACKED, p.preprocess, **bounds, cache=paths.CACHE / "packed")
    print(f"{paths.PACKED}:", ", ".join(f"{count} {side}" for side, count in counts.items()))


if __name__ == "__main__":
    stage.run(main, paths.LOCKS)
