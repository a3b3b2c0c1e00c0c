"""Read picture files into arrays, upright, with color profile, alpha and metadata."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ImageFile

from ppgan_lite.errors import CancelledError, ImageError, MissingDependencyError
from ppgan_lite.images import deep, exif, profiles, tiff
from ppgan_lite.images.bounds import check_growth, check_size, is_slow
from ppgan_lite.images.exif import Directories
from ppgan_lite.images.jpeg import decode_whole_jpeg
from ppgan_lite.images.metadata import ImageMetadata
from ppgan_lite.images.opening import buffered, naming, open_file, open_picture, own_size_limit, reason
from ppgan_lite.images.pixels import UPRIGHT, as_picture, as_uint, in_mode, to_16_bit, to_deep_rgb, to_rgb
from ppgan_lite.images.tags import mended_tags
from ppgan_lite.images.xmp import kept_xmp

LARGE_PIXELS = 16_000_000  # JPEGs of this size or more are decoded and encoded in ways that save memory

_UNUSUAL_PIXEL_BYTES = 24  # floats, and their copy as integers


@dataclass(frozen=True)
class _About:
    """The information that a picture file has beside its pixels.

    Attributes:
        orientation: How they are to be turned, from 1 (not at all) to 8.
        exif: The EXIF block; None without one.
        dpi: The resolution, as the decoder tells it.
        profile: Of their colors.
        xmp: The XMP packet, as the decoder gives it.
        format: Pillow's name of it.
    """

    orientation: int
    exif: Directories | None
    dpi: object
    profile: bytes | None
    xmp: object
    format: str | None


def read_image(path: str | Path, *, keeps_16_bits: bool = False) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture file.

    Args:
        path: The file.
        keeps_16_bits: Whether PNG, TIFF and gray PNM of more than 8 bits per channel, or of floats, become uint16.

    Returns:
        The first frame, upright, as uint8 or uint16 (height, width, 3) RGB; and its metadata.

    Raises:
        ImageError: The file is missing, unreadable, damaged, too large or of an unknown kind.
    """
    with open_file(Path(path)) as file:
        return _decode_hashed(file, str(path), keeps_16_bits)


def may_have_16_bits(path: str | Path) -> bool:
    """Return whether a file looks like a picture of 16 bits per channel, by its first bytes; False if that fails."""
    try:
        with open(path, "rb") as file, own_size_limit():
            return _is_deep(open_picture(file, str(path)))
    except Exception:  # noqa: BLE001 - whatever it is, reading the file will tell
        return False


def decode_image(data: bytes, where: str) -> tuple[np.ndarray, ImageMetadata]:
    """Decode the bytes of a picture file as `read_image` does; `where` names them in errors."""
    return _decode(io.BytesIO(data), where, False)


def decode_stored(data: bytes, where: str) -> tuple[np.ndarray, ImageMetadata]:
    """Decode the bytes of a picture file without conversion: gray stays gray, 16 bits stay 16.

    Args:
        data: The file.
        where: Its name, for messages.

    Returns:
        The first frame, upright, as uint8 or uint16, (height, width) or (height, width, 3) RGB, read-only;
        and its metadata. PNG, TIFF and gray PNM are read with 16 bits. Other modes (palette, CMYK) become RGB.

    Raises:
        ImageError: The bytes are damaged, too large, or of an unknown kind.
    """
    try:
        data = mended_tags(data) if tiff.is_tiff(data) else data
        with own_size_limit():
            if (unusual := _unusual_tiff(data, where, keeps_16_bits=True)) is not None:
                samples, about = unusual
                pixels = as_uint(samples, 65_535) if samples.dtype.kind == "f" else samples
                return _finish(pixels[..., 0] if pixels.shape[2] == 1 else pixels, about)
            picture = open_picture(io.BytesIO(data), where)
            pixels, profile = _stored_pixels(picture, data, where)
            return _finish(pixels, _about(picture, data, profile))
    except (ImageError, CancelledError, MissingDependencyError):
        raise
    except Exception as error:
        raise _undecodable(where, error) from error


