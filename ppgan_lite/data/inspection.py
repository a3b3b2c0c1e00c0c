"""Facts about picture files for the doctor: readability, digest, size, color and a thumbnail.

An inspection costs about as much as decoding, so facts are kept in the cache folder until a file changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from ppgan_lite.errors import ImageError
from ppgan_lite.images import decode_image, long_side_at_most, reading_threads, resize
from ppgan_lite.images.exif import orientation_of
from ppgan_lite.images.opening import open_picture, own_size_limit
from ppgan_lite.runtime.threads import usable_cores
from ppgan_lite.runtime.user_folders import cache_folder

logger = logging.getLogger(__name__)

# Side of the thumbnails that pictures are compared by.
THUMBNAIL_PX = 8
# Size at which colors are measured: JPEG noise has averaged out, colored details have not.
_COARSE_PX = 64
# A pixel is colored if its channels differ by more than this, of 255; a picture, if more than this share of it is.
_COLOR_STEP = 10
_COLORED_SHARE = 0.001

# The name changes with the meaning of `Facts`, so that old entries are not found.
_TABLE = "pictures_2"
_FACTS = "digest, width, height, gray, thumbnail"
_MAX_FACTS = 1_000_000  # rows of the cache: 0.3 GB


@dataclass(frozen=True)
class Facts:
    """Facts about one picture file.

    Attributes:
        fault: Why it cannot be decoded; "" if it can.
        digest: SHA-256 of the bytes.
        width, height: In pixels, upright.
        gray: Whether it shows no color, however it is stored.
        thumbnail: 8 x 8 bytes: the picture in gray, resized without keeping its aspect.
    """

    fault: str
    digest: str = ""
    width: int = 0
    height: int = 0
    gray: bool = False
    thumbnail: bytes = b""


def inspect(path: Path) -> Facts:
    """Inspect one file; all of it is read and decoded, as in a training."""
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
    gray = float((np.ptp(image, axis=2) > _COLOR_STEP).mean()) <= _COLORED_SHARE
    thumbnail = resize(image.mean(axis=2).astype(np.uint8), THUMBNAIL_PX, THUMBNAIL_PX)
    return Facts("", hashlib.sha256(data).hexdigest(), width, height, gray, thumbnail.tobytes())


def _coarse(data: bytes, where: str) -> tuple[np.ndarray, int, int]:
    """Decode all of a picture; a JPEG at a fraction of its size, which takes a third of the time.

    Returns:
        uint8 RGB pixels; and width and height of the picture, upright.
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
            turned = orientation_of(picture) >= 5
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(where, f"cannot be decoded ({error})") from error
    return (pixels, height, width) if turned else (pixels, width, height)


def inspect_all(
    paths: Iterable[Path], *, cache: Path | None = None, progress: Callable[[float], None] | None = None
) -> dict[Path, Facts]:
    """Inspect many files on all cores; take facts about unchanged files from the cache.

    Args:
        paths: The files.
        cache: The file of the cache, instead of that in the cache folder.
        progress: Called with the finished fraction.
    """
    cache = cache or cache_folder() / "pictures.sqlite"
    stamps = {path: _stamp(path) for path in paths}
    found = _load_facts(cache, stamps)
    fresh = [path for path in stamps if path not in found]
    inspected: dict[Path, Facts] = {}
    # Threads: decoding and hashing release the global interpreter lock; processes were no faster.
    try:
        with reading_threads(usable_cores(), "doctor") as pool:
            for path, facts in zip(fresh, pool.map(inspect, fresh), strict=True):
                inspected[path] = facts
                if progress is not None:
                    progress((len(found) + len(inspected)) / len(stamps))
    finally:
        _store_facts(cache, {path: facts for path, facts in inspected.items() if not facts.fault}, stamps)
    found |= inspected
    return {path: found[path] for path in stamps}


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and modification time of a file, which identify its content."""
    try:
        stat = path.stat()
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


def _load_facts(cache: Path, stamps: Mapping[Path, tuple[int, int]]) -> dict[Path, Facts]:
    """Return the facts about files that the cache holds; a cache that cannot be read is deleted."""
    found: dict[Path, Facts] = {}
    if not cache.exists():
        return found
    try:
        with contextlib.closing(sqlite3.connect(cache)) as database:
            select = f"SELECT {_FACTS} FROM {_TABLE} WHERE path = ? AND size = ? AND time = ?"
            for path, stamp in stamps.items():
                row = database.execute(select, (_key(path), *stamp)).fetchone()
                if row is not None:
                    digest, width, height, gray, thumbnail = row
                    found[path] = Facts("", digest, width, height, bool(gray), thumbnail)
    except sqlite3.Error as error:
        logger.debug("%s: is created again (%s)", cache, error)
        with contextlib.suppress(OSError):
            cache.unlink()
        return {}
    return found


def _store_facts(cache: Path, inspected: Mapping[Path, Facts], stamps: Mapping[Path, tuple[int, int]]) -> None:
    """Keep facts about readable files; for the others the cause may lie outside of the file."""
    if not inspected:
        return
    rows = [(_key(path), *stamps[path], *astuple(facts)[1:]) for path, facts in inspected.items()]
    try:
        cache.parent.mkdir(0o700, parents=True, exist_ok=True)  # it tells which pictures there are
        with contextlib.closing(sqlite3.connect(cache)) as database, database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (path BLOB PRIMARY KEY, size, time, {_FACTS})")
            database.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            # Rows are numbered as they are inserted.
            database.execute(f"DELETE FROM {_TABLE} WHERE rowid <= (SELECT max(rowid) FROM {_TABLE}) - {_MAX_FACTS}")
    except (sqlite3.Error, OSError) as error:
        logger.debug("%s: cannot be written (%s); the next inspection takes as long as this one", cache, error)


def _key(path: Path) -> bytes:
    return os.fsencode(path.absolute())
