"""Identify a file format by its first bytes, so that an error can say more than "not an image"."""

import re

DECODED = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP"}  # and WEBP
CONVERTIBLE = {  # other image formats; `decoding` reads TIFF, and other programs can convert all of them
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"IIRO": "ORF",
    b"IIRS": "ORF",
    b"MMOR": "ORF",
    b"IIU\0": "RW2",
    b"FUJIFILMCCD-RAW": "RAF",
    b"II\xbc": "JPEG XR",
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL": "JPEG XL",
    b"8BPS": "PSD",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"\0\0\1\0": "ICO",
    b"\0\0\2\0": "CUR",
    b"icns": "ICNS",
    b"DDS ": "DDS",
    b"v/1\1": "EXR",
    b"#?RADIANCE": "HDR",
    b"#?RGBE": "HDR",
    b"\n\0\1": "PCX",
    b"\n\2\1": "PCX",
    b"\n\3\1": "PCX",
    b"\n\5\1": "PCX",
    b"<svg": "SVG",
    b"SIMPLE  =": "FITS",
    b"gimp xcf": "XCF",
    b"\xd7\xcd\xc6\x9a": "WMF",
    b"qoif": "QOI",
    b"FLIF": "FLIF",
    b"BPG\xfb": "BPG",
    b"\x8aMNG": "MNG",
    b"\x8bJNG": "JNG",
    b"\x01\xda\0": "SGI",
    b"\x01\xda\1": "SGI",
    b"\x59\xa6\x6a\x95": "Sun raster",
    b"/* XPM */": "XPM",
    b"AT&TFORM": "DjVu",
}
OTHER = {
    b"version https://git-lfs": "a Git LFS pointer",
    b"outs:\n- md5": "a DVC file",
    b"\0\5\x16\7": "AppleDouble",
    b"PK\3\4": "zip",
    b"PK\5\6": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"%PDF": "PDF",
    b"{\\rtf": "RTF",
    b"\xd0\xcf\x11\xe0": "an Office document or Thumbs.db",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\x1a\x45\xdf\xa3": "video",
    b"FLV\1": "video",
    b"\0\0\1\xba": "video",
    b"\0\0\1\xb3": "video",
    b"\x30\x26\xb2\x75": "video",
    b"OggS": "video",
    b"<!doctype html": "HTML",
    b"<html": "HTML",
    b"<head": "HTML",
    b"<?xml": "XML",
    b"{": "JSON",
    b"[": "JSON",
}
SIGNATURES = DECODED | CONVERTIBLE | OTHER
PORTABLE = {b"1": "PBM", b"2": "PGM", b"3": "PPM", b"4": "PBM", b"5": "PGM", b"6": "PPM", b"7": "PAM"}
FLOATING = {b"f": "PFM", b"F": "PFM"}
BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip")  # first box of a QuickTime video without `ftyp`
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1")
BRANDS = dict.fromkeys(HEIC_BRANDS, "HEIC") | dict.fromkeys((b"avif", b"avis"), "AVIF") | {b"crx ": "CR3"}
AT_OFFSET = {  # signatures that are not at the start: offset, bytes
    "WEBP": (8, b"WEBP"),
    "EMF": (40, b" EMF"),
    "DICOM": (128, b"DICM"),
    "tar": (257, b"ustar"),
    "NIfTI": (344, b"n+1\0"),
}
RAW = {"CR2": rb".{8}CR\x02", "NEF": rb".*NIKON", "DNG": rb".*(?:\x12\xc6\x01\0|\xc6\x12\0\x01)"}  # TIFF outside
CAMERAS = {name: re.compile(pattern, re.DOTALL) for name, pattern in RAW.items()}
# TGA has no signature; its header says whether it has a colour map, the image type, that map, and the pixel depth
TRUE_COLOR, TABLE = rb"\0[\x02\x03\x0a\x0b]\0{5}", rb"\x01[\x01\x09].{4}[\x0f\x10\x18\x20]"
TGA = re.compile(rb".(?:%b|%b).{8}[\x08\x0f\x10\x18\x20]" % (TRUE_COLOR, TABLE), re.DOTALL)
IMAGES = frozenset({
    *CONVERTIBLE.values(), *PORTABLE.values(), *FLOATING.values(), *BRANDS.values(), *CAMERAS,
    "EMF", "DICOM", "NIfTI", "TGA", "JPEG-LS",
})  # fmt: skip
LENGTH = 512  # bytes that `kind` needs, except for the footer of a TGA


def kind(data: bytes) -> str:
    """Return a short name of the format that `data` looks like, "" when it is unknown."""
    head = data[:LENGTH]
    if head and not head.strip(b"\0"):
        return "zero bytes"  # what a failed disk or download leaves of a file
    return _at_offset(head) or _boxed(head) or _portable(head) or _tga(data) or _at_start(head)


def _at_offset(head: bytes) -> str:
    return next((name for name, (at, signature) in AT_OFFSET.items() if head.startswith(signature, at)), "")


def _boxed(head: bytes) -> str:
    """Identify containers (RIFF, ISO base media) by their second four bytes."""
    if head[:4] == b"RIFF":
        return "video" if head[8:12] == b"AVI " else ""
    if head[4:8] in BOXES:
        return "video"
    if head[4:8] != b"ftyp":
        return ""
    size = int.from_bytes(head[:4], "big")
    brands = [head[at : at + 4] for at in (8, *range(16, min(size, LENGTH), 4))]
    formats = [BRANDS[brand] for brand in brands if brand in BRANDS]
    return "AVIF" if "AVIF" in formats else formats[0] if formats else "video"


def _portable(head: bytes) -> str:
    """Identify the Portable Anymap family: a P, a character, and white space or a comment."""
    match = re.match(rb"P([1-7fF])[\s#]", head)
    return (PORTABLE | FLOATING)[match[1]] if match else ""


def _at_start(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    name = next((name for start, name in SIGNATURES.items() if head.startswith(start) or text.startswith(start)), "")
    if name == "XML" and b"<svg" in text:
        return "SVG"
    if name == "JPEG" and b"\xff\xf7\0" in head:
        return "JPEG-LS"
    if name == "TIFF":
        return next((camera for camera, pattern in CAMERAS.items() if pattern.match(head)), name)
    return name


def _tga(data: bytes) -> str:
    return "TGA" if data[-18:].startswith(b"TRUEVISION-XFILE") or TGA.match(data[:18]) else ""
