"""Locks between processes: of the operating system, on an open file, so that they end with the process in any case."""

from __future__ import annotations

import errno
import os


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, without waiting; return False if another process holds the lock.

    Raises:
        OSError: The file system locks no files.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # Outside of the text: others cannot read locked bytes.
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        return False
    return True
