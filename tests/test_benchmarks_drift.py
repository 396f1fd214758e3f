"""The benchmark of drift changes images, draws of them, and counts alarms."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from benchmarks import drift
from PIL import Image


def jpeg(seed: int, shade: int) -> bytes:
    buffer = BytesIO()
    pixels = np.random.default_rng(seed).normal(shade, 30, (40, 40, 3)).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def archive(path: Path, shades: tuple[int, int], n: int) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for number in range(n):
            file.writestr(f"set/{'ab'[number % 2]}/{number}.jpg", jpeg(number, shades[number % 2]))
        file.writestr("set/single/1.jpg", jpeg(n, 100))
    return path


@pytest.fixture
def small(monkeypatch):
    for name, value in {
        "TRAIN": 60,
        "VAL": 40,
        "POOL": 50,
        "DRAWN": 30,
        "LEAST": 9,
        "SIZE": 24,
        "REFERENCES": 2,
    }.items():
        monkeypatch.setattr(drift, name, value)


def test_images_of_classes_alone_are_taken_in_an_order_that_stays_the_same(tmp_path, small):
    path = archive(tmp_path / "a.zip", (100, 150), 40)
    taken = drift.shuffled(path, 100)
    assert taken == drift.shuffled(path, 100) and len(taken) == 40
    assert {picture.label for picture in taken} == {"a", "b"}
    assert len({picture.label for picture in taken[:10]}) == 2


@pytest.mark.parametrize("change", drift.CHANGES.values())
def test_a_changed_image_is_another_jpeg_of_the_same_size(change):
    data = jpeg(1, 120)
    with Image.open(BytesIO(drift.changed(data, change))) as image:
        assert (image.format, image.size) == ("JPEG", (40, 40))
        assert np.abs(np.asarray(image, float) - np.asarray(Image.open(BytesIO(data)), float)).mean() > 3


def test_each_condition_is_counted_and_darker_images_alarm(tmp_path, small):
    data, other = archive(tmp_path / "a.zip", (90, 160), 150), archive(tmp_path / "b.zip", (20, 240), 60)
    result = drift.run(data, other, 2, 1)
    assert list(result["conditions"]) == ["same", *drift.CHANGES, "another_set"]
    assert (
        result["conditions"]["same"]["draws"] == 4
        and len(result["conditions"]["same"]["alarms_by_held_out_images"]) == 2
    )
    darker = result["conditions"]["darkened"]
    assert darker["alarms"] == 2 and darker["moved"]["brightness"] == 2
    assert (result["training"], result["validation"], result["pool"]) == (60, 40, 50)
