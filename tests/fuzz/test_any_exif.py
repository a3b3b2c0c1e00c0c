"""EXIF blocks with damaged tags: such a tag costs itself, never the picture or its other tags."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from mutations import bounded, mutated, prop
from PIL import ExifTags, Image

from ppgan_lite.images import WRITABLE, ImageMetadata, decode_image, encode_image, read_image, read_settings

_MAKE, _TAKEN, _LATITUDE_REF = ExifTags.Base.Make, ExifTags.Base.DateTimeOriginal, ExifTags.GPS.GPSLatitudeRef
_EXIF, _GPS = int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)
_ASCII, _LONG = 2, 4
# Tags whose type the standard fixes, in each directory.
_TAGS = {
    0: (0x010E, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x0213, 0x8298, 0x4746, 0x9C9B, 0xC4A5),
    _EXIF: (0x829A, 0x829D, 0x8827, 0x9000, 0x9004, 0x9101, 0x9204, 0x927C, 0x9286, 0xA002, 0xA003, 0xA005, 0xA420),
    _GPS: (0x0000, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0010, 0x001B, 0x001D),
}
PIXELS = (np.mgrid[0:12, 0:20].sum(axis=0)[..., None] * [7, 5, 3]).astype(np.uint8)

Tag = tuple[int, int, int, bytes]  # number, type, count, value (more than four bytes are stored elsewhere)


@st.composite
def bad_tags(draw: st.DrawFn, directory: int) -> list[Tag]:
    """Draw tags of any type, count and content, or that point anywhere."""
    tags = {}
    for _ in range(draw(st.integers(0, 4))):
        number = draw(st.one_of(st.sampled_from(_TAGS[directory]), st.integers(0x0100, 0xFFFF)))
        if number in (0x0112, 0x8769, 0x8825, 0x0201, 0x0202, 0xA005, 0x014A, _MAKE, _TAKEN, _LATITUDE_REF):
            continue  # the orientation, other directories, and the whole tags of `block`
        kind, value = draw(st.integers(0, 20)), draw(st.binary(max_size=24))
        count = draw(st.one_of(st.integers(0, 30), st.sampled_from([0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])))
        tags[number] = (number, kind, count, value)
    return list(tags.values())


def block(order: str, first: list[Tag], exif: list[Tag], gps: list[Tag]) -> bytes:
    """Return an EXIF block with some whole tags among the given ones."""
    whole = [(_MAKE, _ASCII, 7, b"Camera\0")]
    first = sorted([*first, *whole, (_EXIF, _LONG, 1, b""), (_GPS, _LONG, 1, b"")])
    exif = sorted([*exif, (_TAKEN, _ASCII, 20, b"2024:05:01 10:00:00\0")])
    gps = sorted([*gps, (_LATITUDE_REF, _ASCII, 2, b"N\0\0\0")])
    starts, place = [], 8
    for tags in (first, exif, gps):
        starts.append(place)
        place += 2 + 12 * len(tags) + 4
    places = {_EXIF: starts[1], _GPS: starts[2]}
    directories, values = b"", b""
    for tags in (first, exif, gps):
        directories += struct.pack(f"{order}H", len(tags))
        for number, kind, count, value in tags:
            if tags is first and number in places:
                value = struct.pack(f"{order}I", places[number])
            if len(value) > 4:
                values, value = values + value, struct.pack(f"{order}I", place + len(values))
            directories += struct.pack(f"{order}HHI", number, kind, count) + value.ljust(4, b"\0")
        directories += bytes(4)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return b"Exif\0\0" + mark + struct.pack(f"{order}I", 8) + directories + values


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    order = draw(st.sampled_from("<>"))
    return block(order, draw(bad_tags(0)), draw(bad_tags(_EXIF)), draw(bad_tags(_GPS)))


def photo(exif: bytes, name: str) -> bytes:
    stream = io.BytesIO()
    options: dict[str, Any] = {"quality": 95} if name == "JPEG" else {"lossless": True, "quality": 0}
    Image.fromarray(PIXELS).save(stream, name, exif=exif, **({} if name == "PNG" else options))
    return stream.getvalue()


def check_written(metadata: ImageMetadata, suffix: str, folder: Path) -> Image.Exif:
    """Check that a result with this metadata can be written; return what it tells of the photo."""
    path = folder / f"x{suffix}"
    with bounded():
        path.write_bytes(encode_image(path, PIXELS, metadata))
    assert read_settings(path) is None
    found = Image.Exif()
    found.load(read_image(path)[1].exif or b"")
    return found


@prop(blocks(), st.sampled_from(["JPEG", "PNG", "WEBP"]), weight=4)
def test_a_bad_tag_costs_only_itself(exif: bytes, name: str) -> None:
    plain, _ = decode_image(photo(block("<", [], [], []), name), "photo")
    with bounded():
        pixels, metadata = decode_image(photo(exif, name), "photo")
    assert np.array_equal(pixels, plain)
    assert metadata.exif is not None
    found = Image.Exif()
    found.load(metadata.exif)
    assert found.get(_MAKE) == "Camera"
    assert found.get_ifd(_EXIF).get(_TAKEN) == "2024:05:01 10:00:00"
    assert found.get_ifd(_GPS).get(_LATITUDE_REF) == "N"


@prop(blocks(), st.sampled_from(sorted({*WRITABLE} - {".jpeg", ".tiff"})), weight=2)
def test_a_result_is_written_with_what_is_left_of_any_block(tmp_path_factory: Any, exif: bytes, suffix: str) -> None:
    _, metadata = decode_image(photo(exif, "JPEG"), "photo")
    found = check_written(metadata, suffix, tmp_path_factory.getbasetemp())
    assert suffix == ".bmp" or found.get(_MAKE) == "Camera"


@prop(
    mutated([block("<", [], [], []), block(">", [], [], [])]), st.sampled_from(sorted({*WRITABLE} - {".bmp"})), weight=2
)
def test_no_damage_to_a_block_costs_the_picture(tmp_path_factory: Any, exif: bytes, suffix: str) -> None:
    exif = b"Exif\0\0" + exif.removeprefix(b"Exif\0\0")
    plain, _ = decode_image(photo(block("<", [], [], []), "WEBP"), "photo")
    with bounded():
        pixels, metadata = decode_image(photo(exif, "WEBP"), "photo")
    assert sorted(pixels.shape) == sorted(plain.shape) and pixels.sum() == plain.sum()  # it may be turned
    check_written(metadata, suffix, tmp_path_factory.getbasetemp())
