"""scan.facts: what is known of one file."""

import hashlib

from darkroom.data import decode, measures, scan


def test_a_good_picture_has_all_facts(folder, png, how):
    images = folder({"cats/1.jpg": png(1)})
    seen, small = decode.look(png(1), max_pixels=how.max_pixels)
    digest = hashlib.sha256(png(1)).hexdigest()
    found = scan.facts("cats/1.jpg", images=images, how=how)
    assert found == {**measures.of(small), **seen, "bytes": len(png(1)), "sha256": digest, "bad": ""}
    assert (found["width"], found["height"], found["mode"], found["format"]) == (12, 10, "RGB", "PNG")
    assert scan.digest("cats/1.jpg", images=images) == digest


def test_a_file_that_kills_its_decoder_has_the_same_keys(folder, png, how):
    images = folder({"a.png": png(1)})
    found = scan.crashed("a.png", images=images)
    assert found["bad"] == "the decoder crashed" and set(found) == set(scan.facts("a.png", images=images, how=how))


def test_a_bad_picture_has_the_reason_and_the_same_keys(folder, png, how):
    images = folder({"good.png": png(), "bad.png": b"<html>"})
    good, bad = (scan.facts(name, images=images, how=how) for name in ("good.png", "bad.png"))
    assert bad["bad"] == "not an image (looks like HTML)" and bad["bytes"] == 6
    assert set(good) == set(bad)


def test_the_smallest_side_decides(folder, png, how):
    images = folder({"wide.png": png(width=40, height=how.min_side - 1), "least.png": png(width=8, height=8)})
    assert "below 8 pixels" in scan.facts("wide.png", images=images, how=how)["bad"]
    assert scan.facts("least.png", images=images, how=how)["bad"] == ""
