"""EXIF of cameras: carried along through every format, MakerNote byte for byte and at its place."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppgan_lite.images import decode_image, decode_stored, exif, kept_metadata, read_image, write_image
from ppgan_lite.images.exif import ASCII, BYTE, LONG, RATIONAL, SHORT, UNDEFINED, Entry

ORDERS = ("<", ">")
MAKER_NOTE, USER_COMMENT, THUMBNAIL = 0x927C, 0x9286, b"\xff\xd8a picture of the photo as it was\xff\xd9"


def text(value: str) -> Entry:
    data = value.encode() + b"\0"
    return Entry(ASCII, len(data), data)


def camera(order: str) -> dict[str, dict[int, Entry]]:
    """Return the directories that a camera writes."""

    def numbers(kind: int, *values: int) -> Entry:
        letter = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I"}[kind]
        length = len(values) // (2 if kind == RATIONAL else 1)
        return Entry(kind, length, struct.pack(f"{order}{len(values)}{letter}", *values))

    note = b"Camera\0\2" + bytes(range(256)) * 9 + b"!"
    comment = b"UNICODE\0" + "外灘的夜".encode("utf-16-le" if order == "<" else "utf-16-be")
    return {
        "first": {
            270: text("外灘"),
            271: text("Camera Company"),
            272: text("C-1"),
            274: numbers(SHORT, 6),
            282: numbers(RATIONAL, 300, 1),
            283: numbers(RATIONAL, 300, 1),
            296: numbers(SHORT, 2),
            305: text("Firmware 1.2"),
            306: text("2024:05:01 10:00:00"),
            315: text("阿達"),
            531: numbers(SHORT, 2),
            0x9C9B: Entry(BYTE, 6, "夜景\0".encode("utf-16-le")),
        },
        "details": {
            0x829A: numbers(RATIONAL, 1, 60),
            0x8827: numbers(SHORT, 400),
            0x9000: Entry(UNDEFINED, 4, b"0232"),
            0x9003: text("2024:05:01 10:00:00"),
            MAKER_NOTE: Entry(UNDEFINED, len(note), note),
            USER_COMMENT: Entry(UNDEFINED, len(comment), comment),
            0xA001: numbers(SHORT, 1),
            0xA002: numbers(LONG, 40),
            0xA003: numbers(LONG, 60),
            0xA434: text("50mm f/1.4"),
        },
        "gps": {
            0: numbers(BYTE, 2, 3, 0, 0),
            1: text("N"),
            2: numbers(RATIONAL, 31, 1, 14, 1, 2400, 100),
            3: text("E"),
            4: numbers(RATIONAL, 121, 1, 29, 1, 0, 1),
        },
        "interop": {1: text("R98")},
    }


def block(order: str, gap: int = 0) -> bytes:
    """Return a camera's EXIF block: its MakerNote in the middle, after a gap, and a thumbnail at the end."""
    parts = camera(order)
    directories = exif.Directories(order, **parts)
    plain = exif.serialized(directories)
    start = bytes(plain).index(b"Camera\0\2") + gap
    data = exif.serialized(exif.Directories(order, **parts, note_start=start + start % 2))
    thumbnail = {513: exif.long(order, 0), 514: exif.long(order, len(THUMBNAIL))}
    at = len(data)
    rows = struct.pack(f"{order}H", len(thumbnail))
    for tag, entry in thumbnail.items():
        value = struct.pack(f"{order}I", at + 2 + 24 + 4) if tag == 513 else entry.data
        rows += struct.pack(f"{order}HHI", tag, entry.kind, entry.length) + value
    count = struct.unpack_from(f"{order}H", data, 8)[0]
    struct.pack_into(f"{order}I", data, 8 + 2 + 12 * count, at)  # the next directory
    return exif.MARK + bytes(data) + rows + bytes(4) + THUMBNAIL


def photo_file(photo: np.ndarray, kind: str, data: bytes) -> bytes:
    file = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    Image.fromarray(photo).save(file, kind, exif=data, **options)
    return file.getvalue()


