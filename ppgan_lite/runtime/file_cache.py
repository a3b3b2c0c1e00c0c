"""Files that take time to make, kept for the next start: checked before use, of this user alone, bounded."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from ppgan_lite.runtime.files import replace_file
from ppgan_lite.runtime.user_folders import cache_folder, make_cache_folder

_DIGEST_BYTES = 32
_LEFTOVER_S = 3600  # age of a temporary file whose process was killed


@dataclass(frozen=True)
class FileCache:
    """A folder in the cache folder; each of its files begins with a SHA-256 of its name and content.

    So a damaged file, one under another's name, or one of an earlier format is as good as none. The folder may be used
    by several processes: a file is written atomically, and whoever finds it gone or damaged makes it again. Others may
    neither read nor write the folder, so no other user decides what is computed here. Files that were used longest ago
    make room for new ones.

    Attributes:
        name: Of the folder.
        max_bytes: Size that the folder may have.
    """

    name: str
    max_bytes: int

    @property
    def folder(self) -> Path:
        """The folder, whether it is there or not."""
        return cache_folder() / self.name

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, and mark it as just used; None if it is not there or not as it was written."""
        path = self.folder / name
        try:
            self._check_private()
            with path.open("rb", buffering=0) as file:
                digest, data = file.read(_DIGEST_BYTES), file.read()
        except OSError:
            return None
        if digest != _digest(name, data):
            return None
        with contextlib.suppress(OSError):  # the cache may be read-only
            os.utime(path)
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file.

        Raises:
            OSError: It cannot be written, or the folder belongs to another user.
        """
        folder = self.folder
        make_cache_folder()
        folder.mkdir(0o700, exist_ok=True)
        self._check_private()
        is_new = not (folder / name).exists()
        try:
            replace_file(folder / name, _digest(name, data) + data)
        except PermissionError:
            if self.read(name) is None:  # Windows does not replace a file that another process is reading
                raise
        if is_new:
            self._evict(keep=name)

    def _check_private(self) -> None:
        """Make the folder this user's alone.

        Raises:
            OSError: It is not there, or somebody else may write it.
        """
        if os.name != "posix":
            return  # Windows: in the user's profile
        found = os.stat(self.folder)
        is_own = found.st_uid == os.getuid()
        if is_own and stat.S_IMODE(found.st_mode) & 0o077:
            with contextlib.suppress(OSError):  # read-only
                os.chmod(self.folder, 0o700)
                return
        if not (is_own or found.st_uid == 0):
            raise PermissionError(errno.EPERM, "belongs to another user", str(self.folder))
        if found.st_mode & 0o022:
            raise PermissionError(errno.EPERM, "can be written by other users", str(self.folder))

    def _evict(self, keep: str) -> None:
        """Delete leftovers, and the files that were used longest ago until the folder is small enough."""
        total = 0
        with contextlib.suppress(OSError):
            files = [(file, file.stat()) for file in self.folder.iterdir()]
            for file, found in sorted(files, key=lambda pair: pair[1].st_atime_ns, reverse=True):
                if file.suffix == ".part":  # being written, or left by a process that was killed
                    is_superfluous = found.st_mtime < time.time() - _LEFTOVER_S
                else:
                    total += found.st_size
                    is_superfluous = total > self.max_bytes and file.name != keep
                if is_superfluous:
                    file.unlink(missing_ok=True)


def _digest(name: str, data: bytes) -> bytes:
    found = hashlib.sha256(f"{name}\n".encode())
    found.update(data)
    return found.digest()
