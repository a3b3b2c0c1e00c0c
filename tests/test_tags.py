"""Damaged tags of EXIF blocks and TIFF files cost themselves only."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from tiff_files import DEFLATE, Kind, stored, tiff

from ppgan_lite.data.inspection import inspect
from ppgan_lite.images import decode_image, decode_stored, encode_image

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)


def photo(exif: bytes, name: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, name, exif=exif)
    return stream.getvalue()


def block(order: str, *tags: tuple[int, int, int, int], values: bytes = b"") -> bytes:
    """Return an EXIF block of tags: number, type, count, and the value or its place."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entries = b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags)
    head = mark + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    return b"Exif\0\0" + head + values


def kept(data: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(decode_image(data, "photo")[1].exif or b"")
    return exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "bad",
    [
        (0x010E, 2, 0xFFFF, 0),  # longer than the block
        (0x010E, 2, 100, 20),  # beyond its end
        (0x010E, 12, 0x7FFFFFFF, 0xFFFFFFFF),
        (0x010E, 99, 1, 0),
        (0x0112, 2, 0xFFFFFFFF, 0),
    ],
)
def test_a_tag_whose_value_is_elsewhere_costs_only_itself(order: str, bad: tuple[int, int, int, int]) -> None:
    place = 8 + 2 + 3 * 12 + 4
    tags = (bad, (0x010F, 2, 7, place), (0x013B, 2, 5, place + 7))
    found = kept(photo(block(order, *tags, values=b"Camera\0Anna\0")))
    assert found[ExifTags.Base.Make] == "Camera" and found[ExifTags.Base.Artist] == "Anna"
    assert len(found) == 2


def test_tags_that_share_their_values_are_all_read() -> None:
    numbers = (0x010E, 0x010F, 0x0110, 0x013B, 0x8298)
    place = 8 + 2 + 12 * len(numbers) + 4
    exif = block("<", *((number, 2, 60, place) for number in numbers), values=b"x" * 59 + b"\0")
    assert sorted(kept(photo(exif))) == sorted(numbers)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0E",
        b"Exif\0\0II(\0\x08\0\0\0",
        b"Exif\0\0II*\0\x08\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        block("<", (0x0112, 12, 1, 0), (0x0112, 3, 0, 0)),
        block("<", (0x0112, 5, 1, 0)),
        block("<", (0x0112, 7, 4, 0)),
    ],
)
def test_a_damaged_block_costs_no_picture(name: str, exif: bytes) -> None:
    data = photo(exif, name)
    plain = photo(b"", name)
    for decode in (decode_image, decode_stored):
        assert np.array_equal(decode(data, "photo")[0], decode(plain, "photo")[0])


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".png", ".webp"])
@pytest.mark.parametrize("pointer", [0x8769, 0x8825])
def test_a_result_with_what_is_left_of_circular_directories_can_be_read(suffix: str, pointer: int) -> None:
    inner = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 20, 0)
    exif = block(">", (pointer, 4, 1, 8 + 2 + 12 + 4), values=inner)
    pixels, metadata = decode_image(photo(exif), "photo")
    data = encode_image(Path(f"x{suffix}"), pixels, metadata)
    assert decode_image(data, "x")[0].shape == pixels.shape


def test_the_doctor_bears_a_damaged_block(tmp_path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(photo(block("<", (0x0112, 12, 1, 0), (0x8769, 4, 1, 0xFFFFFFFF)), "JPEG"))
    assert (inspect(path).fault, inspect(path).width) == ("", 20)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_damaged_tag_of_a_tiff_hides_none_of_the_layout(order: str) -> None:
    kind = Kind(bits=16, compression=DEFLATE, predictor=2, order=order)
    pixels = np.random.default_rng(1).integers(0, 65_536, (12, 20, 3))
    good = tiff(stored(pixels / 65_535, kind), kind, {305: ("s", list(b"a program\0"))})
    at = good.index(struct.pack(f"{order}HHI", 305, 2, 10)) + 8
    bad = good[:at] + struct.pack(f"{order}I", len(good) + 1) + good[at + 4 :]
    for decode in (decode_image, decode_stored):
        assert np.array_equal(decode(bad, "a")[0], decode(good, "a")[0])
    assert np.array_equal(decode_stored(bad, "a")[0], pixels)
