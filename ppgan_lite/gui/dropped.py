"""Content that was dropped on the window or pasted into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QMimeData
from PyQt5.QtGui import QImage

from ppgan_lite.gui.dialogs import CHECKPOINT_SUFFIXES
from ppgan_lite.gui.pixels import from_qimage
from ppgan_lite.runs import is_run


@dataclass(frozen=True, eq=False)
class Dropped:
    """The parts that the window can open.

    Attributes:
        checkpoints: Files that are checkpoints by their name, and folders of trainings.
        folders: Folders, of which nobody knows yet what is in them.
        pictures: All other files.
        image: Pixels that belong to no file, uint8 (height, width, 3) RGB, with their opacity where they have any.
    """

    checkpoints: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    pictures: tuple[Path, ...] = ()
    image: tuple[np.ndarray, np.ndarray | None] | None = None


def accepts_mime(mime: QMimeData) -> bool:
    """Return whether the window can open such content, without reading it."""
    return bool(local_files(mime)) or mime.hasImage()


def read_mime(mime: QMimeData) -> Dropped | None:
    """Return the content that can be opened; None if there is none."""

    paths = local_files(mime)
    if paths:
        checkpoints = tuple(path for path in paths if path.suffix.lower() in CHECKPOINT_SUFFIXES or is_run(path))
        folders = tuple(path for path in paths if path.is_dir() and path not in checkpoints)
        return Dropped(checkpoints, folders, tuple(path for path in paths if path not in (*checkpoints, *folders)))
    picture = mime.imageData() if mime.hasImage() else None
    if not isinstance(picture, QImage) or picture.isNull():
        return None
    return Dropped(image=from_qimage(picture))


def local_files(mime: QMimeData) -> list[Path]:
    """Return the files and folders of this machine in it."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
