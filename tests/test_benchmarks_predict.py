"""The benchmark of predictions runs, and asks each variant about the same pictures."""

import pytest
from benchmarks import interleave, predict
from PIL import Image


def test_pictures_that_are_made_are_the_same_each_time(tmp_path):
    for name in "ab":
        predict.make_pictures(tmp_path / name, 3)
    one, same = (predict._pictures(tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in same] and len(one) == 3
    with Image.open(one[0]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (predict.WIDTH, predict.HEIGHT))


@pytest.mark.parametrize("variant", predict.VARIANTS)
def test_a_variant_gives_pictures_a_second(variant, tmp_path, model_folder):
    predict.make_pictures(tmp_path / "pictures", 5)
    model = model_folder("cnn", color="rgb", max_pixels=1_000_000)
    assert predict.VARIANTS[variant](model, predict._pictures(tmp_path / "pictures")) > 0


def test_a_ratio_above_one_means_that_ours_labels_more(tmp_path, monkeypatch):
    rates = {"darkroom": [60.0], "darkroom_command": [30.0], "keras_one_by_one": [6.0], "keras_batches": [60.0]}
    monkeypatch.setattr(interleave, "run_interleaved", lambda module, variants, rounds, *words: rates)
    result = predict.compare(tmp_path, tmp_path, 1)
    assert result["ratios"]["keras_one_by_one"] == {"median": 10.0, "min": 10.0, "max": 10.0, "n": 1}
    assert result["ratios_of_the_whole_command"]["keras_batches"]["median"] == 0.5
