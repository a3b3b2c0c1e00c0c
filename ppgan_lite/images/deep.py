"""Pictures of 16 bits per channel, which Pillow reads as 8 and cannot write."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import ImageFile

from ppgan_lite.runtime.opencv import opencv

# Not BGR;16, which packs a pixel of 5, 6 and 5 bits in as many bits.
_DEEP_LAYOUT = re.compile(r"(RGB|RGBA|RGBa|RGBX|LA);16[BLN]")
_PNG_COLOR_TYPES = {2: 4, 3: 2, 4: 6}  # by the number of channels
_METERS_PER_INCH = 0.0254
_STRIP_ROWS = 64


def deep_layout(picture: ImageFile.ImageFile) -> str | None:
    """Return the pixel layout of an opened, not yet loaded picture with 16 bits per channel; None for other pictures.

    Returns:
        Pillow's name of the layout, such as RGB;16B, RGBA;16L or LA;16B.
    """
    details = picture.tile[0][3] if picture.tile else None
    layout = str(details[0] if isinstance(details, tuple) and details else details)
    return layout if _DEEP_LAYOUT.fullmatch(layout) else None


def decode_deep(data: bytes, layout: str) -> np.ndarray:
    """Decode the bytes of a PNG that Pillow has loaded completely.

    Args:
        data: The file.
        layout: From `deep_layout`.

    Returns:
        uint16 (height, width, channels); channels are RGB, RGB and alpha, or gray and alpha.

    Raises:
        ValueError: OpenCV cannot decode the file.
    """
    cv2 = opencv()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.dtype != np.uint16:
        raise ValueError("an unusual kind of 16 bits per channel")
    if layout.startswith("LA"):
        return np.ascontiguousarray(image[..., [0, -1]])
    for start in range(0, len(image), _STRIP_ROWS):  # in place: a second picture of this size would be in memory
        strip = image[start : start + _STRIP_ROWS]
        strip[..., :3] = strip[..., 2::-1].copy()
    return image


def encode_png(
    pixels: np.ndarray,
    icc_profile: bytes | None,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
    xmp: bytes | None = None,
) -> bytes:
    """Return the bytes of a PNG file.

    Args:
        pixels: uint16 (height, width, channels): gray and alpha, RGB, or RGB and alpha.
        icc_profile: The profile of the colors.
        exif: The EXIF block, with or without the marker of JPEG.
        dpi: Horizontal and vertical resolution.
        xmp: The XMP packet.
    """
    height, width, channels = pixels.shape
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOR_TYPES[channels], 0, 0, 0))]
    if icc_profile:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile)))
    if dpi:
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(value / _METERS_PER_INCH) for value in dpi), 1)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    if xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + xmp))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in [*chunks, *((b"IDAT", part) for part in _compressed(pixels)), (b"IEND", b"")]:
        parts += [struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))]
    return b"".join(parts)


def _compressed(pixels: np.ndarray) -> Iterator[bytes]:
    """Yield the pixels of a PNG in parts, made strip by strip: else a large picture would be in memory three times."""
    compressor = zlib.compressobj(1)
    above = np.zeros(pixels[0].size * 2, np.uint8)
    for start in range(0, len(pixels), _STRIP_ROWS):
        rows = pixels[start : start + _STRIP_ROWS].astype(">u2")
        rows = rows.reshape(len(rows), -1).view(np.uint8)
        filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        filtered[:, 0] = 2  # the filter "up": differences from the row above
        np.subtract(rows[0], above, out=filtered[0, 1:])
        np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
        if part := compressor.compress(filtered.data):
            yield part
        above = rows[-1]
    yield compressor.flush()
