"""Atomic writing of files, and paths that are no files."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def replace_file(path: Path, data: bytes, *, make_folder: bool = False, durable: bool = False) -> None:
    """Write a file atomically: at any moment the path holds the old content or the new one.

    If two processes write a file, the last to finish wins. After an error the old file is unchanged.

    Args:
        path: The file; replaced if it exists.
        data: The new content.
        make_folder: Whether to create missing parent folders.
        durable: Whether to flush the bytes to disk before the file gets its name, so that it survives a power cut.

    Raises:
        OSError: It cannot be written.
    """
    temporary = path.with_name(f".{os.urandom(16).hex()}.part")  # uuid and tempfile take longer to load
    try:
        try:
            _write(temporary, data, durable=durable)
        except FileNotFoundError:
            if not make_folder:
                raise
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, data, durable=durable)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def is_stream(path: str | Path) -> bool:
    """Return whether a path is that of a pipe or a device, which has no size and cannot be read twice."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    path.write_bytes(data)
    if durable:
        with path.open("r+b") as file:  # Windows flushes only files that may be written
            os.fsync(file.fileno())
