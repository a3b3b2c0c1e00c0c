"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, data: bytes, *, make_folder: bool = False, durable: bool = False) -> None:
    """Write a file that at any moment is the old one or the new one, never half of one.

    Of two processes that write it, the last one to finish wins. After an error the old file is as it was.

    Args:
        path: The file; replaced if it exists.
        data: All of its bytes.
        make_folder: Whether missing parent folders are made.
        durable: Whether the bytes are on the disk before the file gets its name, so that it outlives a power cut too.

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


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    path.write_bytes(data)
    if durable:
        with path.open("r+b") as file:  # Windows flushes only files that may be written
            os.fsync(file.fileno())
