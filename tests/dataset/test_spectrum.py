"""spectrum: the low frequencies of an image, whatever its size."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from darkroom.dataset import spectrum


@pytest.fixture
def smooth():
    small = Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 6), np.uint8))
    return small.resize((96, 72), Image.Resampling.BICUBIC)


def compute(image):
    return spectrum.compute(np.asarray(image)[None])[0].astype(np.float64)


def test_one_wave_has_one_coefficient_and_the_mean_is_the_first():
    middles = (np.arange(40) + 0.5) / 40
    wave = 100 + 50 * np.cos(np.pi * 3 * middles)[:, None] * np.cos(np.pi * 2 * middles)
    result = spectrum.compute(wave.round().astype(np.uint8)[None])[0].astype(np.float64)
    expected = np.zeros((16, 16))
    expected[0, 0], expected[3, 2] = 100, 25  # 50 / sqrt(2) of each axis
    assert result == pytest.approx(expected, abs=0.2)


def test_an_image_of_half_the_size_has_the_same_lowest_frequencies(smooth):
    half = smooth.resize((48, 36), Image.Resampling.BOX)
    assert compute(half)[:8, :8] == pytest.approx(compute(smooth)[:8, :8], abs=1)


def test_a_mirrored_image_has_the_mirrored_spectrum(smooth):
    mirrored = spectrum.mirrored(spectrum.compute(np.asarray(smooth)[None]))[0]
    assert compute(ImageOps.mirror(smooth)) == pytest.approx(mirrored.astype(np.float64), abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (5, 3)])
def test_an_axis_of_few_pixels_has_no_more_frequencies(size):
    result = compute(Image.fromarray(np.random.default_rng(1).integers(0, 256, size, np.uint8)))
    assert np.isfinite(result).all() and not result[size[0] :].any() and not result[:, size[1] :].any()


def test_vectors_forget_brightness_and_contrast_and_are_zero_where_there_is_none(smooth):
    images = [smooth, smooth.point(lambda level: 0.5 * level + 60), Image.new("L", (30, 30), 9)]
    one, other, blank = spectrum.unit_vectors(
        np.concatenate([spectrum.compute(np.asarray(image)[None]) for image in images]), 8
    )
    assert one @ other == pytest.approx(1, abs=1e-3) and not blank.any()
