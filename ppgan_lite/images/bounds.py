"""Bounds of what a picture file may cost: its pixels, its memory compared with its size, and time that can be cut."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from PIL import ImageFile

from ppgan_lite.errors import CancelledError, ImageError

logger = logging.getLogger(__name__)

# A picture of this size takes 1.2 GB as an array; larger ones are mistakes or attacks.
MAX_PIXELS = 400_000_000

# A file of a few bytes can hold pixels of one color without end. A photo has ten pixels in a byte, a drawing a hundred.
_FREE_BYTES = 200_000_000
_BYTES_PER_FILE_BYTE = 1000

# Memory for a pixel while it is decoded: Pillow's storage, the array, and what decoders take beside these.
_STORED_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
_OTHER_STORED_BYTES = 4
_ARRAY_BYTES = 3
_DECODER_BYTES = {"WEBP": 12, "AVIF": 8}

# A progressive JPEG is decoded once for each of its scans. Encoders write a dozen; a file of a megabyte can have tens
# of thousands.
_START_OF_SCAN = b"\xff\xda"
_MANY_SCANS = 64
_SLOW_PIXELS = 1_000_000_000  # in all scans
_SECONDS_PER_PIXEL = 2e-10
_TOLD_SECONDS = 2.0
_PIECE_BYTES = 1024

_thread = threading.local()  # `abandoned`: an event, on threads of `reading_threads`


def check_size(width: int, height: int, where: str, *, most_px: int | None = None) -> None:
    """Refuse a picture of too many pixels.

    Raises:
        ImageError: It has more than `most_px`, which is `MAX_PIXELS` where None is given.
    """
    most_px = MAX_PIXELS if most_px is None else most_px
    if width * height > most_px:
        found = f"{_size(width, height)} ({width * height / 1e6:.0f} megapixels)"
        most = f"{most_px / 1e6:.0f}"
        values = {"size": _size(width, height), "most": most}
        remedy = "Scale it down first"
        raise ImageError(where, found, f"at most {most} megapixels", remedy, code="too_large", values=values)


def check_growth(width: int, height: int, pixel_bytes: int, file_bytes: int, where: str) -> None:
    """Refuse a picture that needs far more memory than its file has bytes.

    Args:
        width: Of the picture.
        height: Of the picture.
        pixel_bytes: Memory for a pixel while it is decoded.
        file_bytes: Size of its file.
        where: Its name, for messages.

    Raises:
        ImageError: It grows too much.
    """
    needed = width * height * pixel_bytes
    if needed > _FREE_BYTES + _BYTES_PER_FILE_BYTE * file_bytes:
        found = f"{_size(width, height)} in {file_bytes} bytes, which take {needed / 1e6:.0f} MB of memory"
        raise ImageError(where, found, "a picture that is not almost empty", "Scale it down first")


def pixel_bytes(picture: ImageFile.ImageFile) -> int:
    """Return the memory for a pixel of an opened picture while it is decoded."""
    stored = _STORED_BYTES.get(picture.mode, _OTHER_STORED_BYTES)
    return stored + _ARRAY_BYTES + _DECODER_BYTES.get(picture.format or "", 0)


def mark_if_slow(picture: ImageFile.ImageFile, file: IO[bytes], where: str) -> None:
    """Tell of a JPEG whose scans take long, and let its decoder take it in small pieces that can be abandoned."""
    if picture.format != "JPEG":
        return
    place = file.tell()
    file.seek(0)
    scans = file.read().count(_START_OF_SCAN)
    file.seek(place)
    pixels = scans * picture.width * picture.height
    if scans <= _MANY_SCANS or pixels < _SLOW_PIXELS:
        return
    seconds = pixels * _SECONDS_PER_PIXEL
    if seconds >= _TOLD_SECONDS:
        size = _size(picture.width, picture.height)
        logger.warning("%s: is stored in %d scans of %s; reading it takes %.0f s or more", where, scans, size, seconds)
    picture.decodermaxblock = _PIECE_BYTES
    picture.fp = _Abandonable(picture.fp)  # type: ignore[assignment]


def is_slow(picture: ImageFile.ImageFile) -> bool:
    """Return whether `mark_if_slow` has marked an opened picture, which only Pillow decodes in pieces."""
    return isinstance(picture.fp, _Abandonable)


@contextlib.contextmanager
def reading_threads(count: int, name: str = "") -> Iterator[ThreadPoolExecutor]:
    """Yield threads to read pictures on. When the block is left by an error, such as Ctrl-C, nothing is waited for.

    Args:
        count: How many.
        name: With which the names of the threads begin.
    """
    abandoned = threading.Event()
    pool = ThreadPoolExecutor(count, name, initializer=lambda: setattr(_thread, "abandoned", abandoned))
    try:
        yield pool
    except BaseException:
        abandoned.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class _Abandonable:
    """A file that cannot be read any more once the threads of its reader are abandoned."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._abandoned: threading.Event | None = getattr(_thread, "abandoned", None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        if self._abandoned is not None and self._abandoned.is_set():
            raise CancelledError("reading")
        return bytes(self._file.read(size))


def _size(width: int, height: int) -> str:
    return f"{width} x {height} pixels"
