"""Directories of tags in TIFF files: a damaged tag costs itself and no other."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import ExifTags

# Bytes of a value of each type.
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_INTEGERS = {3: "H", 4: "I", 13: "I", 16: "Q"}
_DIRECTORIES = {int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)}  # tags whose value is the place of a directory
_MAX_TAGS = 65_535


def mended_tags(data: bytes) -> bytes:
    """Return a TIFF file in which tags whose values lie outside of it are of no type.

    Pillow (13.0) stops reading at such a tag, or passes over all large values after it; it ignores tags of no type.

    Returns:
        The same object if nothing is to be mended.
    """
    try:
        bad = [place for place, is_inside in _values(data) if not is_inside]
    except (struct.error, KeyError):
        return data
    if not bad:
        return data
    mended = bytearray(data)
    for place in bad:
        mended[place : place + 2] = b"\0\0"
    return bytes(mended)


def _values(data: bytes) -> Iterator[tuple[int, bool]]:
    """Yield, for each value that lies outside of its tag: the place of the tag's type, and whether it is there.

    Raises:
        KeyError, struct.error: The data has no directory.
    """
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    is_big = struct.unpack_from(f"{order}H", data, 2) == (43,)
    number, head, tag = ("Q", "Q", "HHQ8s") if is_big else ("I", "H", "HHI4s")
    directories = [struct.unpack_from(order + number, data, 8 if is_big else 4)[0]]
    seen = {0}
    while directories:
        start = directories.pop()
        if start in seen or start + struct.calcsize(order + head) > len(data):
            continue
        seen.add(start)
        count = min(struct.unpack_from(order + head, data, start)[0], _MAX_TAGS)
        step, first = struct.calcsize(order + tag), start + struct.calcsize(order + head)
        for place in range(first, min(first + count * step, len(data) - step + 1), step):
            name, kind, amount, value = struct.unpack_from(order + tag, data, place)
            size = amount * _BYTES.get(kind, 0)
            if size > len(value):
                offset = struct.unpack(order + number, value)[0]
                yield place + 2, offset + size <= len(data)
            elif name in _DIRECTORIES and amount == 1 and kind in _INTEGERS:
                directories.append(struct.unpack_from(order + _INTEGERS[kind], value)[0])
