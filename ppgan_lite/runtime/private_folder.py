"""A folder of one process, which ends with it, also where the process is killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ppgan_lite.runtime.locks import try_lock
from ppgan_lite.runtime.user_folders import cache_folder

_LOCK = ".lock"


class PrivateFolder:
    """A folder that nobody else may read, removed by `close`; those of processes that were killed go with the next one.

    It lies in the cache folder: folders for temporary files are kept in memory on many systems. Beside it lies a lock
    file, by which others see whether its process still runs.

    Args:
        name: Of the folder that holds it.

    Raises:
        OSError: None can be made.
    """

    def __init__(self, name: str) -> None:
        try:
            self._lock, self.path = _make(cache_folder() / name)
        except OSError:  # no home, or a read-only one
            self._lock, self.path = _make(Path(tempfile.gettempdir()) / f"ppgan_lite_{name}_{_user()}")

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        if not self._lock.closed:
            _remove(self.path, self._lock)


def _make(parent: Path) -> tuple[IO[bytes], Path]:
    parent.mkdir(0o700, parents=True, exist_ok=True)
    if os.name == "posix" and parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{parent} belongs to another user")
    for path, lock in _left_over(parent):
        _remove(path, lock)
    path = parent / os.urandom(8).hex()
    lock = path.with_suffix(_LOCK).open("x+b", buffering=0)
    # A file system that locks no files: the folder outlives its process if that is killed.
    with contextlib.suppress(OSError):
        try_lock(lock.fileno())
    path.mkdir(0o700)
    return lock, path


def _left_over(parent: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Yield the folders of processes that have ended, each with its lock file, open and locked."""
    for file in parent.glob(f"*{_LOCK}"):
        with contextlib.suppress(OSError):
            lock = file.open("r+b", buffering=0)
            try:
                ended = try_lock(lock.fileno())
            except OSError:
                ended = False
            if ended:
                yield file.with_suffix(""), lock
            else:
                lock.close()


def _remove(path: Path, lock: IO[bytes]) -> None:
    """Remove a folder, then its lock file: whatever is left without it would stay for ever."""
    shutil.rmtree(path, ignore_errors=True)
    if os.name == "nt":
        lock.close()  # Windows cannot remove an open file.
    with contextlib.suppress(OSError):
        path.with_suffix(_LOCK).unlink()
    lock.close()


def _user() -> str:
    return str(os.getuid()) if os.name == "posix" else "user"
