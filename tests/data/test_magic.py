"""magic.kind: what bytes look like."""

import pytest

from darkroom.data import magic


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"])
def test_pictures_are_known_by_their_first_bytes(painted, encoded, kind):
    assert magic.kind(encoded(painted(), kind)) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\n <!DOCTYPE HTML><html>", "HTML"),
        (b"\xef\xbb\xbf<html>", "HTML"),
        (b'{"error": 1}', "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        (b"", ""),
        (b"hello", ""),
    ],
)
def test_what_is_no_picture_is_named(data, kind):
    assert magic.kind(data) == kind
