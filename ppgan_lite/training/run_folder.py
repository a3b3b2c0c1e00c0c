"""The folder of a run: its files, their repair after a crash, its lock, its metrics, and the space on its disk.

config.yaml            the resolved experiment
environment.json       each start of the training: versions, device, threads, command
data.txt               the data files, to tell a resume of changes
train.log              the log, in words
metrics.jsonl          a line every `log_every` iterations, and one for each validation
previews/              a PNG of one fixed batch, each time
visualdl/              the same for VisualDL, if train.visualdl is set
latest.ppgan           all state that `--resume` needs
iteration_0001000.ppgan  the same, kept every `save_every` iterations
best.ppgan             the predictors and their nets at the best validation
final.ppgan            the predictors and their nets at the end
report.html            curves, previews, and whether to go on, for a browser
run.lock               the process that runs the training, while it runs

Each file is replaced as a whole or grows by whole lines, so a crash costs at most what came after the last checkpoint.
What is damaged all the same is told and renamed (`latest.ppgan.damaged`), never written over.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
import socket
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from ppgan_lite.config import Config
from ppgan_lite.errors import CheckpointError, ImageError, PpganError, UsageError
from ppgan_lite.runs import BEST, CONFIG, FINAL, LATEST, LOG, NUMBERED
from ppgan_lite.runtime import files
from ppgan_lite.runtime.locks import try_lock

logger = logging.getLogger(__name__)

METRICS = "metrics.jsonl"
ENVIRONMENT = "environment.json"
DATA = "data.txt"
LOCK = "run.lock"
REPORT = "report.html"
PREVIEWS = "previews"
VISUALDL = "visualdl"
_FILES = (LATEST, BEST, FINAL, CONFIG, METRICS, ENVIRONMENT, DATA, LOG, REPORT)
_FOLDERS = (PREVIEWS, VISUALDL)
# The temporary files of earlier versions.
_OLD_PART = re.compile(r"\..*\.ppgan\.\d+\.tmp")
# Must stay free in addition to checkpoints, for log, metrics and previews.
_MARGIN_BYTES = 16_000_000


class NoSpaceError(PpganError):
    """A checkpoint does not fit on the disk; nothing was written, existing files are unchanged."""


class FolderError(UsageError):
    """A folder that a run cannot be written to."""


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors of the system about a run's folder into errors of one line, during a block.

    Raises:
        NoSpaceError: The disk is full.
        FolderError: The folder cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else folder
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = "Free some space, or move the run to another disk"
            raise NoSpaceError(where, f"cannot be written ({error.strerror})", remedy=remedy) from error
        remedy = "Check its rights, or give another --run-dir"
        raise FolderError(where, f"cannot be used for a run ({error.strerror})", remedy=remedy) from error


@contextlib.contextmanager
def logging_write_errors() -> Iterator[None]:
    """Log an error of writing and go on: a failed write must not end a training, since a later one may succeed."""
    try:
        yield
    except (NoSpaceError, CheckpointError, ImageError) as error:
        logger.error("%s; the training goes on", error)
    except OSError as error:
        logger.error("%s: cannot be written (%s); the training goes on", error.filename, error.strerror)


def check_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that the training would overwrite, or cannot resume from.

    Raises:
        UsageError: It holds a run and `resume` is not set, it holds none and `resume` is set, or it holds other files.
    """
    with writing(folder):
        checkpoints = sorted(folder.glob("*.ppgan")) if folder.is_dir() else []
        if resume:
            usable = [path for path in checkpoints if path.is_file()]
            if not any(path.name == LATEST or NUMBERED.fullmatch(path.name) for path in usable):
                others = [path.name for path in usable]
                if not others:
                    raise UsageError(folder, f"has no {LATEST} to resume from", remedy="Start it without --resume")
                found = f"has no {LATEST} to resume from, only {', '.join(others)}"
                remedy = f"Start another run from these weights: -o train.init_from={folder / others[-1]}"
                raise UsageError(folder, found, remedy=remedy)
            return
        if folder.exists() and not folder.is_dir():
            raise UsageError(folder, "is a file", "a folder for the run", "Give another --run-dir")
        if checkpoints:
            remedy = "Continue it with --resume or give another --run-dir"
            raise UsageError(folder, "holds a run already", remedy=remedy)
        ours = any((folder / name).exists() for name in (CONFIG, LOG, LOCK))
        if folder.is_dir() and any(folder.iterdir()) and not ours:
            raise UsageError(folder, "holds other files", "an empty or new folder", "Give another --run-dir")