def found_in(path: Path) -> exif.Directories:
    """Return the directories of a file, read by our own parser as Pillow finds the block."""
    with Image.open(path) as picture:
        if picture.format == "TIFF":
            directories = exif.parse(path.read_bytes(), of_a_tiff=True)
        else:
            directories = exif.parse(picture.info["exif"])
    assert directories is not None
    return directories


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_cameras_exif_comes_along_value_by_value(
    tmp_path: Path, photo: np.ndarray, kind: str, suffix: str, order: str
) -> None:
    data = block(order, gap=100)
    image, metadata = decode_image(photo_file(photo, kind, data), "photo")
    assert image.shape == (60, 40, 3), "turned by its orientation"
    write_image(tmp_path / f"a{suffix}", image, metadata)
    kept, camera_tags = found_in(tmp_path / f"a{suffix}"), camera(order)
    sizes = {0xA002: exif.long(order, 40), 0xA003: exif.long(order, 60)}
    assert kept.details == camera_tags["details"] | sizes
    assert (kept.gps, kept.interop) == (camera_tags["gps"], camera_tags["interop"])
    for tag in (270, 271, 272, 305, 306, 315, 0x9C9B):
        assert kept.first[tag] == camera_tags["first"][tag]
    written = (tmp_path / f"a{suffix}").read_bytes()
    assert THUMBNAIL not in written and 274 not in kept.first
    if suffix != ".tif":
        before = exif.parse(data)
        assert before is not None and kept.note_start == before.note_start
    with Image.open(tmp_path / f"a{suffix}") as picture:  # another reader finds the same
        exif_of_pillow = picture.getexif()
        assert exif_of_pillow[271] == "Camera Company"
        details = exif_of_pillow.get_ifd(0x8769)
        assert details[MAKER_NOTE] == camera_tags["details"][MAKER_NOTE].data
        assert details[USER_COMMENT] == camera_tags["details"][USER_COMMENT].data
        assert exif_of_pillow.get_ifd(0x8825)[1] == "N"
    again, _ = read_image(tmp_path / f"a{suffix}")
    assert again.shape == image.shape, "not turned twice"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_exif_comes_along_from_tiff_to_tiff(tmp_path: Path, photo: np.ndarray, order: str, dtype: type) -> None:
    _, metadata = decode_image(photo_file(photo, "JPEG", block(order)), "photo")
    wide = np.rot90(photo).astype(dtype) * (257 if dtype == np.uint16 else 1)
    write_image(tmp_path / "a.tif", wide, metadata)
    stored, again = decode_stored((tmp_path / "a.tif").read_bytes(), "a")
    assert np.array_equal(stored, wide)
    write_image(tmp_path / "b.tif", wide, again)
    first, second = found_in(tmp_path / "a.tif"), found_in(tmp_path / "b.tif")
    assert (first.first, first.details, first.gps) == (second.first, second.details, second.gps)
    assert first.first[270] == text("外灘")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_the_place_is_left_out_and_nothing_else(tmp_path: Path, photo: np.ndarray, kind: str, suffix: str) -> None:
    _, metadata = decode_image(photo_file(photo, kind, block("<")), "photo")
    write_image(tmp_path / f"a{suffix}", photo, kept_metadata(metadata, "no_gps"))
    kept = found_in(tmp_path / f"a{suffix}")
    assert kept.gps == {} and kept.details[USER_COMMENT] == camera("<")["details"][USER_COMMENT]
    assert struct.pack("<6I", 31, 1, 14, 1, 2400, 100) not in (tmp_path / f"a{suffix}").read_bytes()
    write_image(tmp_path / f"b{suffix}", photo, kept_metadata(metadata, "none"))
    with Image.open(tmp_path / f"b{suffix}") as picture:
        assert "exif" not in picture.info and "xmp" not in picture.info
    assert b"Camera" not in (tmp_path / f"b{suffix}").read_bytes()


def test_a_block_too_large_for_jpeg_loses_its_largest_values_alone() -> None:
    parts = camera("<")
    parts["details"][MAKER_NOTE] = Entry(UNDEFINED, 70_000, bytes(70_000))
    small = exif.at_most(exif.block_of(exif.Directories("<", **parts)) or b"", 60_000)
    kept = exif.parse(small or b"")
    assert kept is not None and MAKER_NOTE not in kept.details
    assert USER_COMMENT in kept.details and kept.gps and kept.first


@pytest.mark.parametrize("order", ORDERS)
def test_every_cut_and_every_wrong_byte_costs_what_it_hits(photo: np.ndarray, order: str) -> None:
    data = block(order)
    rng = np.random.default_rng(0)
    whole = exif.parse(data)
    assert whole is not None
    for length in range(0, len(data), 97):
        cut = exif.parse(data[:length])
        assert cut is None or set(cut.first.items()) <= set(whole.first.items())
    for _ in range(300):
        wrong = bytearray(data)
        wrong[int(rng.integers(len(data)))] = int(rng.integers(256))
        found = exif.parse(bytes(wrong))
        again = found and exif.block_of(found)
        if found and again:
            read = exif.parse(again)
            assert read is not None and (read.first, read.gps) == (found.first, found.gps)


def test_values_that_overlap_cost_no_more_than_a_limit() -> None:
    count, size = 2000, 60_000
    rows = b"".join(struct.pack("<HHII", 0x9000 + number, UNDEFINED, size, 8) for number in range(count))
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + rows + bytes(size)
    found = exif.parse(data)
    assert found is not None and sum(len(entry.data) for entry in found.first.values()) <= 16_000_000
