"""alignment.differences: an image that was moved a little is the same image, another one is not."""

import numpy as np
import pytest
from PIL import Image

from darkroom.dataset import alignment, spectrum

BANDS = np.array([16])


def scene(number, size=96):
    random = np.random.default_rng(number)
    small = Image.fromarray(random.integers(0, 256, (7, 7), np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def spectra(image):
    return spectrum.compute(np.asarray(image)[None])


def difference(one, other):
    return alignment.differences(spectra(one), spectra(other), BANDS)[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.transform(image.size, Image.Transform.AFFINE, (1, 0, 3, 0, 1, -2)),
        lambda image: image.crop((2, 2, 94, 94)),
        lambda image: image.rotate(3, Image.Resampling.BICUBIC),
        lambda image: image.point(lambda level: 0.8 * level + 20),
    ],
    ids=["shifted", "cropped", "rotated", "of less contrast"],
)
def test_a_moved_image_differs_by_little_once_it_is_moved_back(change):
    for number in range(20):
        assert difference(scene(number), change(scene(number))) < 0.2


def test_another_image_stays_another_one():
    assert min(difference(scene(number), scene(number + 1)) for number in range(20)) > 0.5


def test_many_pairs_differ_as_each_alone(monkeypatch):
    monkeypatch.setattr(alignment, "CHUNK", 3)
    first = np.concatenate([spectra(scene(number)) for number in range(8)])
    second = np.concatenate([spectra(scene(number).rotate(number)) for number in range(8)])
    alone = [alignment.differences(first[[k]], second[[k]], BANDS)[0] for k in range(8)]
    assert alignment.differences(first, second, np.repeat(BANDS, 8)) == pytest.approx(alone, abs=1e-4)


def test_images_that_show_nothing_differ_by_a_number():
    blank = spectra(Image.new("L", (32, 32), 200))
    assert np.isfinite(alignment.differences(blank, blank, BANDS)).all()