def check_config(folder: Path, config: Config) -> None:
    """Refuse a folder of which the given config is a file, over which a run would write the resolved one.

    Raises:
        UsageError: It is.
    """
    own = folder / CONFIG
    identity = files.identity_of(own)
    is_given = identity is not None and identity == files.identity_of(config.source)
    if is_given and own.read_bytes() != config.dump().encode():  # equal: a run that had ended before it was saved
        found = "is the config itself, where the run writes the resolved one"
        raise UsageError(own, found, "another folder", "Give another --run-dir")


def repair(folder: Path) -> None:
    """Remove what killed writers left, complete lines that were cut off, and rename what is no file where one belongs.

    The folder must be locked.

    Raises:
        NoSpaceError: The disk is full.
        FolderError: The folder cannot be read or written.
    """
    with writing(folder):
        for inside in (folder, folder / PREVIEWS):
            if inside.is_dir():
                files.remove_parts(inside)
        for path in folder.iterdir():
            if _OLD_PART.fullmatch(path.name) and path.is_file():
                path.unlink()
        for name in (LOG, *_FILES, *_FOLDERS):
            path = folder / name
            if kind := _misplaced(path, is_folder=name in _FOLDERS):
                logger.warning("%s: is %s, renamed to %s", path, kind, files.set_aside(path, "damaged").name)
        files.end_last_line(folder / LOG)


def _misplaced(path: Path, *, is_folder: bool) -> str:
    """Return what is there instead of a file or a folder; "" if it is one, or if nothing is there."""
    if not path.exists():
        return "a link that leads nowhere" if os.path.lexists(path) else ""
    if path.is_dir() == is_folder:
        return ""
    return "no folder" if is_folder else "a folder"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create a folder and lock it for this process.

    The lock is one of the operating system, on an open file. It ends with the process in any case, so the lock file of
    a killed process does no harm. Its text names the process that holds the lock.

    Raises:
        UsageError: Another training holds the lock.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = _acquire(folder / LOCK)
    try:
        yield
    finally:
        if os.name == "nt":
            file.close()  # Windows cannot remove an open file.
        with contextlib.suppress(OSError):
            (folder / LOCK).unlink()
        file.close()


def _acquire(path: Path) -> FileIO:
    """Lock the lock file of a run; return it, open.

    Raises:
        UsageError: Another training holds the lock.
        OSError: It cannot be opened.
    """
    if _misplaced(path, is_folder=False):
        files.set_aside(path, "damaged")
    while True:
        file = path.open("a+b", buffering=0)
        if not _lock(file.fileno()):
            file.seek(0)
            holder = file.read().decode("utf-8", "replace").strip()
            file.close()
            found = f"another training is running in it ({holder})" if holder else "another training is running in it"
            raise UsageError(path.parent, found, remedy="Wait for it, stop it, or give another --run-dir")
        # Its holder may have removed the file between opening and locking it here.
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            break
        file.close()
    with contextlib.suppress(OSError):  # On a full disk, the lock holds without the name of its holder.
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return file


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, without waiting; return False if another process holds the lock."""
    try:
        return try_lock(descriptor)
    except OSError:
        logger.warning("this file system locks no files: see to it that no other training uses the folder")
        return True


def flush_lines(folder: Path) -> None:
    """Flush the metrics and the log to disk: a checkpoint that survives a power cut finds its lines there."""
    for name in (METRICS, LOG):
        files.flush_file(folder / name)


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Check that a number of bytes, and some for log and metrics, fit on the disk of a folder.

    Raises:
        NoSpaceError: It does not.
    """
    with writing(folder):
        free = shutil.disk_usage(folder).free
    if free < needed_bytes + _MARGIN_BYTES:
        found = f"{_megabytes(free)} free on its disk"
        needed = f"{_megabytes(needed_bytes + _MARGIN_BYTES)} for {what}"
        raise NoSpaceError(folder, found, needed, "Free some space, or move the run to another disk")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
