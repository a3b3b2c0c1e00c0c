"""Open picture files and streams, and tell their kind and size before memory for their pixels is taken."""

from __future__ import annotations

import io
import os
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from PIL import Image, ImageFile

from ppgan_lite.errors import ImageError
from ppgan_lite.images import tiff
from ppgan_lite.images.bounds import check_growth, check_size, mark_if_slow, pixel_bytes
from ppgan_lite.runtime.files import GIT_LFS_POINTER, GIT_LFS_REMEDY

# Only these decoders of Pillow are used: some of the others start programs (EPS) or are barely maintained.
READABLE_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
READABLE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
_START_BYTES = 64
_JPEG = b"\xff\xd8\xff"
# What each of these formats begins with, at least.
_MAY_BE_PICTURE = re.compile(rb"\xff\xd8|\x89PNG|RIFF|II|MM|BM|GIF8|P[1-7FPfy]|.{4}ftyp", re.DOTALL)
_MAX_STREAM_BYTES = 2_000_000_000
_EMPTY = ("the file is empty", "a picture")
_decoding = threading.Lock()
_decoding_depth = 0
_decoding_limit: int | None = None


def read_file(path: str | Path) -> bytes:
    """Read the bytes of a picture file.

    Raises:
        ImageError: It is missing, empty, a folder, or cannot be read.
    """
    with open_file(Path(path)) as file, naming(path):
        return file.read()


def check_readable(path: str | Path) -> None:
    """Raise the error of `read_image` for a file that is missing or that the system refuses.

    Raises:
        ImageError: There is no such file, or it may not be reached.
    """
    with naming(path):
        os.stat(path)


def open_file(path: Path) -> IO[bytes]:
    """Open a file of bytes; Python's own `open` takes every path that the system has."""
    with naming(path):
        if path.is_dir():
            raise ImageError(path, "is a folder", "a picture file", code="is_folder")
        file = path.open("rb")
        if os.fstat(file.fileno()).st_size:
            return file
        with file:  # a pipe has no size, and cannot be read twice
            return buffered(file, path)


def buffered(stream: IO[bytes], where: object) -> IO[bytes]:
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
def naming(path: str | Path) -> Iterator[None]:
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


def open_picture(file: IO[bytes], where: str) -> ImageFile.ImageFile:
    """Identify a picture and check its size before memory for it is allocated."""
    file_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        picture = _open_jpeg(file) or _open_any(file)
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


def _open_jpeg(file: IO[bytes]) -> ImageFile.ImageFile | None:
    """Open a JPEG without loading the decoders of other formats, as Pillow does; None if it is none, or damaged."""
    is_jpeg = file.read(len(_JPEG)) == _JPEG
    file.seek(0)
    if is_jpeg:
        from PIL import JpegImagePlugin

        with suppress(SyntaxError, IndexError, TypeError, struct.error):  # what Pillow takes for another format
            return JpegImagePlugin.jpeg_factory(file)
    return None


def _open_any(file: IO[bytes]) -> ImageFile.ImageFile:
    Image.preinit()  # the decoders of most photos; the others take longer to load than many photos to decode
    return Image.open(file, formats=_available_formats())


def _unknown(start: bytes) -> tuple[str, ...]:
    """Return what is found, expected and to do about a file of an unknown kind, from its first bytes."""
    if start.startswith(GIT_LFS_POINTER):
        return "is a Git LFS pointer, not the picture", "the picture", GIT_LFS_REMEDY
    Image.init()
    return "is not a picture of a known kind", f"one of {', '.join(_available_formats())}"


def _available_formats() -> list[str]:
    return [name for name in READABLE_FORMATS if name in Image.OPEN]


def reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
