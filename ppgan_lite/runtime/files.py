"""Atomic writing of files, and paths that are no files."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.cache import cache_folder


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


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that is deleted after a block: among the system's temporary files, or else in the cache folder.

    Raises:
        UsageError: Neither can be written.
    """
    import tempfile  # takes a hundredth of the start-up time

    try:
        folder = tempfile.TemporaryDirectory()
    except OSError:  # as in a container whose files may only be read
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(dir=cache_folder())
        except OSError as error:
            found = "there is no folder for temporary files"
            remedy = "Set TMPDIR or PPGAN_LITE_CACHE to a folder that can be written"
            raise UsageError("TMPDIR", found, remedy=remedy) from error
    with folder:
        yield Path(folder.name)


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
