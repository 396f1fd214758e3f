"""File formats are recognised by their first bytes."""

import numpy as np
import pytest

from darkroom import sniff


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"])
def test_images_are_recognised_by_their_first_bytes(painted, encoded, kind):
    assert sniff.kind(encoded(painted(), kind)) == kind


CONVERTIBLE = [
    (b"P1\n2 2\n", "PBM"),
    (b"P2\n2 2\n255\n", "PGM"),
    (b"P3\n2 2\n255\n", "PPM"),
    (b"P4\n2 2\n", "PBM"),
    (b"P5\n2 2\n255\n", "PGM"),
    (b"P6\n2 2\n255\n", "PPM"),
    (b"P6 # made by xv\n2 2 255 ", "PPM"),
    (b"P7\nWIDTH 2\n", "PAM"),
    (b"Pf\n2 2\n-1.0\n", "PFM"),
    (bytes([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 24, 32]) + bytes(243), "TGA"),
    (bytes([4, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 32, 8]) + b"name", "TGA"),
    (bytes([0, 1, 1, 0, 0, 0, 1, 24, 0, 0, 0, 0, 9, 0, 9, 0, 8, 0]) + bytes(99), "TGA"),
    (b"\x77" * 99 + b"TRUEVISION-XFILE.\0", "TGA"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51\0\x29", "JPEG 2000"),
    (b"\xff\x0a\xfa\x1f", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\xd8\xff\xf7\0\x0b\x08\0\x09\0\x09\1", "JPEG-LS"),
    (b"II\xbc\1", "JPEG XR"),
    (b"II*\0\x08\0\0\0", "TIFF"),
    (b"MM\0*\0\0\0\x08", "TIFF"),
    (b"II+\0\x08\0\0\0", "BigTIFF"),
    (b"II*\0\x10\0\0\0CR\2\0", "CR2"),
    (b"MM\0*\0\0\0\x08" + bytes(99) + b"NIKON CORPORATION\0", "NEF"),
    (b"II*\0\x08\0\0\0\x01\0\x12\xc6\1\0\4\0\0\0\1\4\0\0", "DNG"),
    (b"FUJIFILMCCD-RAW 0201", "RAF"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1", "CR3"),
    (b"\0\0\0\x18ftypheic", "HEIC"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIC"),
    (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
    (b"8BPS\0\1", "PSD"),
    (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"),
    (b"\xc5\xd0\xd3\xc6 ", "EPS"),
    (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0", "ICO"),
    (b"\0\0\2\0\1\0\x10\x10\0\0\1\0\x20\0\0\0\0\0", "CUR"),
    (b"icns\0\0\1\0", "ICNS"),
    (b"DDS \x7c\0\0\0", "DDS"),
    (b"v/1\1\2\0\0\0", "EXR"),
    (b"#?RADIANCE\n", "HDR"),
    (b"\n\5\1\x08", "PCX"),
    (b"<svg xmlns=", "SVG"),
    (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg xmlns=", "SVG"),
    (bytes(128) + b"DICM\2\0", "DICOM"),
    (b"\x5c\1\0\0" + bytes(340) + b"n+1\0", "NIfTI"),
    (b"SIMPLE  =                    T", "FITS"),
    (b"gimp xcf v011\0", "XCF"),
    (b"\xd7\xcd\xc6\x9a\0\0", "WMF"),
    (b"\1\0\0\0\x6c\0\0\0" + bytes(32) + b" EMF", "EMF"),
    (b"qoif\0\0\0\2", "QOI"),
    (b"FLIF31", "FLIF"),
]


@pytest.mark.parametrize(("data", "kind"), CONVERTIBLE)
def test_an_image_that_is_not_decoded_is_named_and_can_be_converted(data, kind):
    assert sniff.kind(data) == kind and kind in sniff.IMAGES


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\n <!DOCTYPE HTML><html>", "HTML"),
        (b"\xef\xbb\xbf<html>", "HTML"),
        (b'{"error": 1}', "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"<?xml version='1.0'?><note>", "XML"),
        (b"PK\3\4\x14", "zip"),
        (b"PK\5\6", "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\7", "RAR"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (bytes([1]) + bytes(256) + b"ustar\0", "tar"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\x1a\x45\xdf\xa3\x01", "video"),
        (b"\0\5\x16\7\0\2\0\0", "AppleDouble"),
        (bytes(5000), "zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
        (b"", ""),
        (b"hello", ""),
        (b"P6", ""),
        (b"Paris is a city", ""),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
    ],
)
def test_other_files_are_named(data, kind):
    assert sniff.kind(data) == kind and kind not in sniff.IMAGES


def test_noise_is_hardly_ever_taken_for_an_image():
    """TGA is guessed from a few bytes, as it has no signature."""
    noise = np.random.default_rng(1).bytes(1 << 18)
    kinds = [sniff.kind(noise[start : start + 64]) for start in range(0, len(noise), 64)]
    assert sum(kind in sniff.IMAGES for kind in kinds) < len(kinds) / 1000
