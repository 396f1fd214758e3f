"""benchmarks.gpu: its file of images, its limits of time, and the rows of its table."""

import json
import subprocess

import numpy as np
import pytest
from benchmarks import gpu, gpu_images


def test_a_mosaic_holds_every_image_in_order():
    """Of one colour each, which a JPEG of 8 x 8 blocks keeps but for rounding, and for the edges: colours have half the
    resolution, so decoders blend those of two neighbours there.
    """
    colours = np.random.default_rng(1).integers(0, 256, (11, 1, 1, 3))
    images = np.broadcast_to(colours, (11, gpu_images.SIZE, gpu_images.SIZE, 3)).astype("uint8")
    again = gpu_images.tiles(gpu_images.mosaic(images), 11)
    inside = slice(2, -2)
    error = np.abs(again.astype(int) - images)[:, inside, inside]
    assert again.shape == images.shape and error.max() <= 8


def result(first=30.0, accuracy=0.8):
    return {
        "precision": "float32", "first_epoch": first, "epoch": {"median": 0.5}, "images_per_second": 1000,
        "seconds_after_first_epoch": 2.0, "test_accuracy": accuracy, "utilisation": None,
    }  # fmt: skip


def test_the_first_process_of_a_row_is_cold_and_the_last_is_warm():
    row = gpu.summary([result(), result(5.0, 0.9)])
    assert row["first_epoch"] == {"cold": 30.0, "warm": 5.0} and row["test_accuracy"]["n"] == 2
    assert gpu.line("a", row) == "| a | float32 | 1,000 | 0.500 | 30.0 | 5.0 | 2.0 | 0.8500 (n = 2) | - |"
    assert gpu.line("a", gpu.summary([result()])).split(" | ")[5] == "-"


@pytest.mark.parametrize(("column", "minutes"), [("seconds", 8), ("quick_seconds", 3)])
def test_the_limits_of_all_rows_together_are_those_that_the_page_promises(column, minutes):
    assert sum(getattr(row, column) for row in gpu.ROWS.values()) <= minutes * 60


@pytest.fixture
def processes(monkeypatch):
    """A function that lets the processes of a row end so: with a result, after too long, or with an error."""

    def end_with(*outcomes):
        left = list(outcomes)

        def run(command, **how):
            outcome = left.pop(0)
            if outcome == "hangs":
                raise subprocess.TimeoutExpired(command, how["timeout"])
            failed = isinstance(outcome, str)
            output = "" if failed else "a line\n" + json.dumps(outcome)
            return subprocess.CompletedProcess(command, int(failed), output, f"Traceback\n{outcome}")

        monkeypatch.setattr(gpu.subprocess, "run", run)
        return gpu.line("a", gpu.summary(gpu.measured("x", "cifar10", 9, rehearsal=False)))

    return end_with


@pytest.mark.parametrize(
    ("outcomes", "shown"),
    [
        (["hangs"], "it takes more than 9 s"),
        ([result(), "hangs"], "float32"),
        (["ValueError: no"], "it failed: ValueError: no"),
        ([{"skipped": "torch is not installed"}], "torch is not installed"),
    ],
)
def test_a_row_that_cannot_be_measured_says_why_and_costs_no_other(processes, outcomes, shown):
    assert processes(*outcomes).startswith(f"| a | {shown} |")
