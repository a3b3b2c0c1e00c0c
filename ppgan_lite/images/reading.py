"""Read picture files into arrays, upright, with color profile, alpha and metadata."""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

import numpy as np
from PIL import Image, ImageCms, ImageFile

from ppgan_lite.errors import CancelledError, ImageError, MissingDependencyError
from ppgan_lite.images import deep, exif, profiles, tiff
from ppgan_lite.images.bounds import check_growth, check_size, is_slow, mark_if_slow, pixel_bytes
from ppgan_lite.images.exif import Directories
from ppgan_lite.images.jpeg import decode_whole_jpeg
from ppgan_lite.images.tags import mended_tags
from ppgan_lite.images.xmp import kept_xmp, without_place
from ppgan_lite.runtime.files import GIT_LFS_POINTER, GIT_LFS_REMEDY

LARGE_PIXELS = 16_000_000  # JPEGs of this size or more are decoded and encoded in ways that save memory

_STRIP_PIXELS = 500_000
_START_BYTES = 64
# What each of these formats begins with, at least.
_MAY_BE_PICTURE = re.compile(rb"\xff\xd8|\x89PNG|RIFF|II|MM|BM|GIF8|P[1-7FPfy]|.{4}ftyp", re.DOTALL)
_UNUSUAL_PIXEL_BYTES = 24  # floats, and their copy as integers
_MAX_STREAM_BYTES = 2_000_000_000
_EMPTY = ("the file is empty", "a picture")

# Only these decoders of Pillow are used: some of the others start programs (EPS) or are barely maintained.
READABLE_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
READABLE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)


# EXIF orientation -> the function that turns the pixels upright.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}

_decoding = threading.Lock()
_decoding_depth = 0
_decoding_limit: int | None = None


Kept = Literal["all", "no_gps", "none"]  # parts of a photo's metadata; see `kept_metadata`


@dataclass(frozen=True, eq=False)
class ImageMetadata:
    """The data of a picture file other than its colors.

    Attributes:
        icc_profile: The RGB profile of the colors; None for sRGB.
        exif: The EXIF block without thumbnail, for a picture that is upright already.
        dpi: Horizontal and vertical resolution.
        alpha: Opacity, (height, width) in the type of the picture, the largest value being opaque; None without it.
        xmp: The XMP packet, for a picture that is upright already.
        sha256: Of the file that was read, in hexadecimal digits; None if it was given as bytes.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    alpha: np.ndarray | None = None
    xmp: bytes | None = None
    sha256: str | None = None


def kept_metadata(metadata: ImageMetadata, kept: Kept) -> ImageMetadata:
    """Return the part of a photo's metadata that its result is to have.

    Args:
        metadata: Of the photo.
        kept: "all"; "no_gps", without coordinates in EXIF and XMP; or "none", with nothing but what the picture looks
            like: color profile, opacity and resolution.
    """
    if kept == "all":
        return metadata
    if kept == "none":
        return replace(metadata, exif=None, xmp=None)
    exif_block = exif.without_place(metadata.exif) if metadata.exif else None
    return replace(metadata, exif=exif_block, xmp=without_place(metadata.xmp) if metadata.xmp else None)


@dataclass(frozen=True)
class _About:
    """What a picture file says beside its pixels.

    Attributes:
        orientation: How they are to be turned, from 1 (not at all) to 8.
        exif: The EXIF block; None without one.
        dpi: The resolution, as the decoder tells it.
        profile: Of their colors.
        xmp: The XMP packet, as the decoder gives it.
    """

    orientation: int
    exif: Directories | None
    dpi: object
    profile: bytes | None
    xmp: object


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


def read_file(path: str | Path) -> bytes:
    """Read the bytes of a picture file.

    Raises:
        ImageError: It is missing, empty, a folder, or cannot be read.
    """
    with open_file(Path(path)) as file, _naming(path):
        return file.read()


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
                pixels = _as_uint(samples, 65_535) if samples.dtype.kind == "f" else samples
                return _finish(pixels[..., 0] if pixels.shape[2] == 1 else pixels, about)
            picture = open_picture(io.BytesIO(data), where)
            pixels, profile = _stored_pixels(picture, data, where)
            return _finish(pixels, _about(picture, data, profile))
    except (ImageError, CancelledError, MissingDependencyError):
        raise
    except Exception as error:
        raise _undecodable(where, error) from error


def check_readable(path: str | Path) -> None:
    """Raise the error of `read_image` for a file that is missing or that the system refuses.

    Raises:
        ImageError: There is no such file, or it may not be reached.
    """
    with _naming(path):
        os.stat(path)


def open_file(path: Path) -> IO[bytes]:
    """Open a file of bytes; Python's own `open` takes every path that the system has."""
    with _naming(path):
        if path.is_dir():
            raise ImageError(path, "is a folder", "a picture file", code="is_folder")
        file = path.open("rb")
        if os.fstat(file.fileno()).st_size:
            return file
        with file:  # a pipe has no size, and cannot be read twice
            return _buffered(file, path)


