"""order: texts are sorted as Python sorts them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom.table import order

TEXTS = st.lists(st.text(st.characters(exclude_characters="\0"), max_size=12) | st.sampled_from(["a", "ab", "a/b"]))


@pytest.mark.parametrize("chunk", [1, 3, order.CHUNK])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(texts=TEXTS)
def test_the_order_is_that_of_sorted(chunk, texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "CHUNK", chunk)
        found = order.sorted_order(iter(texts), len(texts))
    assert found.tolist() == sorted(range(len(texts)), key=texts.__getitem__) and found.dtype == np.uint32


def test_each_text_is_looked_at_once_for_every_four_bytes_of_its_own(monkeypatch):
    """One long name among a million short ones costs no more than itself."""
    looked_at, read = [], order._read_words

    def counted(data, ends, numbers, start, words):
        looked_at.extend(numbers.tolist())
        read(data, ends, numbers, start, words)

    monkeypatch.setattr(order, "_read_words", counted)
    texts = ["", "abcd", "abcde", "x" * 2_000, "a"]
    order.sorted_order(texts, len(texts))
    assert [looked_at.count(number) for number in range(len(texts))] == [-(-len(text) // 4) for text in texts]
