"""The checkpoints of a run that it can be resumed from: `latest.ppgan`, and the numbered ones that stay."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np

from ppgan_lite.checkpoint import Header, read_checkpoint
from ppgan_lite.errors import CheckpointError
from ppgan_lite.runs import BEST, FINAL, LATEST, NUMBERED
from ppgan_lite.runtime import files

logger = logging.getLogger(__name__)


def numbered(folder: Path, iteration: int) -> Path:
    """Return the path of the numbered checkpoint of an iteration."""
    return folder / f"iteration_{iteration:07d}.ppgan"


def numbered_checkpoints(folder: Path) -> dict[int, Path]:
    """Return iteration -> numbered checkpoint, the newest last."""
    found = {int(match[1]): path for path in folder.iterdir() if (match := NUMBERED.fullmatch(path.name))}
    return {iteration: path for iteration, path in sorted(found.items()) if path.is_file()}


def keep_numbered(folder: Path, iteration: int, keep: int | None) -> None:
    """Keep `latest.ppgan` under the number of the iteration too; keep the newest `keep` of such files (all if None).

    A run that went back to an earlier checkpoint meets files of its own future: they are never written over, and do not
    count.
    """
    path = numbered(folder, iteration)
    if os.path.lexists(path):
        logger.info("%s: stays as %s", path, files.set_aside(path, "earlier").name)
    try:
        os.link(folder / LATEST, path)  # `latest` is replaced, never written into, so the link keeps its content.
    except OSError:
        files.replace_file(path, (folder / LATEST).read_bytes(), durable=True)
    if keep is not None:
        until_now = [path for number, path in numbered_checkpoints(folder).items() if number <= iteration]
        for old in until_now[:-keep]:
            old.unlink()


def resumable(folder: Path) -> list[Path]:
    """Return the checkpoints that a run could be resumed from: `latest.ppgan`, then numbered ones, the newest first."""
    latest = [folder / LATEST] if (folder / LATEST).is_file() else []
    return latest + list(reversed(numbered_checkpoints(folder).values()))


def read_newest(folder: Path) -> tuple[Path, Header, dict[str, np.ndarray]]:
    """Read `latest.ppgan`; where it is missing or damaged, the newest numbered checkpoint that is whole, and say so.

    Returns:
        Its path, header and tensors.

    Raises:
        CheckpointError: There is none; the error is that of `latest.ppgan`.
    """
    try:
        return folder / LATEST, *read_checkpoint(folder / LATEST)
    except CheckpointError as error:
        for path in reversed(numbered_checkpoints(folder).values()):
            try:
                header, tensors = read_checkpoint(path)
            except CheckpointError as other:
                logger.warning("%s", other)
                continue
            logger.warning("%s: %s; going on from %s", folder / LATEST, error.found, path.name)
            return path, header, tensors
        others = [name for name in (BEST, FINAL) if (folder / name).is_file()]
        if not others:
            raise
        remedy = f"Start another run from the weights of {others[-1]}: -o train.init_from={folder / others[-1]}"
        raise CheckpointError(folder / LATEST, error.found, error.expected, remedy) from error


def set_damaged_aside(folder: Path, *, newest: Path, best: int) -> None:
    """Rename the checkpoints of a resumed run that are damaged, so that they are not written over.

    Args:
        folder: The run.
        newest: The checkpoint that it is resumed from.
        best: The iteration of its best validation; 0 without one.

    Raises:
        OSError: The folder cannot be written.
    """
    if newest.name != LATEST and (folder / LATEST).exists():
        files.set_aside(folder / LATEST, "damaged")
    if best:
        try:
            read_checkpoint(folder / BEST)
        except CheckpointError as error:
            aside = f", renamed to {files.set_aside(folder / BEST, 'damaged').name}" if (folder / BEST).exists() else ""
            logger.warning("%s: %s%s; a better validation will write it again", folder / BEST, error.found, aside)