def read_stream(stream: IO[bytes], where: str, *, keeps_16_bits: bool = False) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture from a stream that cannot be rewound, such as standard input, as `read_image` does from a file.

    Args:
        stream: Read to its end.
        where: Its name, for messages.
        keeps_16_bits: As of `read_image`.
    """
    with _naming(where):
        file = _buffered(stream, where)
    return _decode_hashed(file, where, keeps_16_bits)


def _buffered(stream: IO[bytes], where: object) -> IO[bytes]:
    start = stream.read(_START_BYTES)
    if not start:
        raise ImageError(where, *_EMPTY, code="empty")
    if not _MAY_BE_PICTURE.match(start):  # a stream may be endless, such as /dev/zero
        raise ImageError(where, *_unknown(start), code="no_picture")
    data = start + stream.read(_MAX_STREAM_BYTES - len(start) + 1)
    if len(data) > _MAX_STREAM_BYTES:
        raise ImageError(where, f"more than {_MAX_STREAM_BYTES / 1e9:.0f} GB", "a picture")
    return io.BytesIO(data)


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Raise an ImageError where the system refuses a path."""
    try:
        yield
    except FileNotFoundError as error:
        raise ImageError(path, "does not exist", code="missing") from error
    except (OSError, ValueError) as error:
        values = {"why": reason(error)}
        raise ImageError(path, f"cannot be read ({reason(error)})", code="unreadable", values=values) from error


@contextmanager
def own_size_limit() -> Iterator[None]:
    """Disable Pillow's size limit during a block: it is global, too low for scans, and its error names no size."""
    global _decoding_depth, _decoding_limit
    with _decoding:
        if _decoding_depth == 0:
            _decoding_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _decoding_depth += 1
    try:
        yield
    finally:
        with _decoding:
            _decoding_depth -= 1
            if _decoding_depth == 0:
                Image.MAX_IMAGE_PIXELS = _decoding_limit


def _decode_hashed(file: IO[bytes], where: str, keeps_16_bits: bool) -> tuple[np.ndarray, ImageMetadata]:
    """Decode a file, and add the hash of its bytes to the metadata."""
    digest = hashlib.sha256()
    with _naming(where):
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
                    samples = _as_uint(samples, 65_535) if samples.dtype.kind == "f" else samples
                    pixels, profile = _to_deep_rgb(samples, about.profile)
                else:
                    pixels, profile = _to_rgb(_as_picture(samples), about.profile, where)
                about = replace(about, profile=profile)
            else:
                picture = open_picture(io.BytesIO(data) if data else file, where)
                profile = _profile_of(picture, file, where)
                if keeps_16_bits and _is_deep(picture):
                    file.seek(0)
                    pixels, profile = _to_deep_rgb(_stored_pixels(picture, data or file.read(), where)[0], profile)
                elif (large := _large_jpeg(picture, file)) is not None:
                    pixels = large
                else:
                    picture.load()
                    pixels, profile = _to_rgb(picture, profile, where)
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
    about = _About(layout.orientation, exif.parse(data, of_a_tiff=True), dpi, profile, xmp)
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
    return _About(exif.orientation_of(picture), directories, info.get("dpi"), profile, info.get("xmp"))


def _profile_of(picture: ImageFile.ImageFile, file: IO[bytes], where: str) -> bytes | None:
    """Return the color profile of an opened picture, or one of the colors that its file describes by numbers."""
    if picture.format == "PNG" and (profile := profiles.profile_of_png(file, where)) is not None:
        return profile
    return picture.info.get("icc_profile") or None


def _as_picture(samples: np.ndarray) -> Image.Image:
    """Return samples of `tiff.read_samples` as a picture of 8 bits, rounded as Pillow rounds those of other files."""
    channels = samples.shape[2]
    if samples.dtype == np.uint16 and channels >= 3:
        samples = samples >> 8
    elif samples.dtype != np.uint8:
        samples = _as_uint(samples if samples.dtype.kind == "f" else samples / np.float32(65_535), 255)
    return Image.fromarray((samples[..., 0] if channels == 1 else samples).astype(np.uint8))


def _as_uint(values: np.ndarray, white: int) -> np.ndarray:
    """Return floats in 0..1 as integers."""
    return (values * np.float32(white) + np.float32(0.5)).astype(np.uint8 if white == 255 else np.uint16)


