"""Directories of tags, in TIFF files and EXIF blocks: a damaged tag costs itself and no other."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator

from PIL import ExifTags, Image, ImageFile

# Bytes of a value of each type.
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_INTEGERS = {3: "H", 4: "I", 13: "I", 16: "Q"}
_DIRECTORIES = {int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)}  # tags whose value is the place of a directory
_MAX_TAGS = 65_535
_MAX_SPARE_BYTES = 1_000_000
_EXIF_MARK = b"Exif\0\0"


def exif_of(picture: ImageFile.ImageFile) -> Image.Exif:
    """Return the EXIF block of a picture, empty if it cannot be read."""
    exif = Image.Exif()
    # Damage may raise anything, and is no reason to refuse the picture.
    with contextlib.suppress(Exception):
        exif = picture.getexif()
        block = picture.info.get("exif")
        if isinstance(block, bytes) and (mended := mended_tags(block, is_exif=True)) is not block:
            turned = orientation(exif)  # Pillow takes it from XMP too
            exif = Image.Exif()
            exif.load(mended)
            exif.setdefault(ExifTags.Base.Orientation, turned)
    return exif


def orientation(exif: Image.Exif) -> int:
    """Return how a picture is to be turned, from 1 (not at all) to 8."""
    try:
        return int(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - damage may raise anything
        return 1


def mended_tags(data: bytes, *, is_exif: bool = False) -> bytes:
    """Return a TIFF file or an EXIF block in which tags whose values lie outside of it are of no type.

    Pillow (13.0) stops reading at such a tag, or passes over all large values after it; it ignores tags of no type.

    Args:
        data: The file or the block.
        is_exif: Whether it is a block, which may be made longer; b"" is returned if it is none at all.

    Returns:
        The same object if nothing is to be mended.
    """
    block = data[len(_EXIF_MARK) :] if data.startswith(_EXIF_MARK) else data
    bad: list[int] = []
    value_bytes = 0
    try:
        for place, size, is_inside in _values(block):
            if is_inside:
                value_bytes += size
            else:
                bad.append(place)
    except (struct.error, KeyError):
        return b"" if is_exif else data
    # Pillow reads no more bytes of values than there are in all, though values may overlap.
    spare = value_bytes - len(block) if is_exif and len(block) < value_bytes <= _MAX_SPARE_BYTES else 0
    if not bad and not spare:
        return data
    mended = bytearray(block)
    for place in bad:
        mended[place : place + 2] = b"\0\0"
    return data[: len(data) - len(block)] + bytes(mended) + bytes(spare)


def _values(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield, for each value that lies outside of its tag: the place of the tag's type, its size, whether it is there.

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
                yield place + 2, size, offset + size <= len(data)
            elif name in _DIRECTORIES and amount == 1 and kind in _INTEGERS:
                directories.append(struct.unpack_from(order + _INTEGERS[kind], value)[0])
