"""gallery: a page that a person can decide by, whatever the names are."""

from darkroom.decoding.bounds import DecodeLimits
from darkroom.validate import gallery

LIMITS = DecodeLimits(500)


def test_each_pair_is_shown_with_both_images_and_why(stored, png, tmp_path):
    images = stored({"a/<script>.png": png(1), "b/1.png": png(2)})
    pair = {
        "first": "a/<script>.png",
        "second": "b/1.png",
        "difference": 0.15,
        "mirrored": True,
        "labels": 2,
        "splits": 2,
    }
    gallery.write(tmp_path / "page.html", [pair], images, LIMITS)
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 2 and "0.15<td>two classes, two splits, mirrored" in page
    assert "<script>" not in page and "a/&lt;script&gt;.png" in page and "http" not in page


def test_the_page_is_bounded_and_says_so(stored, png, tmp_path):
    pair = {"first": "a.png", "second": "a.png", "difference": 0.15, "mirrored": False, "labels": 1, "splits": 1}
    gallery.write(tmp_path / "page.html", [pair] * 500, stored({"a.png": png()}), LIMITS)
    page = (tmp_path / "page.html").read_text()
    assert page.count("<tr>") == gallery.SHOWN and "500 pairs, 100 shown" in page


def test_an_image_that_has_become_unusable_leaves_its_cell_empty(stored, png, tmp_path):
    pair = {"first": "a.png", "second": "b.png", "difference": 0.15, "mirrored": False, "labels": 1, "splits": 1}
    gallery.write(tmp_path / "page.html", [pair], stored({"a.png": b"<html>", "b.png": png()}), LIMITS)
    page = (tmp_path / "page.html").read_text()
    assert 'base64,">a.png' in page and 'base64,">b.png' not in page and "b.png" in page


def test_without_pairs_there_is_still_a_page(stored, tmp_path):
    gallery.write(tmp_path / "page.html", [], stored(["a.png"]), LIMITS)
    assert "0 pairs" in (tmp_path / "page.html").read_text()