def _is_deep(picture: ImageFile.ImageFile) -> bool:
    """Return whether an opened, not yet loaded picture has 16 bits per channel."""
    return deep.deep_layout(picture) is not None or picture.mode.startswith("I")


def _to_deep_rgb(pixels: np.ndarray, profile: bytes | None) -> tuple[np.ndarray, bytes | None]:
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
        return _to_16_bit(picture, where), profile
    if picture.mode in ("1", "L", "LA"):
        return _in_mode(picture, "LA" if picture.has_transparency_data else "L"), profile
    return _to_rgb(picture, profile, where)


def _undecodable(where: str, error: Exception) -> ImageError:
    """Return the error of a failed decoder; decoders raise nearly any type: OSError, SyntaxError ..."""
    found, remedy = f"cannot be decoded ({reason(error)})", "It is damaged or incomplete"
    return ImageError(where, found, remedy=remedy, code="damaged", values={"why": reason(error)})


def _finish(pixels: np.ndarray, about: _About) -> tuple[np.ndarray, ImageMetadata]:
    """Turn pixels upright, separate alpha, and collect the metadata."""
    turn = _UPRIGHT.get(about.orientation)
    if turn is not None:
        pixels = np.ascontiguousarray(turn(pixels))
    alpha = None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        alpha = np.ascontiguousarray(pixels[..., -1])
        pixels = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3])
    height, width = pixels.shape[:2]
    block = None if about.exif is None else exif.block_of(exif.of_size(about.exif, width, height))
    xmp = kept_xmp(about.xmp) if about.xmp else None
    return pixels, ImageMetadata(about.profile, block, _read_dpi(about.dpi), alpha, xmp)


def open_picture(file: IO[bytes], where: str) -> ImageFile.ImageFile:
    """Identify a picture and check its size before memory for it is allocated."""
    file_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    Image.preinit()  # the decoders of most photos; the others take longer to load than many photos to decode
    try:
        picture = Image.open(file, formats=_available_formats())
    except Image.UnidentifiedImageError:
        Image.init()
        formats = _available_formats()  # AVIF came with Pillow 11.3
        try:
            picture = Image.open(file, formats=formats)
        except Image.UnidentifiedImageError as error:
            file.seek(0)
            start = file.read(_START_BYTES)
            if tiff.is_tiff(start):
                raise ImageError(where, tiff.description(start + file.read()), tiff.EXPECTED) from error
            raise ImageError(where, *_unknown(start), code="no_picture") from error
    check_size(*picture.size, where)
    check_growth(*picture.size, pixel_bytes(picture), file_bytes, where)
    mark_if_slow(picture, file, where)
    return picture


def _unknown(start: bytes) -> tuple[str, ...]:
    """Return what is found, expected and to do about a file of an unknown kind, from its first bytes."""
    if start.startswith(GIT_LFS_POINTER):
        return "is a Git LFS pointer, not the picture", "the picture", GIT_LFS_REMEDY
    Image.init()
    return "is not a picture of a known kind", f"one of {', '.join(_available_formats())}"


def _available_formats() -> list[str]:
    return [name for name in READABLE_FORMATS if name in Image.OPEN]


def _to_rgb(picture: Image.Image, profile: bytes | None, where: str) -> tuple[np.ndarray, bytes | None]:
    """Convert to 8-bit RGB, or RGBA if the file has alpha; return the pixels and their profile."""
    if picture.mode[0] in "IF":
        picture = _to_8_bit(picture, where)
    is_rgb_profile = profile is not None and profile[16:20] == b"RGB "
    if picture.mode in ("L", "CMYK") and profile is not None and not is_rgb_profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return _in_mode(converted, "RGB"), None
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: fall back to plain conversion
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return _in_mode(picture, mode), profile if is_rgb_profile else None


def _in_mode(picture: Image.Image, mode: str) -> np.ndarray:
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


def _to_16_bit(picture: Image.Image, where: str) -> np.ndarray:
    return _gray_values(picture, where)[0].astype(np.uint16)


def _gray_values(picture: Image.Image, where: str) -> tuple[np.ndarray, int]:
    """Return the values of a 16-bit or float grayscale picture, and the value of white."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else 65_535
    if not (values.min() >= 0 and values.max() <= white):
        kind = "float" if picture.mode == "F" else "32-bit"
        raise ImageError(where, f"{kind} pixels outside 0..{white}", "8 or 16 bits per channel, or floats in 0..1")
    return values, white


def _read_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1 < x < 1e5 and 1 < y < 1e5 else None  # TIFF stores 1 if the resolution is unknown


def reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
