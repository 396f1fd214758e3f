"""Chunks: every image once an epoch, in arrays of one shape."""

import numpy as np
import pytest

from darkroom.training.chunks import Chunks, Window

pytestmark = pytest.mark.slow  # it imports Keras


@pytest.fixture
def epoch():
    """A function that makes the chunks of windows of these lengths, whose images are their numbers from `start`."""

    def make(lengths, size, steps):
        def window(i):
            numbers = np.arange(lengths[i]) + sum(lengths[:i])
            return Window(numbers, numbers % 3, np.ones(lengths[i]), np.random.default_rng(i).permutation(lengths[i]))

        data = Chunks(window, lengths, size, steps)
        return [chunk for i in range(len(data)) for chunk in data[i]]

    return make


SHAPES = [([50], 8, 3), ([50], 8, 100), ([48], 8, 2), ([5], 8, 4), ([24, 24, 2], 8, 2), ([24, 24, 2], 8, 1)]


@pytest.mark.parametrize(("lengths", "size", "steps"), SHAPES)
def test_every_image_counts_once_and_all_chunks_have_one_shape(epoch, lengths, size, steps):
    chunks = epoch(lengths, size, steps)
    batches = [(chunk["images"][row], chunk["counts"][i]) for chunk in chunks for i, row in enumerate(chunk["rows"])]
    counted = [batch[:count] for batch, count in batches]
    assert sorted(np.concatenate(counted)) == list(range(sum(lengths)))
    assert len({(c["rows"].shape, c["counts"].shape, c["rows"].dtype) for c in chunks}) == 1


@pytest.mark.parametrize(("lengths", "size", "steps"), SHAPES)
def test_a_chunk_says_how_many_of_its_batches_have_an_image_and_they_come_first(epoch, lengths, size, steps):
    chunks = epoch(lengths, size, steps)
    for chunk in chunks:
        assert (chunk["counts"] > 0).tolist() == [i < chunk["steps"] for i in range(len(chunk["counts"]))]
    assert sum(int(chunk["steps"]) for chunk in chunks) == sum(-(-length // size) for length in lengths)


def test_a_short_batch_is_filled_with_images_of_the_same_epoch(epoch):
    (chunk,) = epoch([50], 8, 7)
    last, first = chunk["rows"][6], chunk["rows"][0]
    assert chunk["counts"].tolist() == [8] * 6 + [2]
    assert last[2:].tolist() == first[:6].tolist()
