"""image_stats: numbers about an image that a person would agree with."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from darkroom.dataset import image_stats, small_copies


def compute(*images):
    return image_stats.compute(small_copies.stack([np.asarray(image) for image in images]))


def test_an_image_of_one_grey_has_a_brightness_and_nothing_else():
    (stats,) = compute(Image.new("RGB", (64, 64), (70, 70, 70)))
    border = {**dict.fromkeys(image_stats.BORDER, 70.0), "border_spread": 0.0}
    assert stats == {"brightness": 70.0, "contrast": 0.0, "colour": 0.0, "sharpness": 0.0, **border}


def test_half_black_half_white_has_the_largest_contrast():
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, 32:] = 255
    (stats,) = compute(Image.fromarray(half))
    assert (stats["brightness"], stats["contrast"]) == (127.5, 127.5)


def test_colour_is_the_distance_between_the_channels():
    assert compute(Image.new("RGB", (64, 64), (200, 150, 90)))[0]["colour"] == 110.0


def test_the_border_is_the_colour_of_a_frame():
    framed = Image.new("RGB", (64, 64), (10, 200, 30))
    framed.paste((0, 0, 0), (2, 2, 62, 62))
    assert [compute(framed)[0][name] for name in image_stats.BORDER] == [10.0, 200.0, 30.0, 0.0]


def test_the_border_of_many_colours_is_no_frame(painted):
    assert compute(painted(width=32, height=32))[0]["border_spread"] > 20


def test_blurring_lowers_the_sharpness(painted):
    image = painted(width=64, height=64)
    blurred = image.filter(ImageFilter.GaussianBlur(2))
    soft, sharp = compute(blurred, image)
    assert soft["sharpness"] < 0.05 * sharp["sharpness"]


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (127, 64)])
def test_any_size_has_all_statistics(painted, size):
    (stats,) = compute(painted(width=size[0], height=size[1]))
    assert all(np.isfinite(value) for value in stats.values())


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (31, 17), (127, 64)])
def test_the_statistics_are_those_of_the_definition_to_two_decimals(painted, size):
    for stats, image in zip(
        compute(*(images := [painted(n, width=size[0], height=size[1]) for n in range(5)])), images, strict=True
    ):
        pixels, grey = np.asarray(image, np.float64), np.asarray(image.convert("L"), np.float64)
        edge = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
        expected = [grey.mean(), grey.std(), *edge.mean(0), edge.mean(1).std()]
        names = ["brightness", "contrast", *image_stats.BORDER]
        assert [stats[name] for name in names] == pytest.approx(expected, abs=0.0051)
