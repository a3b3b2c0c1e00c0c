"""Pictures as they are stored: gray stays gray, 16 bits stay 16, JPEG goes the fast way."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ppgan_lite.errors import ImageError
from ppgan_lite.images import (
    ImageMetadata,
    decode_image,
    decode_stored,
    encode_image,
    encode_stored,
    read_file,
)

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def random_image(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[274] = orientation
    block[315] = "a painter"
    return block.tobytes()


@pytest.mark.parametrize(
    ("suffix", "shape", "dtype", "has_alpha"),
    [
        (suffix, shape, dtype, has_alpha)
        for suffix in (".png", ".tif")
        for shape in ((13, 17), (13, 17, 3))
        for dtype in (np.uint8, np.uint16)
        for has_alpha in (False, True)
    ],
)
def test_what_is_written_is_read_again(suffix: str, shape: tuple[int, ...], dtype: type, has_alpha: bool) -> None:
    image = random_image(shape, dtype)
    alpha = random_image((13, 17, 2), dtype)[..., 1] if has_alpha else None
    profile = SRGB if len(shape) == 3 else None
    metadata = ImageMetadata(icc_profile=profile, exif=exif(1), dpi=(300, 150), alpha=alpha)
    data = encode_image(Path("a" + suffix), image, metadata)
    found, came_along = decode_stored(data, "a")
    assert found.dtype == dtype
    assert np.array_equal(found, image)
    assert (came_along.alpha is None) == (alpha is None)
    if alpha is not None:
        assert np.array_equal(came_along.alpha, alpha)
    assert came_along.icc_profile == profile
    assert came_along.dpi == pytest.approx((300, 150), abs=0.1)
    if (suffix, dtype) != (".tif", np.uint16) or (len(shape) == 2 and not has_alpha):  # the others have no place for it
        assert came_along.exif is not None
        assert b"a painter" in came_along.exif
    small, _ = decode_image(data, "a")  # other readers find a picture too
    expected = image if dtype == np.uint8 else image // 256
    assert np.abs(small - (expected if len(shape) == 3 else expected[..., None]).astype(int)).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_pictures_are_turned_upright(dtype: type, orientation: int) -> None:
    image = random_image((5, 7, 3), dtype)
    data = encode_image(Path("a.png"), image, ImageMetadata(exif=exif(orientation)))
    found, _ = decode_stored(data, "a")
    turns = {
        1: image,
        2: np.fliplr(image),
        3: np.rot90(image, 2),
        4: np.flipud(image),
        5: image.transpose(1, 0, 2),
        6: np.rot90(image, -1),
        7: np.rot90(image.transpose(1, 0, 2), 2),
        8: np.rot90(image),
    }
    assert np.array_equal(found, turns[orientation])
    if dtype == np.uint8:
        assert np.array_equal(decode_image(data, "a")[0], found)


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "L"), ("PNG", "1"), ("GIF", "P"), ("JPEG", "CMYK"), ("WEBP", "RGB")]
)
def test_only_gray_files_are_gray(kind: str, mode: str, photo: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(photo).convert(mode).save(file, kind)
    found, metadata = decode_stored(file.getvalue(), "a")
    rgb, _ = decode_image(file.getvalue(), "a")
    assert metadata.alpha is None
    assert found.ndim == (2 if mode in ("L", "1") else 3)
    assert np.array_equal(found if found.ndim == 3 else np.dstack([found] * 3), rgb)


def test_a_transparent_gray_value_becomes_alpha() -> None:
    file = io.BytesIO()
    gray = random_image((5, 6), np.uint8)
    Image.fromarray(gray).save(file, "PNG", transparency=int(gray[2, 3]))
    found, metadata = decode_stored(file.getvalue(), "a")
    assert np.array_equal(found, gray)
    assert metadata.alpha is not None
    assert np.array_equal(metadata.alpha == 0, gray == gray[2, 3])


@pytest.mark.parametrize(("bits", "masks"), [((5, 6, 5), (0xF800, 0x07E0, 0x001F)), ((5, 5, 5), None)])
def test_a_bmp_of_16_bits_per_pixel_is_no_picture_of_16_bits_per_channel(
    bits: tuple[int, int, int], masks: tuple[int, int, int] | None
) -> None:
    rng = np.random.default_rng(0)
    channels = [rng.integers(0, 1 << count, (6, 8)) for count in bits]
    packed = (channels[0] << (bits[1] + bits[2]) | channels[1] << bits[2] | channels[2]).astype("<u2")
    rows = packed[::-1].tobytes()
    about = struct.pack("<IiiHHIIiiII", 40, 8, 6, 1, 16, 3 if masks else 0, len(rows), 2835, 2835, 0, 0)
    about += struct.pack("<III", *masks) if masks else b""
    data = b"BM" + struct.pack("<IHHI", 14 + len(about) + len(rows), 0, 0, 14 + len(about)) + about + rows
    expected = np.stack([255 * channel / ((1 << count) - 1) for channel, count in zip(channels, bits)], axis=-1)
    for decode in (decode_image, decode_stored):
        found, _ = decode(data, "a.bmp")
        assert found.dtype == np.uint8
        assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_truncated_picture_of_16_bits_is_refused(suffix: str) -> None:
    data = encode_image(Path("a" + suffix), random_image((40, 50, 3), np.uint16))
    with pytest.raises(ImageError, match="deep: "):
        decode_stored(data[: len(data) // 2], "deep")


def test_a_format_of_8_bits_refuses_16() -> None:
    with pytest.raises(ImageError, match=r"a\.jpg: cannot be written as JPEG"):
        encode_image(Path("a.jpg"), random_image((4, 4, 3), np.uint16))


def test_photos_are_smaller_than_with_zlibs_usual_way() -> None:
    from skimage import data

    image = data.astronaut()
    usual = io.BytesIO()
    Image.fromarray(image).save(usual, "PNG")
    assert len(encode_image(Path("a.png"), image)) < len(usual.getvalue())


@pytest.mark.parametrize("is_gray", [False, True])
@pytest.mark.parametrize("metadata", [ImageMetadata(), ImageMetadata(SRGB * 200, exif(1), (300, 150))])
def test_jpeg_by_the_fast_way_is_that_of_the_usual_one(
    photo: np.ndarray, is_gray: bool, metadata: ImageMetadata
) -> None:
    image = np.ascontiguousarray(photo[..., 0]) if is_gray else photo
    path = Path("a.jpg")
    fast, usual = encode_stored(path, image, metadata), encode_image(path, image, metadata)
    found, came_along = decode_stored(fast, "a")
    assert found.shape == image.shape
    expected = decode_image(usual, "a")[0]
    assert np.abs(found.astype(int) - (expected[..., 0] if is_gray else expected)).max() <= 1
    assert np.array_equal(decode_stored(usual, "a")[0], found)
    assert came_along.icc_profile == metadata.icc_profile
    assert came_along.dpi == metadata.dpi
    assert (came_along.exif is not None and b"a painter" in came_along.exif) == (metadata.exif is not None)
    assert abs(len(fast) - len(usual)) < 100


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_by_the_fast_way_is_turned_upright_once(photo: np.ndarray, orientation: int) -> None:
    data = encode_stored(Path("a.jpg"), photo, ImageMetadata(exif=exif(orientation)))
    found, metadata = decode_stored(data, "a")
    assert np.array_equal(found, decode_image(data, "a")[0])
    assert metadata.exif is not None
    assert Image.open(io.BytesIO(encode_stored(Path("a.jpg"), found, metadata))).getexif().get(274, 1) == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_jpeg_cut_short_is_refused(photo: np.ndarray, share: float) -> None:
    data = encode_stored(Path("a.jpg"), np.tile(photo, (4, 4, 1)), ImageMetadata())
    with pytest.raises(ImageError, match=r"a: (is not a picture|cannot be decoded)"):
        decode_stored(data[: int(len(data) * share)], "a")


def test_exif_too_large_for_jpeg_is_left_out(photo: np.ndarray) -> None:
    data = encode_stored(Path("a.jpg"), photo, ImageMetadata(exif=b"Exif\0\0" + bytes(70_000)))
    assert np.array_equal(decode_stored(data, "a")[0], decode_stored(encode_image(Path("a.jpg"), photo), "a")[0])


def test_a_picture_too_large_for_jpeg_is_told() -> None:
    with pytest.raises(ImageError, match=r"a\.jpg: cannot be written as JPEG"):
        encode_stored(Path("a.jpg"), np.zeros((1, 70_000, 3), np.uint8), ImageMetadata())


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for name, message in (("empty.png", "the file is empty"), (".", "is a folder"), ("missing.png", "does not exist")):
        with pytest.raises(ImageError, match=message):
            read_file(tmp_path / name)
