"""Pictures as they are stored: grey stays grey, 16 bits stay 16."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ppgan_lite.errors import ImageError
from ppgan_lite.images import ImageMetadata, decode_image, decode_stored, encode_image

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
        if (suffix, shape, dtype, has_alpha) != (".tif", (13, 17), np.uint16, True)  # Pillow reads no such TIFF
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
    if (suffix, len(shape), dtype) != (".tif", 3, np.uint16):  # which has no place for it
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
def test_only_grey_files_are_grey(kind: str, mode: str, photo: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(photo).convert(mode).save(file, kind)
    found, metadata = decode_stored(file.getvalue(), "a")
    rgb, _ = decode_image(file.getvalue(), "a")
    assert metadata.alpha is None
    assert found.ndim == (2 if mode in ("L", "1") else 3)
    assert np.array_equal(found if found.ndim == 3 else np.dstack([found] * 3), rgb)


def test_a_transparent_grey_value_becomes_alpha() -> None:
    file = io.BytesIO()
    grey = random_image((5, 6), np.uint8)
    Image.fromarray(grey).save(file, "PNG", transparency=int(grey[2, 3]))
    found, metadata = decode_stored(file.getvalue(), "a")
    assert np.array_equal(found, grey)
    assert metadata.alpha is not None
    assert np.array_equal(metadata.alpha == 0, grey == grey[2, 3])


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
