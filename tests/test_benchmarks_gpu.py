"""benchmarks.gpu: its file of images, and the row of a table."""

import numpy as np
from benchmarks import gpu


def test_a_mosaic_holds_every_image_in_order():
    """Of one colour each, which a JPEG of 8 x 8 blocks keeps but for rounding, and for the edges: colours have half the
    resolution, so decoders blend those of two neighbours there.
    """
    colours = np.random.default_rng(1).integers(0, 256, (11, 1, 1, 3))
    images = np.broadcast_to(colours, (11, gpu.SIZE, gpu.SIZE, 3)).astype("uint8")
    again = gpu.tiles(gpu.mosaic(images), 11)
    inside = slice(2, -2)
    error = np.abs(again.astype(int) - images)[:, inside, inside]
    assert again.shape == images.shape and error.max() <= 8


def test_the_first_process_of_a_case_is_cold_and_the_last_is_warm():
    results = [
        {
            "precision": "float32", "first_epoch": first, "epoch": {"median": 0.5}, "images_per_second": 1000,
            "seconds_after_first_epoch": 2.0, "test_accuracy": accuracy, "utilisation": None,
        }
        for first, accuracy in ((30.0, 0.8), (5.0, 0.9))
    ]  # fmt: skip
    row = gpu.summary(results)
    assert row["first_epoch"] == {"cold": 30.0, "warm": 5.0} and row["test_accuracy"]["n"] == 2
    assert gpu.line("a", row) == "| a | float32 | 1,000 | 0.500 | 30.0 | 5.0 | 2.0 | 0.8500 (n = 2) | - |"
