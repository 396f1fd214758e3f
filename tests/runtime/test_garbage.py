"""garbage: large imports are not searched for it, neither as they happen nor afterwards."""

import gc

import pytest

from darkroom.runtime import garbage


def test_what_a_block_makes_is_searched_neither_in_it_nor_ever_after():
    with garbage.uncollected():
        assert not gc.isenabled()
        made = [[] for _ in range(100)]
    assert gc.isenabled()
    assert not {id(part) for part in made} & {id(part) for part in gc.get_objects()}


def test_after_an_import_that_fails_the_search_goes_on():
    with pytest.raises(ImportError), garbage.uncollected():
        raise ImportError
    assert gc.isenabled()


def test_blocks_may_lie_within_each_other():
    with garbage.uncollected():
        with garbage.uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
