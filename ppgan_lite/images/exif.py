"""EXIF blocks, carried along value by value as bytes: what is not interpreted cannot be lost, whatever its type.

A block is a TIFF file without a picture: directories of tags, of which two stand for directories of their own.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from PIL import ImageFile

# In UserComment, after the eight bytes that name its encoding: where 0.1 and 0.2 kept the settings of a result.
OLD_SETTINGS_PREFIX = b"ASCII\0\0\0ppgan_lite "

MARK = b"Exif\0\0"  # before a block in a JPEG
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_IFD, _LONG8 = 13, 16

# Bytes of a value, by its type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_EXIF, _GPS, _INTEROP, _MAKER_NOTE, _USER_COMMENT = 0x8769, 0x8825, 0xA005, 0x927C, 0x9286
_POINTERS = (_EXIF, _GPS, _INTEROP, 330)  # tags whose values are the places of other directories
_ORIENTATION, _WIDTH, _HEIGHT = 274, 0xA002, 0xA003
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"II": "<", b"MM": ">"}
_ORIENTATION_IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_MAX_ENTRIES, _MAX_BYTES = 2000, 16_000_000

# Tags of the first directory that tell how a file stores its pixels, or where: layout, orientation, thumbnail, colors,
# other directories; and the packets of XMP, Photoshop and ICC, which have other places.
_OF_THE_FILE = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289),
    *(290, 291, 292, 293, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 338, 339),
    *(340, 341, 342, 343, 344, 345, 346, 347, 351, *range(512, 522), 529, 530, 531, 532, 700, 33723, 34377, 34675),
}
# In a TIFF, the others are mostly of programs and say nothing of the photograph: description, maker, model, software,
# date, artist, computer, rating, copyright, and Windows' own titles and keywords.
_OF_THE_PHOTOGRAPH = {270, 271, 272, 305, 306, 315, 316, 0x4746, 0x4749, 33432, *range(0x9C9B, 0x9CA0)}


class Entry(NamedTuple):
    """A tag's value, in the byte order of its block.

    Attributes:
        kind: Number of the type.
        length: In numbers of this type.
        data: These, as bytes.
    """

    kind: int
    length: int
    data: bytes


@dataclass(frozen=True)
class Directories:
    """A block: tag -> value in each of its directories.

    Attributes:
        order: "<" if it is little-endian, ">" if big-endian.
        first: Of the photograph as a whole.
        details: Of the exposure.
        gps: Of the place.
        interop: Of the color space.
        note_start: Place of MakerNote: makers store offsets from the start of the block in it. None without one.
        orientation: How the pixels of the file are to be turned, from 1 (not at all) to 8; never written.
    """

    order: Literal["<", ">"]
    first: Mapping[int, Entry] = field(default_factory=dict)
    details: Mapping[int, Entry] = field(default_factory=dict)
    gps: Mapping[int, Entry] = field(default_factory=dict)
    interop: Mapping[int, Entry] = field(default_factory=dict)
    note_start: int | None = None
    orientation: int | None = None

    def is_empty(self) -> bool:
        return not (self.first or self.details or self.gps)


def directories_in(picture: ImageFile.ImageFile) -> Directories | None:
    """Return what the EXIF block of an opened picture says; None without one."""
    block = picture.info.get("exif")
    text = picture.info.get("Raw profile type exif")  # of ImageMagick's PNG: three lines, and the block in hexadecimal
    if block is None and isinstance(text, str):
        try:
            block = bytes.fromhex("".join(text.split("\n")[3:]))
        except ValueError:
            return None
    return parse(block) if isinstance(block, bytes) else None


def orientation_of(picture: ImageFile.ImageFile) -> int:
    """Return how the pixels of an opened picture are to be turned, from 1 (not at all) to 8."""
    if hasattr(picture, "tag_v2"):  # a TIFF: once loaded, Pillow has turned it
        try:
            return int(picture.getexif().get(_ORIENTATION, 1))
        except Exception:  # noqa: BLE001 - damage may raise anything, and is no reason to refuse the picture
            return 1
    directories = directories_in(picture)
    if directories is not None and directories.orientation is not None:
        return directories.orientation
    xmp = picture.info.get("xmp")
    found = _ORIENTATION_IN_XMP.search(xmp) if isinstance(xmp, bytes) else None
    return int(found[1]) if found else 1


def parse(block: bytes, *, of_a_tiff: bool = False) -> Directories | None:
    """Read the tags about the photograph; those that are damaged are left out one by one.

    Args:
        block: With or without the mark of JPEG; or a TIFF file.
        of_a_tiff: Whether it is one.

    Returns:
        None for a block that cannot be read at all.
    """
    data = block.removeprefix(MARK)
    start = data[:16]
    try:
        order = _ORDERS[start[:2]]
        is_big = struct.unpack_from(f"{order}H", start, 2) == (43,)
        (first_start,) = (
            struct.unpack_from(f"{order}Q", start, 8) if is_big else struct.unpack_from(f"{order}I", start, 4)
        )
        first, _ = _directory(data, order, first_start, is_big)
    except (KeyError, struct.error):
        return None

    def below(parent: Mapping[int, Entry], tag: int) -> tuple[dict[int, Entry], dict[int, int]]:
        place = _number(parent.get(tag), order)
        try:
            return ({}, {}) if place is None else _directory(data, order, place, is_big)
        except struct.error:
            return {}, {}

    details, places = below(first, _EXIF)
    gps, _ = below(first, _GPS)
    interop, _ = below(details, _INTEROP)
    kept = {
        tag: entry
        for tag, entry in first.items()
        if tag not in (_EXIF, _GPS) and (tag in _OF_THE_PHOTOGRAPH if of_a_tiff else tag not in _OF_THE_FILE)
    }
    for table in (details, gps, interop):  # a damaged place may be that of another directory
        for tag in _POINTERS:
            table.pop(tag, None)
    if _USER_COMMENT in details and details[_USER_COMMENT].data.startswith(OLD_SETTINGS_PREFIX):
        del details[_USER_COMMENT]
    note_start = None if of_a_tiff else places.get(_MAKER_NOTE)
    return Directories(order, kept, details, gps, interop, note_start, _number(first.get(_ORIENTATION), order))


def of_size(directories: Directories, width: int, height: int) -> Directories:
    """Return directories that tell the size of a picture, if they tell one."""
    if _WIDTH not in directories.details:
        return directories
    sizes = {tag: long(directories.order, size) for tag, size in ((_WIDTH, width), (_HEIGHT, height))}
    return replace(directories, details={**directories.details, **sizes})


def block_of(directories: Directories) -> bytes | None:
    """Return the bytes of a block, with the mark of JPEG; None without tags."""
    return None if directories.is_empty() else MARK + bytes(serialized(directories))


def without_place(block: bytes) -> bytes | None:
    """Return a block without coordinates, and without what else is known of the place."""
    directories = parse(block)
    return None if directories is None else block_of(replace(directories, gps={}))


def at_most(block: bytes, limit: int) -> bytes | None:
    """Return a block of at most so many bytes: without its largest values where it has more."""
    directories = parse(block)
    smaller: bytes | None = block
    while directories is not None and smaller is not None and len(smaller) > limit:
        parts = [dict(directories.first), dict(directories.details), dict(directories.gps)]
        _, part, tag = max((len(entry.data), i, tag) for i, part in enumerate(parts) for tag, entry in part.items())
        del parts[part][tag]
        directories = replace(directories, first=parts[0], details=parts[1], gps=parts[2])
        smaller = block_of(directories)
    return smaller if directories is not None else None


def serialized(directories: Directories, *, tail_tag: int | None = None) -> bytearray:
    """Return directories as a TIFF file.

    Args:
        directories: The tags.
        tail_tag: A LONG of the first directory that tells where the file ends: more is to follow there.
    """
    order = directories.order
    tables = [dict(directories.first), dict(directories.details), dict(directories.gps), dict(directories.interop)]
    pointers = [(tables[1], tables[3], _INTEROP), (tables[0], tables[1], _EXIF), (tables[0], tables[2], _GPS)]
    for parent, table, tag in pointers:
        if table:
            parent[tag] = long(order, 0)
    place = _Places(_kept_range(directories))
    starts = [place(2 + 12 * len(table) + 4) if table else 0 for table in tables]
    for parent, table, tag in pointers:
        if table:
            parent[tag] = long(order, starts[tables.index(table)])
    parts: list[tuple[int, bytes]] = []
    tail_place = 0
    for start, table in zip(starts, tables):
        rows = struct.pack(f"{order}H", len(table))
        for tag, (kind, length, data) in sorted(table.items()):
            if tag == tail_tag and table is tables[0]:
                tail_place = start + len(rows) + 8
            if len(data) > 4:
                is_kept = tag == _MAKER_NOTE and table is tables[1] and place.kept
                parts.append((place.kept.start if is_kept else place(len(data)), data))
                data = struct.pack(f"{order}I", parts[-1][0])
            rows += struct.pack(f"{order}HHI", tag, kind, length) + data.ljust(4, b"\0")
        if table:
            parts.append((start, rows))
    file = bytearray(place.end)
    file[:8] = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", starts[0])
    for start, data in parts:
        file[start : start + len(data)] = data
    if tail_place:
        struct.pack_into(f"{order}I", file, tail_place, len(file))
    return file


def long(order: str, value: int) -> Entry:
    """Return a number of 32 bits."""
    return Entry(LONG, 1, struct.pack(f"{order}I", value))


class _Places:
    """Gives out places in a file, one after the other, around a part that is taken."""

    def __init__(self, kept: range) -> None:
        self.kept = kept
        self._next = 8  # after the header

    def __call__(self, size: int) -> int:
        if self.kept and self._next < self.kept.stop and self._next + size > self.kept.start:
            self._next = self.kept.stop + self.kept.stop % 2
        start = self._next
        self._next += size + size % 2
        return start

    @property
    def end(self) -> int:
        end = max(self._next, self.kept.stop)
        return end + end % 2


def _kept_range(directories: Directories) -> range:
    """Return the place of MakerNote in a block, which it keeps; an empty range without one."""
    note, start = directories.details.get(_MAKER_NOTE), directories.note_start
    return range(start, start + len(note.data)) if note and start and len(note.data) > 4 else range(0)


def _directory(data: bytes, order: str, start: int, is_big: bool) -> tuple[dict[int, Entry], dict[int, int]]:
    """Read a directory, as far as it goes.

    Returns:
        Its tags, and the places of the values that do not lie in it.

    Raises:
        struct.error: There is none.
    """
    head, row, word = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    head_size, word_size = struct.calcsize(f"={head}"), struct.calcsize(f"={word}")
    (count,) = struct.unpack(f"{order}{head}", data[start : start + head_size])
    entries: dict[int, Entry] = {}
    places: dict[int, int] = {}
    left = _MAX_BYTES
    start += head_size
    rows = data[start : start + row * min(count, _MAX_ENTRIES)]
    for at in range(0, len(rows) - row + 1, row):
        tag, kind, values = struct.unpack_from(f"{order}HH{word}", rows, at)
        size = values * _SIZES.get(kind, 0)
        if not 0 < size <= left or tag in entries:
            continue
        value = rows[at + 4 + word_size : at + 4 + word_size + size]
        if size > word_size:
            (place,) = struct.unpack_from(f"{order}{word}", rows, at + 4 + word_size)
            value = data[place : place + size]
            places[tag] = place
        if len(value) == size:
            entries[tag] = Entry(kind, values, value)
            left -= size
    return entries, places


def _number(entry: Entry | None, order: str) -> int | None:
    """Return the value of an entry that is one whole number."""
    if entry is None or entry.length != 1 or entry.kind not in (BYTE, SHORT, LONG, _IFD, _LONG8):
        return None
    return int.from_bytes(entry.data, "little" if order == "<" else "big")
