"""PNG files keep every pixel, and can make one value transparent."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from darkroom import png


def pixels(shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3), (5, 4, 4)])
def test_every_pixel_comes_back_and_equal_pixels_give_equal_bytes(shape):
    image = pixels(shape)
    data = png.encode(image)
    assert np.array_equal(np.asarray(Image.open(BytesIO(data))).reshape(shape), image)
    assert png.encode(image.copy()) == data


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("clear", [0, 200])
def test_only_pixels_whose_channels_all_equal_clear_are_transparent(channels, clear):
    image = pixels((6, 6, channels))
    image[2, 3] = clear
    image[4, 1] = [clear, 7, 7][:channels]
    decoded = np.asarray(Image.open(BytesIO(png.encode(image, clear))).convert("RGBA"))
    assert np.array_equal(decoded[..., 3] == 0, (image == clear).all(-1))
    assert np.array_equal(decoded[..., :channels], image)


def test_an_alpha_channel_and_a_clear_value_exclude_each_other():
    with pytest.raises(OSError, match="transparency"):
        png.encode(pixels((2, 2, 4)), clear=0)
