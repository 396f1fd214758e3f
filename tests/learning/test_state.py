"""state: a training goes on from its own state and from no other."""

import pytest

from darkroom import files
from darkroom.learning import state


@pytest.fixture
def named(tmp_path, packed, brief):
    return lambda *parts, data=packed: state.folder(tmp_path, data, *(parts or (brief(), 1)))


def test_what_is_equal_goes_on_where_it_was(named):
    assert named() == named()


def test_another_value_seed_or_picture_starts_anew(named, brief, tmp_path):
    files.write_files(tmp_path / "packed", {"a": "another picture"})
    files.seal(tmp_path / "packed")
    others = [named(brief(epochs=5), 1), named(brief(), 2), named(data=tmp_path / "packed")]
    assert len({named(), *others}) == 4
