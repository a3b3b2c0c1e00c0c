"""The folder of a run: its files, who may write into it, its lines of numbers, and whether there is room.

config.yaml            the resolved experiment
environment.json       each start of the training: versions, device, threads, command
train.log              what happened, in words
metrics.jsonl          a line every `log_every` iterations, and one for each validation
previews/              the recipe's pictures of one fixed batch, one PNG each time
visualdl/              the same for VisualDL, if asked for
latest.ppgan           everything that `--resume` needs
iteration_0001000.ppgan  the same, kept every `save_every` iterations
best.ppgan             the nets that predictors use, when validation found them best
final.ppgan            the nets that predictors use, at the end
run.lock               while a training runs: which process
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
# What must stay free beside a checkpoint, for log, metrics and previews.
_MARGIN_BYTES = 16_000_000


class NoSpaceError(PpganError):
    """A checkpoint would not fit on the disk; nothing was written, the files that are there are whole."""


def check_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that the training would spoil, or cannot go on from.

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
    """Return the path of the checkpoint that is kept from an iteration."""
    return folder / f"iteration_{iteration:07d}.ppgan"


def keep_numbered(folder: Path, iteration: int, keep: int | None) -> None:
    """Keep `latest.ppgan` under the iteration's number too, and the newest `keep` of such files (all if None)."""
    path = numbered(folder, iteration)
    path.unlink(missing_ok=True)
    try:
        os.link(folder / LATEST, path)  # `latest` is replaced, never written into, so the link keeps what it is now.
    except OSError:
        shutil.copyfile(folder / LATEST, path)
    if keep is not None:
        for old in sorted(folder.glob("iteration_*.ppgan"))[:-keep]:
            old.unlink()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and hold it for this process alone.

    The lock is the operating system's, on an open file: it ends with the process, however that ends, so a lock file
    left behind by a killed one is no hindrance. The file's text says who holds it.

    Raises:
        UsageError: Another training is on its way there.
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
        # The one who held it may have removed the file between our opening and locking it.
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
            file.close()  # Windows removes no file that is open.
        with contextlib.suppress(OSError):
            path.unlink()
        file.close()


def _lock(descriptor: int) -> bool:
    """Lock an open file, without waiting, until it is closed; return False if another process holds it."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # Others cannot read a locked byte, so none of the text.
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
    """Add a line of JSON to a file; a full disk is told and costs the line, not the training."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        logger.error("%s: cannot be written (%s); the training goes on", path, error.strerror)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of JSON of a file that may have been cut in the middle of its last one."""
    if not path.exists():
        return []
    whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in whole]


def drop_lines_after(path: Path, iteration: int) -> None:
    """Drop what was written after the checkpoint that a resumed run goes back to."""
    kept = [line for line in read_lines(path) if line["iteration"] <= iteration]
    if path.exists():
        replace_file(path, "".join(json.dumps(line) + "\n" for line in kept).encode())


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Make sure that so much fits on the disk of a folder, with some left for log and metrics.

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
