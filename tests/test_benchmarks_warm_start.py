"""The benchmark of warm starts trains three models on the images that it says."""

import io
import zipfile

import pytest
from benchmarks import warm_start
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Bright cats and dark dogs; the benchmark is told that there are few of them."""
    for name, value in {"BEFORE": 24, "ADDED": 8, "VAL": 8, "TEST": 16, "FILTERS": 4, "BLOCKS": 1}.items():
        monkeypatch.setattr(warm_start, name, value)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for folder, n in (("training_set", 40), ("test_set", 16)):
            for number in range(n):
                name = warm_start.CLASSES[number % 2]
                buffer = io.BytesIO()
                Image.new("RGB", (40, 30), (200 - 150 * (number % 2), number, 0)).save(buffer, "JPEG")
                archive.writestr(f"set/{folder}/{name}/{number}.jpg", buffer.getvalue())
    return tmp_path / "photos.zip"


def test_a_warm_start_is_compared_with_a_cold_one_in_twice_its_epochs(photos):
    measured = warm_start.run(photos, warm_start.settings(epochs=2), [1])
    (row,) = measured["trainings"]
    assert [row[name]["epochs"] for name in ("champion", "cold", "warm")] == [2, 2, 1]
    assert all(0 <= row[name]["interval"][0] <= row[name]["accuracy"] <= 1 for name in ("champion", "cold", "warm"))
    assert measured["within"] == (row["warm"]["accuracy"] >= row["cold"]["interval"][0])
    assert measured["photos"] == {"before": 24, "added": 8, "test": 16}
