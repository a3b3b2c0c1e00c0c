"""What the doctor knows of each picture file: whether it can be decoded, its digest, size, colours and look.

Looking costs about as much as decoding, so what was found is kept in the cache folder until a file changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags

from ppgan_lite.errors import ImageError
from ppgan_lite.images import decode_image, long_side_at_most, resize
from ppgan_lite.images.reading import open_picture, own_size_limit
from ppgan_lite.runtime.cache import cache_folder
from ppgan_lite.runtime.threads import usable_cores

logger = logging.getLogger(__name__)

# Sides of the thumbnails that pictures are compared by.
THUMBNAIL_PX = 8
# Colours are judged at about this size: JPEG's noise has averaged out, a coloured detail has not.
_COARSE_PX = 64
# A pixel whose channels differ by more, of 255, has a colour; so many of them, and so has the picture.
_COLOUR_STEP = 10
_COLOURED_SHARE = 0.001

# Named anew whenever `Facts` change their meaning: the old ones are not found then.
_TABLE = "pictures_1"
_FACTS = "digest, width, height, grey, thumbnail"


@dataclass(frozen=True)
class Facts:
    """What there is to know of one picture file.

    Attributes:
        fault: Why it cannot be decoded; "" if it can.
        digest: Of the file's bytes.
        width, height: In pixels, upright.
        grey: Whether it shows no colour, however it is stored.
        thumbnail: 8 x 8 bytes: the picture in grey, its sides squeezed to that.
    """

    fault: str
    digest: str = ""
    width: int = 0
    height: int = 0
    grey: bool = False
    thumbnail: bytes = b""


def inspect(path: Path) -> Facts:
    """Look at one file: all of it is read and decoded, as a training would find it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return Facts(f"cannot be read ({error.strerror})")
    if not data:
        return Facts("the file is empty")
    try:
        image, width, height = _coarse(data, str(path))
    except ImageError as error:
        return Facts(error.found)
    image = long_side_at_most(image, _COARSE_PX)
    grey = float((np.ptp(image, axis=2) > _COLOUR_STEP).mean()) <= _COLOURED_SHARE
    thumbnail = resize(image.mean(axis=2).astype(np.uint8), THUMBNAIL_PX, THUMBNAIL_PX)
    return Facts("", hashlib.sha256(data).hexdigest(), width, height, grey, thumbnail.tobytes())


def _coarse(data: bytes, where: str) -> tuple[np.ndarray, int, int]:
    """Decode all of a picture, a JPEG at a fraction of its size: that takes a third of the time.

    Returns:
        uint8 RGB pixels; and the picture's width and height, upright.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        image, _ = decode_image(data, where)
        return image, image.shape[1], image.shape[0]
    with own_size_limit():
        try:
            picture = open_picture(io.BytesIO(data), where)
            width, height = picture.size
            picture.draft(None, (_COARSE_PX, _COARSE_PX))
            pixels = np.asarray(picture.convert("RGB"))
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(where, f"cannot be decoded ({error})") from error
    return (pixels, height, width) if turned else (pixels, width, height)


def inspect_all(
    paths: Iterable[Path], *, cache: Path | None = None, progress: Callable[[float], None] | None = None
) -> dict[Path, Facts]:
    """Look at many files, on all cores; those that have not changed since the last time are known from the cache.

    Args:
        paths: The files.
        cache: The cache's file, instead of the one in the cache folder.
        progress: Called with the share that is done.
    """
    cache = cache or cache_folder() / "pictures.sqlite"
    stamps = {path: _stamp(path) for path in paths}
    found = _recalled(cache, stamps)
    fresh = [path for path in stamps if path not in found]
    seen: dict[Path, Facts] = {}
    # Threads: decoding and hashing release Python's lock, and processes measured no faster.
    with ThreadPoolExecutor(usable_cores(), thread_name_prefix="doctor") as pool:
        try:
            for path, facts in zip(fresh, pool.map(inspect, fresh), strict=True):
                seen[path] = facts
                if progress is not None:
                    progress((len(found) + len(seen)) / len(stamps))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            _remember(cache, {path: facts for path, facts in seen.items() if not facts.fault}, stamps)
    found |= seen
    return {path: found[path] for path in stamps}


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of a file: while they stay, so does what is in it."""
    try:
        stat = path.stat()
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _recalled(cache: Path, stamps: Mapping[Path, tuple[int, int]]) -> dict[Path, Facts]:
    """Return what the cache knows of those files; a cache that cannot be read knows nothing and is deleted."""
    found: dict[Path, Facts] = {}
    if not cache.exists():
        return found
    try:
        with contextlib.closing(sqlite3.connect(cache)) as database:
            select = f"SELECT {_FACTS} FROM {_TABLE} WHERE path = ? AND size = ? AND time = ?"
            for path, stamp in stamps.items():
                row = database.execute(select, (_key(path), *stamp)).fetchone()
                if row is not None:
                    digest, width, height, grey, thumbnail = row
                    found[path] = Facts("", digest, width, height, bool(grey), thumbnail)
    except sqlite3.Error as error:
        logger.debug("%s: is made anew (%s)", cache, error)
        with contextlib.suppress(OSError):
            cache.unlink()
        return {}
    return found


def _remember(cache: Path, seen: Mapping[Path, Facts], stamps: Mapping[Path, tuple[int, int]]) -> None:
    """Keep what was found of files that can be decoded; of the others the reason may lie outside of the file."""
    if not seen:
        return
    rows = [(_key(path), *stamps[path], *astuple(facts)[1:]) for path, facts in seen.items()]
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(cache)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (path BLOB PRIMARY KEY, size, time, {_FACTS})")
            database.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    except (sqlite3.Error, OSError) as error:
        logger.debug("%s: cannot be written (%s); the next look takes as long as this one", cache, error)


def _key(path: Path) -> bytes:
    return os.fsencode(path.absolute())
