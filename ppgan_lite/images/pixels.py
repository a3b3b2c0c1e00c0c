"""Pixels of every kind that decoders give, as gray or RGB of 8 or 16 bits."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from ppgan_lite.errors import ImageError
from ppgan_lite.images import profiles

_STRIP_PIXELS = 500_000
# EXIF orientation -> the function that turns the pixels upright.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}


def as_picture(samples: np.ndarray) -> Image.Image:
    """Return samples of `tiff.read_samples` as a picture of 8 bits, rounded as Pillow rounds those of other files."""
    channels = samples.shape[2]
    if samples.dtype == np.uint16 and channels >= 3:
        samples = samples >> 8
    elif samples.dtype != np.uint8:
        samples = as_uint(samples if samples.dtype.kind == "f" else samples / np.float32(65_535), 255)
    return Image.fromarray((samples[..., 0] if channels == 1 else samples).astype(np.uint8))


def as_uint(values: np.ndarray, white: int) -> np.ndarray:
    """Return floats in 0..1 as integers."""
    return (values * np.float32(white) + np.float32(0.5)).astype(np.uint8 if white == 255 else np.uint16)


def to_deep_rgb(pixels: np.ndarray, profile: bytes | None) -> tuple[np.ndarray, bytes | None]:
    """Return uint16 pixels, gray or RGB, with alpha or without, as RGB or RGBA; and their profile."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    kept = profile if profile is not None and profile[16:20] == b"RGB " else None
    if pixels.shape[2] >= 3:
        return pixels, kept
    gray = pixels[..., :1]
    if profile is not None and (curve := profiles.gray_curve(profile)) is not None:
        gray = curve[gray]
    return np.concatenate([gray, gray, gray, pixels[..., 1:]], axis=2), kept


def to_rgb(picture: Image.Image, profile: bytes | None, where: str) -> tuple[np.ndarray, bytes | None]:
    """Convert to 8-bit RGB, or RGBA if the file has alpha; return the pixels and their profile."""
    if picture.mode[0] in "IF":
        picture = _to_8_bit(picture, where)
    is_rgb_profile = profile is not None and profile[16:20] == b"RGB "
    if picture.mode in ("L", "CMYK") and profile is not None and not is_rgb_profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return in_mode(converted, "RGB"), None
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: fall back to plain conversion
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return in_mode(picture, mode), profile if is_rgb_profile else None


def in_mode(picture: Image.Image, mode: str) -> np.ndarray:
    """Return the pixels of a loaded picture in another mode, strip by strip: Pillow would copy the whole twice."""
    channels = len(mode)
    pixels = np.empty((picture.height, picture.width, channels), np.uint8)
    height = max(_STRIP_PIXELS // picture.width, 1)
    for top in range(0, picture.height, height):
        strip = picture.crop((0, top, picture.width, min(top + height, picture.height)))
        rows = np.asarray(strip if strip.mode == mode else strip.convert(mode))
        pixels[top : top + height] = rows[..., None] if rows.ndim == 2 else rows
    return pixels[..., 0] if channels == 1 else pixels


def _to_8_bit(picture: Image.Image, where: str) -> Image.Image:
    """Scale 16-bit (to 65535) or float (to 1) grayscale to 8 bits; Pillow's conversion would clip at 255."""
    values, white = _gray_values(picture, where)
    return Image.fromarray((values * np.float32(255 / white) + np.float32(0.5)).astype(np.uint8))


def to_16_bit(picture: Image.Image, where: str) -> np.ndarray:
    return _gray_values(picture, where)[0].astype(np.uint16)


def _gray_values(picture: Image.Image, where: str) -> tuple[np.ndarray, int]:
    """Return the values of a 16-bit or float grayscale picture, and the value of white."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else 65_535
    if not (values.min() >= 0 and values.max() <= white):
        kind = "float" if picture.mode == "F" else "32-bit"
        raise ImageError(where, f"{kind} pixels outside 0..{white}", "8 or 16 bits per channel, or floats in 0..1")
    return values, white