def read_stream(stream: IO[bytes], where: str, *, keeps_16_bits: bool = False) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture from a stream that cannot be rewound, such as standard input, as `read_image` does from a file.

    Args:
        stream: Read to its end.
        where: Its name, for messages.
        keeps_16_bits: As of `read_image`.
    """
    with naming(where):
        file = buffered(stream, where)
    return _decode_hashed(file, where, keeps_16_bits)


def stored_size(data: bytes, where: str) -> tuple[int, int]:
    """Return width and height of the first picture in the bytes of a file, as stored, without decoding its pixels.

    Raises:
        ImageError: The bytes are damaged, too large, or of an unknown kind.
    """
    file = buffered(io.BytesIO(data), where)
    try:
        data = _tiff_in(file)
        with own_size_limit():
            layout = tiff.unusual_layout(data, keeps_16_bits=True) if data else None
            if layout is not None:
                check_size(layout.width, layout.height, where)
                return layout.width, layout.height
            return open_picture(io.BytesIO(data) if data else file, where).size
    except ImageError:
        raise
    except Exception as error:
        raise _undecodable(where, error) from error


def _decode_hashed(file: IO[bytes], where: str, keeps_16_bits: bool) -> tuple[np.ndarray, ImageMetadata]:
    """Decode a file, and add the hash of its bytes to the metadata."""
    digest = hashlib.sha256()
    with naming(where):
        while block := file.read(1 << 20):
            digest.update(block)
        file.seek(0)
    image, metadata = _decode(file, where, keeps_16_bits)
    return image, replace(metadata, sha256=digest.hexdigest())


def _decode(file: IO[bytes], where: str, keeps_16_bits: bool) -> tuple[np.ndarray, ImageMetadata]:
    try:
        data = _tiff_in(file)
        with own_size_limit():
            if data and (unusual := _unusual_tiff(data, where, keeps_16_bits=keeps_16_bits)) is not None:
                samples, about = unusual
                if keeps_16_bits and samples.dtype != np.uint8:
                    samples = as_uint(samples, 65_535) if samples.dtype.kind == "f" else samples
                    pixels, profile = to_deep_rgb(samples, about.profile)
                else:
                    pixels, profile = to_rgb(as_picture(samples), about.profile, where)
                about = replace(about, profile=profile)
            else:
                picture = open_picture(io.BytesIO(data) if data else file, where)
                profile = _profile_of(picture, file, where)
                if keeps_16_bits and _is_deep(picture):
                    file.seek(0)
                    pixels, profile = to_deep_rgb(_stored_pixels(picture, data or file.read(), where)[0], profile)
                elif (large := _large_jpeg(picture, file)) is not None:
                    pixels = large
                else:
                    picture.load()
                    pixels, profile = to_rgb(picture, profile, where)
                about = _about(picture, data or None, profile)
        pixels, metadata = _finish(pixels, about)
    except (ImageError, CancelledError):
        raise
    except Exception as error:
        raise _undecodable(where, error) from error
    return np.require(pixels, requirements=["C", "W"]), metadata


def _tiff_in(file: IO[bytes]) -> bytes:
    """Return the bytes of a TIFF file, its tags mended; b"" for other files."""
    start = file.read(4)
    file.seek(0)
    if not tiff.is_tiff(start):
        return b""
    return mended_tags(file.read())


def _unusual_tiff(data: bytes, where: str, *, keeps_16_bits: bool) -> tuple[np.ndarray, _About] | None:
    """Read a TIFF that Pillow cannot read, or reads wrongly, as of `read_samples`; None for other files."""
    layout = tiff.unusual_layout(data, keeps_16_bits=keeps_16_bits) if tiff.is_tiff(data) else None
    if layout is None:
        return None
    check_size(layout.width, layout.height, where)
    check_growth(layout.width, layout.height, _UNUSUAL_PIXEL_BYTES, len(data), where)
    dpi, profile, xmp = tiff.read_metadata(layout)
    about = _About(layout.orientation, exif.parse(data, of_a_tiff=True), dpi, profile, xmp, "TIFF")
    return tiff.read_samples(data, layout, where), about


def _about(picture: ImageFile.ImageFile, data: bytes | None, profile: bytes | None) -> _About:
    """Return what a picture file says beside its pixels, once it is loaded: PNG may store it last.

    Args:
        picture: Of the file.
        data: The file, if it is a TIFF.
        profile: Of the pixels as they are by now.
    """
    is_tiff = picture.format == "TIFF" and data is not None
    directories = exif.parse(data, of_a_tiff=True) if is_tiff and data else exif.directories_in(picture)
    info = picture.info
    orientation = exif.orientation_of(picture)
    return _About(orientation, directories, info.get("dpi"), profile, info.get("xmp"), picture.format)


def _profile_of(picture: ImageFile.ImageFile, file: IO[bytes], where: str) -> bytes | None:
    """Return the color profile of an opened picture, or one of the colors that its file describes by numbers."""
    if picture.format == "PNG" and (profile := profiles.profile_of_png(file, where)) is not None:
        return profile
    return picture.info.get("icc_profile") or None


def _is_deep(picture: ImageFile.ImageFile) -> bool:
    """Return whether an opened, not yet loaded picture has 16 bits per channel."""
    return deep.deep_layout(picture) is not None or picture.mode.startswith("I")


def _large_jpeg(picture: ImageFile.ImageFile, file: IO[bytes]) -> np.ndarray | None:
    """Decode a large RGB JPEG directly into an array; return None for other pictures.

    Pillow uses four bytes per pixel, and then copies twice: three times the memory.
    """
    if picture.format != "JPEG" or picture.mode != "RGB" or picture.width * picture.height < LARGE_PIXELS:
        return None
    if is_slow(picture):
        return None
    if picture.info.get("icc_profile") and picture.info["icc_profile"][16:20] != b"RGB ":
        return None
    file.seek(0)
    return decode_whole_jpeg(file.read(), gray=False)


def _stored_pixels(picture: ImageFile.ImageFile, data: bytes, where: str) -> tuple[np.ndarray, bytes | None]:
    """Return the pixels of an opened picture, with alpha as the last channel, and their profile."""
    is_gray = picture.mode in ("1", "L", "LA") or picture.mode.startswith("I")
    profile = picture.info.get("icc_profile") if is_gray else _profile_of(picture, io.BytesIO(data), where)
    layout = deep.deep_layout(picture)
    if picture.format == "JPEG" and picture.mode in ("L", "RGB") and not is_slow(picture):
        pixels = decode_whole_jpeg(data, gray=picture.mode == "L")
        if pixels is not None:
            return pixels, profile
    picture.load()
    if layout:
        return deep.decode_deep(data, layout), profile
    if picture.mode.startswith("I"):
        return to_16_bit(picture, where), profile
    if picture.mode in ("1", "L", "LA"):
        return in_mode(picture, "LA" if picture.has_transparency_data else "L"), profile
    return to_rgb(picture, profile, where)


def _undecodable(where: str, error: Exception) -> ImageError:
    """Return the error of a failed decoder; decoders raise nearly any type: OSError, SyntaxError ..."""
    found, remedy = f"cannot be decoded ({reason(error)})", "It is damaged or incomplete"
    return ImageError(where, found, remedy=remedy, code="damaged", values={"why": reason(error)})


def _finish(pixels: np.ndarray, about: _About) -> tuple[np.ndarray, ImageMetadata]:
    """Turn pixels upright, separate alpha, and collect the metadata."""
    turn = UPRIGHT.get(about.orientation)
    if turn is not None:
        pixels = np.ascontiguousarray(turn(pixels))
    alpha = None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        alpha = np.ascontiguousarray(pixels[..., -1])
        pixels = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3])
    height, width = pixels.shape[:2]
    block = None if about.exif is None else exif.block_of(exif.of_size(about.exif, width, height))
    xmp = kept_xmp(about.xmp) if about.xmp else None
    return pixels, ImageMetadata(about.profile, block, _read_dpi(about.dpi), alpha, xmp, format=about.format)


def _read_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1 < x < 1e5 and 1 < y < 1e5 else None  # TIFF stores 1 if the resolution is unknown
