"""Batches have every image once per epoch, in an order that follows from (seed, epoch)."""

from types import SimpleNamespace

import numpy as np
import pytest

from darkroom.training import batching, device, tf_batches

pytestmark = pytest.mark.slow


def loading(seed=1, size=8):
    return batching.Loading(size, "auto", seed)


@pytest.fixture
def split():
    """50 images of one pixel whose brightness is their number."""
    return SimpleNamespace(images=np.arange(50, dtype="uint8").reshape(50, 1, 1, 1), labels=np.arange(50) % 3)


@pytest.fixture(params=["in memory", "streamed"])
def read(request, split, monkeypatch):
    """A function that reads an epoch in batches of 8, as a list of arrays of image numbers."""
    if request.param == "streamed":
        monkeypatch.setattr(device, "IN_MEMORY", 0)
        monkeypatch.setattr(batching, "WINDOW", 3)

    def epoch(number, seed=1):
        data, set_epoch = batching.batches(split, loading(seed))
        set_epoch(number)
        batches = []
        for (images, labels), again in (data[i] for i in range(len(data))) if hasattr(data, "split") else data:
            numbers = np.asarray(images).ravel()
            np.testing.assert_array_equal(np.asarray(labels), numbers % 3)
            np.testing.assert_array_equal(np.asarray(again), numbers % 3)
            batches.append(numbers)
        return batches

    return epoch


def test_an_epoch_has_every_image_once_in_full_batches(read):
    batches = read(0)
    assert sorted(np.concatenate(batches).tolist()) == list(range(50))
    assert [len(batch) for batch in batches] == [8] * 6 + [2]


def test_the_order_follows_from_seed_and_epoch(read):
    def flat(*which):
        return np.concatenate(read(*which)).tolist()

    assert flat(3) == flat(3)
    assert flat(3) != flat(4) and flat(3) != flat(3, 2)


def test_a_stream_mixes_images_of_several_chunks(split, monkeypatch):
    monkeypatch.setattr(device, "IN_MEMORY", 0)
    monkeypatch.setattr(batching, "WINDOW", 3)
    stream, set_epoch = batching.batches(split, loading())
    set_epoch(0)
    (images, _), _ = next(iter(stream))
    assert len({int(number) // 8 for number in np.asarray(images).ravel()}) > 1


def test_a_stream_that_the_backend_cuts_has_the_batches_of_one_that_python_cuts(split, monkeypatch):
    """So resuming and the order do not depend on who reads ahead."""
    monkeypatch.setattr(device, "IN_MEMORY", 0)
    monkeypatch.setattr(batching, "WINDOW", 3)
    streamed, set_epoch = batching.batches(split, loading())
    monkeypatch.setattr(tf_batches, "streamed_batches", lambda *_: None)
    plain, set_plain_epoch = batching.batches(split, loading())
    for epoch in (0, 1, 0):
        set_epoch(epoch)
        set_plain_epoch(epoch)
        cut = [np.asarray(images).ravel().tolist() for (images, _), _ in streamed]
        assert cut == [plain[i][0][0].ravel().tolist() for i in range(len(plain))]


def test_a_batch_beyond_the_images_is_all_of_them_and_an_epoch_is_one_step(split):
    data, set_epoch = batching.batches(split, loading(size=64))
    set_epoch(0)
    (batch,) = [data[i] for i in range(len(data))] if hasattr(data, "split") else list(data)
    assert sorted(np.asarray(batch[0][0]).ravel()) == list(range(50))


@pytest.mark.skipif(device.loops(), reason="this backend validates on chunks, see test_chunks")
def test_validation_images_that_memory_does_not_hold_come_in_batches_in_their_order(split, monkeypatch):
    monkeypatch.setattr(device, "IN_MEMORY", 0)
    monkeypatch.setattr(batching, "WINDOW", 3)
    monkeypatch.setattr(batching, "VALIDATION_BATCH", 8)
    batches = [
        (np.asarray(images).ravel(), np.asarray(labels), np.asarray(again))
        for (images, labels), again in batching._in_order(split, loading())
    ]
    assert [len(images) for images, _, _ in batches] == [8] * 6 + [2]
    np.testing.assert_array_equal(np.concatenate([images for images, _, _ in batches]), np.arange(50))
    for images, labels, again in batches:
        np.testing.assert_array_equal(labels, images % 3)
        np.testing.assert_array_equal(again, images % 3)
