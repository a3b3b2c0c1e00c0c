"""TIFF files of 8 or 16 bits per channel, uncompressed, with everything that comes along."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np

from ppgan_lite.images import exif
from ppgan_lite.images.exif import Directories, Entry

_STRIP_OFFSETS = 273
_UNASSOCIATED_ALPHA = 2


def encode_tiff(
    pixels: np.ndarray,
    *,
    icc_profile: bytes | None = None,
    exif_block: bytes | None = None,
    xmp: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """Return the bytes of a TIFF file.

    Args:
        pixels: uint8 or uint16 (height, width) or (height, width, channels): gray, gray and alpha, RGB, RGB and alpha.
        icc_profile: The profile of the colors.
        exif_block: With or without the mark of JPEG.
        xmp: The XMP packet.
        dpi: Horizontal and vertical resolution.
    """
    kept = exif.parse(exif_block) if exif_block else None
    directories = kept or Directories("<")
    order = directories.order
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]

    def shorts(*values: int) -> Entry:
        return Entry(exif.SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))

    data = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(order)).data
    tags = {
        256: exif.long(order, width),
        257: exif.long(order, height),
        258: shorts(*[pixels.dtype.itemsize * 8] * channels),
        259: shorts(1),  # not compressed
        262: shorts(2 if channels >= 3 else 1),  # RGB, or black is zero
        _STRIP_OFFSETS: exif.long(order, 0),
        277: shorts(channels),
        278: exif.long(order, height),
        279: exif.long(order, data.nbytes),
        284: shorts(1),  # channels side by side
    }
    if channels in (2, 4):
        tags[338] = shorts(_UNASSOCIATED_ALPHA)
    if dpi:
        x, y = (Entry(exif.RATIONAL, 1, struct.pack(f"{order}2I", round(value * 1000), 1000)) for value in dpi)
        tags |= {282: x, 283: y, 296: shorts(2)}  # per inch
    if xmp:
        tags[700] = Entry(exif.BYTE, len(xmp), xmp)
    if icc_profile:
        tags[34675] = Entry(exif.UNDEFINED, len(icc_profile), icc_profile)
    of_photo = {tag: entry for tag, entry in directories.first.items() if tag not in (282, 283, 296)}
    whole = replace(directories, first={**of_photo, **tags})
    return b"".join([exif.serialized(whole, tail_tag=_STRIP_OFFSETS), data])
