"""Atomic writing of files, appending of whole lines, and paths that are no files."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import UsageError
from ppgan_lite.runtime.user_folders import make_cache_folder

# The first bytes of the text that stands for a large file in a repository, until `git lfs` has fetched it.
GIT_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
GIT_LFS_REMEDY = "Fetch it with `git lfs pull`, or download the file itself"

_IN_MEMORY = Path("/dev/shm")  # of Linux; Docker's read-only containers can write it
_PART = re.compile(r"\.[0-9a-f]{32}\.part")  # the name under which `replace_file` writes


def replace_file(path: Path, data: bytes | bytearray, *, make_folder: bool = False, durable: bool = False) -> None:
    """Write a file atomically: at any moment the path holds the old content or the new one.

    If two processes write a file, the last to finish wins. After an error the old file is unchanged.

    Args:
        path: The file; replaced if it exists.
        data: The new content.
        make_folder: Whether to create missing parent folders.
        durable: Whether to flush the bytes to disk before the file gets its name, so that it survives a power cut.

    Raises:
        OSError: It cannot be written; `filename` is the path.
    """
    temporary = path.with_name(f"{_part_prefix(path)}{os.urandom(12).hex()}.part")  # uuid and tempfile load slowly
    try:
        try:
            _write(temporary, data, durable=durable)
        except FileNotFoundError:
            if not make_folder:
                raise
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, data, durable=durable)
        temporary.replace(path)
        if durable:
            flush_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno is not None:
            # Of the file that was asked for; a full disk names none, other errors the temporary one.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that is deleted after a block: a temporary one, or else in the cache folder or in memory.

    Raises:
        UsageError: None of these can be written.
    """
    import tempfile  # takes a hundredth of the start-up time

    with contextlib.ExitStack() as stack:
        for place in (lambda: None, make_cache_folder, lambda: _IN_MEMORY):  # a container's files may be read-only
            try:
                folder = stack.enter_context(tempfile.TemporaryDirectory(dir=place()))
                break
            except OSError as error:
                refused = error
        else:
            found = "there is no folder for temporary files"
            remedy = "Set TMPDIR or PPGAN_LITE_CACHE to a folder that can be written"
            raise UsageError("TMPDIR", found, remedy=remedy) from refused
        yield Path(folder)


def append_line(path: Path, line: str) -> None:
    """Append a line to a file, whole or not at all; characters that UTF-8 cannot encode are escaped.

    Raises:
        OSError: It cannot be written; `filename` is the path.
    """
    data = memoryview(f"{line}\n".encode("utf-8", "backslashreplace"))
    try:
        with path.open("ab", buffering=0) as file:
            start = file.seek(0, os.SEEK_END)
            try:
                while data:  # A disk that is nearly full takes a part of it.
                    data = data[file.write(data) :]
            except BaseException:
                with contextlib.suppress(OSError):
                    file.truncate(start)
                raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def end_last_line(path: Path) -> None:
    """Complete a last line that a crash cut off, so that the next line does not continue it; a missing file is none."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.write(b"\n")


def flush_file(path: Path) -> None:
    """Flush the lines that were appended to a file to disk, as far as the system can."""
    with contextlib.suppress(OSError), path.open("r+b") as file:  # Windows flushes only files that may be written
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, as far as the system can."""
    if os.name == "nt":
        return  # Windows opens no folders.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def set_aside(path: Path, word: str) -> Path:
    """Rename a file or a folder, so that its name is free: "latest.ppgan" to "latest.ppgan.damaged", or ".damaged2".

    Args:
        path: A file or folder that exists.
        word: What it is.

    Returns:
        The new path.
    """
    number = 1
    while os.path.lexists(target := path.with_name(f"{path.name}.{word}{number if number > 1 else ''}")):
        number += 1
    return path.rename(target)


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed left in a folder; nothing else may be writing there."""
    for path in folder.iterdir():
        if _PART.fullmatch(path.name):
            with contextlib.suppress(OSError):
                path.unlink()


def remove_parts_of(path: Path) -> None:
    """Remove what writers of a file that were killed left beside it; nothing else may be writing it."""
    for part in path.parent.glob(f"{_part_prefix(path)}*.part"):
        if _PART.fullmatch(part.name):
            part.unlink(missing_ok=True)


def _part_prefix(path: Path) -> str:
    return f".{zlib.crc32(os.fsencode(path.name)):08x}"  # short: a name may be as long as the system allows


def identity_of(path: str | Path, *, of_link: bool = False) -> tuple[int, int] | None:
    """Return device and number of a file or folder, the same for all paths that lead to it; None if it is not reached.

    Args:
        path: The path.
        of_link: Whether to return those of a symbolic link itself.
    """
    try:
        status = os.lstat(path) if of_link else os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None  # some drives of Windows number no files


def is_stream(path: str | Path) -> bool:
    """Return whether a path is that of a pipe or a device, which has no size and cannot be read twice."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write(path: Path, data: bytes | bytearray, *, durable: bool) -> None:
    path.write_bytes(data)
    if durable:
        with path.open("r+b") as file:  # Windows flushes only files that may be written
            os.fsync(file.fileno())
