"""Read the header of an image file of any format that is decoded."""

from darkroom import sniff
from darkroom.decoding import headers, isobmff_header, pnm_header, tiff_header
from darkroom.decoding.headers import Header

COMMON = (headers.JPEG, headers.PNG, b"GIF8", b"RIFF", b"BM")  # recognised without `sniff`, which is slower
READERS = {
    "TIFF": tiff_header.read,
    **dict.fromkeys(("PBM", "PGM", "PPM"), pnm_header.read),
    "AVIF": isobmff_header.read_avif,
    "HEIC": isobmff_header.read_heic,
}


def read(data: bytes) -> Header:
    """The header; that of any other file has the defaults."""
    reader = None if data.startswith(COMMON) else READERS.get(sniff.kind(data))
    return reader(data) if reader else headers.read(data)
