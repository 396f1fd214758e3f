"""The small data set that comes with the project: scikit-learn's 1,797 handwritten digits of 8 x 8 pixels."""

import zipfile
from pathlib import Path

from darkroom import png
from darkroom.runtime import files

WHITE = 16  # scikit-learn's digits go from 0 to 16


def write(path: Path) -> int:
    """Write a zip of grey PNG files `<digit>/<number>.png` and return how many; the same bytes every time."""
    from sklearn.datasets import load_digits  # half a second that only this function pays

    found = load_digits()
    images = (found.images * 255 / WHITE).round().astype("uint8")
    with files.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for number, (image, digit) in enumerate(zip(images, found.target, strict=True)):
            archive.writestr(_entry(f"{digit}/{number:04}.png"), png.encode(image))
    return len(images)


def _entry(name: str) -> zipfile.ZipInfo:
    """A member with a fixed date and fixed rights, where `zipfile` would take the clock's and the machine's."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry
