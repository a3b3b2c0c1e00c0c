"""The folder of an export, which is written atomically."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import ExportError, UsageError

MODEL_CARD = "model_card.json"
_MODEL_CARDS = (MODEL_CARD, "card.json")  # the latter by version 0.1
README = "README.md"


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that an export may not be written to.

    An export replaces a folder whole, so one that holds anything else is left alone even where it may be overwritten.

    Raises:
        UsageError: It exists and may not be replaced, or Paddle cannot write files there.
    """
    try:
        str(folder.absolute()).encode()
    except UnicodeEncodeError as error:
        found = "is a name that is not UTF-8, to which Paddle cannot write"
        raise UsageError(folder, found, "another folder", "Export there, and move the result") from error
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(folder, "is a file", "a folder", "Choose another name")
    if not overwrite:
        raise UsageError(folder, "exists already", remedy="Choose another name, or allow it with overwrite=True")
    others = sorted({path.name for path in folder.iterdir()} - _exported(folder))
    if others:
        shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        raise UsageError(folder, f"holds other files ({shown})", "an earlier export", "Choose another name")


@contextlib.contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that replaces `folder` on success and is deleted after an error.

    Raises:
        ExportError: It cannot be written.
    """
    folder = folder.absolute()
    draft, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("tmp", "old"))
    try:
        draft.mkdir(parents=True)
        yield draft
        if folder.exists():
            folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        remedy = "Check the folder, its rights and the free space"
        raise ExportError(folder, f"cannot be written ({error.strerror or error})", remedy=remedy) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _exported(folder: Path) -> set[str]:
    """Return the names of the files of an earlier export in a folder."""
    for name in _MODEL_CARDS:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            return {name, README, *json.loads((folder / name).read_bytes())["files"]}
    return set()
