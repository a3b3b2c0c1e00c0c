"""The folder of a run: its files, its lock, its metrics, and the space on its disk.

config.yaml            the resolved experiment
environment.json       each start of the training: versions, device, threads, command
train.log              the log, in words
metrics.jsonl          a line every `log_every` iterations, and one for each validation
previews/              a PNG of one fixed batch, each time
visualdl/              the same for VisualDL, if train.visualdl is set
latest.ppgan           all state that `--resume` needs
iteration_0001000.ppgan  the same, kept every `save_every` iterations
best.ppgan             the predictors and their nets at the best validation
final.ppgan            the predictors and their nets at the end
run.lock               the process that runs the training, while it runs
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ppgan_lite.errors import PpganError, UsageError
from ppgan_lite.runtime.files import replace_file

logger = logging.getLogger(__name__)

LATEST = "latest.ppgan"
BEST = "best.ppgan"
FINAL = "final.ppgan"
CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
ENVIRONMENT = "environment.json"
LOG = "train.log"
LOCK = "run.lock"
VISUALDL = "visualdl"
# Must stay free in addition to checkpoints, for log, metrics and previews.
_MARGIN_BYTES = 16_000_000


class NoSpaceError(PpganError):
    """A checkpoint does not fit on the disk; nothing was written, existing files are unchanged."""


def check_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that the training would overwrite, or cannot resume from.

    Raises:
        UsageError: It holds a run and `resume` is not set, it holds none and `resume` is set, or it holds other files.
    """
    if resume:
        if not (folder / LATEST).is_file():
            raise UsageError(folder, f"has no {LATEST} to resume from", remedy="Start it without --resume")
        return
    if folder.exists() and not folder.is_dir():
        raise UsageError(folder, "is a file", "a folder for the run", "Give another --run-dir")
    if (folder / LATEST).exists() or (folder / FINAL).exists():
        raise UsageError(folder, "holds a run already", remedy="Continue it with --resume or give another --run-dir")
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in (CONFIG, LOG, LOCK)):
        raise UsageError(folder, "holds other files", "an empty or new folder", "Give another --run-dir")


def numbered(folder: Path, iteration: int) -> Path:
    """Return the path of the numbered checkpoint of an iteration."""
    return folder / f"iteration_{iteration:07d}.ppgan"


def keep_numbered(folder: Path, iteration: int, keep: int | None) -> None:
    """Keep `latest.ppgan` under the number of the iteration too; keep the newest `keep` of such files (all if None)."""
    path = numbered(folder, iteration)
    path.unlink(missing_ok=True)
    try:
        os.link(folder / LATEST, path)  # `latest` is replaced, never written into, so the link keeps its content.
    except OSError:
        shutil.copyfile(folder / LATEST, path)
    if keep is not None:
        for old in sorted(folder.glob("iteration_*.ppgan"))[:-keep]:
            old.unlink()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create a folder and lock it for this process.

    The lock is one of the operating system, on an open file. It ends with the process in any case, so the lock file of
    a killed process does no harm. Its text names the process that holds the lock.

    Raises:
        UsageError: Another training holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    while True:
        file = path.open("a+b")
        if not _lock(file.fileno()):
            file.seek(0)
            holder = file.read().decode("utf-8", "replace").strip()
            file.close()
            found = f"another training is running in it ({holder})" if holder else "another training is running in it"
            raise UsageError(folder, found, remedy="Wait for it, stop it, or give another --run-dir")
        # Its holder may have removed the file between opening and locking it here.
        if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
            break
        file.close()
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        file.flush()
        yield
    finally:
        if os.name == "nt":
            file.close()  # Windows cannot remove an open file.
        with contextlib.suppress(OSError):
            path.unlink()
        file.close()


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed, without waiting; return False if another process holds the lock."""
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
            logger.warning("this file system locks no files: see to it that no other training uses the folder")
            return True
        return False
    return True


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append a line of JSON to a file; an error, such as a full disk, is logged and loses the line only."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        logger.error("%s: cannot be written (%s); the training goes on", path, error.strerror)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of JSON of a file, without a last line that is incomplete."""
    if not path.exists():
        return []
    whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in whole]


def drop_lines_after(path: Path, iteration: int) -> None:
    """Remove the lines after the iteration of the checkpoint that a run resumes from."""
    kept = [line for line in read_lines(path) if line["iteration"] <= iteration]
    if path.exists():
        replace_file(path, "".join(json.dumps(line) + "\n" for line in kept).encode())


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Check that a number of bytes, and some for log and metrics, fit on the disk of a folder.

    Raises:
        NoSpaceError: It does not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + _MARGIN_BYTES:
        found = f"{_megabytes(free)} free on its disk"
        needed = f"{_megabytes(needed_bytes + _MARGIN_BYTES)} for {what}"
        raise NoSpaceError(folder, found, needed, "Free some space, or move the run to another disk")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
