"""Write the small data set that comes with the project: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels."""

import zipfile
from pathlib import Path

from darkroom import png
from darkroom.runtime import files

WHITE = 16  # scikit-learn's digits go from 0 to 16


def write(path: Path) -> int:
    """Write a zip of greyscale PNG files `<digit>/<number>.png` and return how many; always the same bytes."""
    from sklearn.datasets import load_digits  # takes half a second to import

    digits = load_digits()
    images = (digits.images * 255 / WHITE).round().astype("uint8")
    with files.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for number, (image, digit) in enumerate(zip(images, digits.target, strict=True)):
            archive.writestr(_entry(f"{digit}/{number:04}.png"), png.encode(image))
    return len(images)


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a zip entry with a fixed date and fixed permissions, which `zipfile` would take from the machine."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry
