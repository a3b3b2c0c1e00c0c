"""The folder of a training run, for everyone who uses its checkpoints; `training/run_folder.py` writes it."""

from __future__ import annotations

import re
from pathlib import Path

LATEST = "latest.ppgan"
BEST = "best.ppgan"
FINAL = "final.ppgan"
CONFIG = "config.yaml"
LOG = "train.log"
NUMBERED = re.compile(r"iteration_(\d+)\.ppgan")


def is_run(folder: Path) -> bool:
    """Return whether a folder is that of a run."""
    return any((folder / name).is_file() for name in (LATEST, BEST, FINAL, LOG))


def can_be_resumed(folder: Path) -> bool:
    """Return whether a run has a checkpoint to go on from."""
    return (folder / LATEST).is_file() or bool(_numbered(folder))


def checkpoint_of(path: str | Path) -> Path:
    """Return the checkpoint that the folder of a run stands for: its best, else its final, else its latest.

    Any other path stays as it is.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    files = [file for name in (BEST, FINAL, LATEST) if (file := path / name).is_file()]
    return next(iter([*files, *_numbered(path)[-1:]]), path)


def name_of(path: str | Path) -> str:
    """Return the name that a checkpoint gives to results: that of its run, or of its file where it is in none."""
    path = Path(path)
    if path.is_dir():
        return path.absolute().name
    is_of_run = path.name in (BEST, FINAL, LATEST) or NUMBERED.fullmatch(path.name)
    return path.absolute().parent.name if is_of_run and (path.parent / LOG).is_file() else path.stem


def _numbered(folder: Path) -> list[Path]:
    """Return the numbered checkpoints of a run, the newest last."""
    found = [(int(match[1]), file) for file in folder.iterdir() if (match := NUMBERED.fullmatch(file.name))]
    return [file for _, file in sorted(found) if file.is_file()]
