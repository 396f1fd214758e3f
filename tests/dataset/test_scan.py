"""scan.scanner: facts, spectrum and packed row from one reading of a file."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from darkroom.dataset import image_stats, scan, small_copies, spectrum
from darkroom.dataset.file_cache import FileCache
from darkroom.dataset.packed_rows import open_rows
from darkroom.decoding import bounds, decode

LIMIT = 10**6


def scanned(path, store, **config):
    return scan.scanner(store.shards, LIMIT, **config)(store.file(path))


def facts(path, store, min_size=8, **config):
    return scan.facts(scanned(path, store, **config), min_size)


def test_a_good_image_has_all_facts_and_a_spectrum(stored, png):
    images = stored({"cats/1.jpg": png(1)})
    seen, small = decode.inspect(png(1), max_pixels=LIMIT)
    digest = hashlib.sha256(png(1)).hexdigest()
    record = scanned("cats/1.jpg", images)
    result = scan.facts(record, 8)
    copies = small_copies.stack([small])
    assert result == {**image_stats.compute(copies)[0], **seen, "bytes": len(png(1)), "sha256": digest, "bad": ""}
    assert (result["width"], result["height"], result["mode"], result["format"]) == (12, 10, "RGB", "PNG")
    assert np.array_equal(scan.frequencies(record), spectrum.compute(copies.grey)[0])


@pytest.mark.parametrize(
    ("loss", "bad"),
    [
        ("crashed", "the decoder crashed"),
        ("slow", "takes longer than 2.5 s to decode"),
        ("large", "needs more memory than 0.75 GiB to decode"),
    ],
)
def test_a_file_that_cannot_be_decoded_within_the_limits_has_the_reason_and_the_same_keys(stored, png, loss, bad):
    images = stored({"a.png": png(1)})
    lost = scan.lost_image(images.file("a.png"), loss, limits=bounds.worker_limits(16 << 20, 2.5))
    result = scan.facts(lost, 8)
    assert result["bad"] == bad and set(result) == set(facts("a.png", images))


def test_a_bad_image_has_the_reason_and_the_same_keys(stored, png):
    images = stored({"good.png": png(), "bad.png": b"<html>"})
    good, bad = (facts(name, images) for name in ("good.png", "bad.png"))
    assert bad["bad"] == "not an image (looks like HTML)" and bad["bytes"] == 6
    assert set(good) == set(bad)


def test_the_smaller_of_width_and_height_decides(stored, png):
    images = stored({"wide.png": png(width=40, height=7), "least.png": png(width=8, height=8)})
    assert "below 8 pixels" in facts("wide.png", images)["bad"]
    assert facts("least.png", images)["bad"] == ""


@pytest.mark.parametrize("original", [100, 300, 1100])
@pytest.mark.parametrize("size", [16, 96, 200])
def test_the_row_is_cached_as_packing_would_make_it_and_facts_do_not_depend_on_it(
    stored, encoded, cache, small, size, original
):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8)).resize((original, original))
    images = stored({"a.jpg": encoded(image, "JPEG"), "b.png": encoded(image), "bad.jpg": b"<html>"})
    config = small.model_copy(update={"image_size": size})
    for name in ("a.jpg", "b.png", "bad.jpg"):
        with open_rows(cache, config, LIMIT) as (_, log):
            result = facts(name, images, rows=log)
        with open_rows(cache, config, LIMIT) as (cached, log):
            row = cached.get(result["sha256"])
        assert result == facts(name, images)
        data = images.read(name)
        assert row == (None if result["bad"] else decode.to_array(data, log.settings).tobytes())


def test_the_record_is_cached_under_the_digest(stored, png, cache):
    images = stored({"a.png": png(1)})
    with FileCache(cache / "x.log") as records:
        record = scanned("a.png", images, log=records.log)
    with FileCache(cache / "x.log") as records:
        assert records.get(hashlib.sha256(png(1)).hexdigest()) == record


def test_a_file_has_the_same_record_whatever_batch_it_is_in(stored, painted, encoded, cache, small):
    sizes = [(12, 10), (10, 12), (12, 10), (300, 200), (1, 1), (2, 40), (12, 10)]
    files = {f"{n}.png": encoded(painted(n, width=w, height=h)) for n, (w, h) in enumerate(sizes)}
    images = stored({**files, "bad.png": b"<html>", "twin.png": files["0.png"]})
    names = [*files, "bad.png", "twin.png"]
    with open_rows(cache, small, LIMIT) as (_, log):
        scanner = scan.scanner(images.shards, LIMIT, rows=log)
        alone = [scanner(images.file(name)) for name in names]
        for order in (names, names[::-1], names[3:] + names[:3]):
            together = scanner.together([scanner.each(images.file(name)) for name in order])
            assert dict(zip(order, together, strict=True)) == dict(zip(names, alone, strict=True))
