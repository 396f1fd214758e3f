"""The default data set is written with the same bytes every time."""

from tests.fixtures.images import contents

from darkroom.commands import digits
from darkroom.decoding import decode
from darkroom.ingest import sources


def test_the_archive_is_always_the_same_and_holds_ten_classes(tmp_path, limits):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    assert digits.write(first) == digits.write(second) == 1797
    assert first.read_bytes() == second.read_bytes()

    wide = limits.model_copy(update={"max_entries": 2000})
    assert sources.unpack(first, tmp_path / "out", wide).files == 1797
    images = contents(tmp_path / "out")
    assert sorted({path.split("/")[0] for path in images}) == [str(digit) for digit in range(10)]

    data = images["0/0000.png"]
    pixels = decode.to_array(data, decode.PackSettings(8, "grayscale", "stretch", 64))
    assert pixels[0, :4, 0].tolist() == [0, 0, 80, 207]  # 0, 0, 5 and 13 of 16, on a scale to 255
