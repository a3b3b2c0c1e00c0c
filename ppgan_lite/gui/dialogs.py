"""File dialogs that remember the folder, and the error dialog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QDir, QSettings, Qt
from PyQt5.QtWidgets import QFileDialog, QMessageBox, QWidget

from ppgan_lite.checkpoint import FOREIGN_SUFFIXES, SUFFIX
from ppgan_lite.gui import theme
from ppgan_lite.gui.texts import text
from ppgan_lite.images import READABLE_SUFFIXES, WRITABLE

CHECKPOINT_SUFFIXES = (SUFFIX, *FOREIGN_SUFFIXES)


def pick_picture(parent: QWidget, preferences: QSettings, title: str, language: str) -> Path | None:
    """Ask for a picture file; None if the user cancels."""
    return _pick(parent, preferences, title, _kinds("pictures_filter", sorted(READABLE_SUFFIXES), language), language)


def pick_checkpoint(parent: QWidget, preferences: QSettings, language: str) -> Path | None:
    """Ask for a checkpoint file."""
    kinds = _kinds("checkpoints_filter", CHECKPOINT_SUFFIXES, language)
    return _pick(parent, preferences, "open_checkpoint_title", kinds, language)


def pick_target(parent: QWidget, preferences: QSettings, name: str, language: str) -> tuple[Path, bool] | None:
    """Ask where to save.

    Args:
        parent: The window.
        preferences: Remember the folder.
        name: Suggested name; also gives the suffix where the user types none.
        language: "en" or "zh".

    Returns:
        The file and whether it may be replaced: the dialog has asked, but not about a name to which a suffix was added.
    """
    kinds = f"{text('pictures_filter', language)} ({' '.join(f'*{suffix}' for suffix in WRITABLE)})"
    start = str(Path(_folder(preferences)) / name)
    chosen, _ = QFileDialog.getSaveFileName(parent, text("save_title", language), start, kinds)
    if not chosen:
        return None
    path = Path(chosen)
    preferences.setValue("folder", str(path.parent))
    if path.suffix.lower() in WRITABLE:
        return path, True
    return path.with_name(path.name + Path(name).suffix), False


class ErrorDialog(QMessageBox):
    """Error message that does not block the window; a later error replaces an earlier one."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(QMessageBox.NoIcon, "ppgan_lite", "", QMessageBox.Ok, parent)
        self.setIconPixmap(theme.drawing("warning", 40, theme.ACCENT))
        self.setTextInteractionFlags(Qt.TextSelectableByMouse)

    def show_error(self, title: str, *lines: str) -> None:

        self.setText(title)
        self.setInformativeText("\n\n".join(lines))
        self.open()


def asks_to_close(parent: QWidget, language: str) -> bool:
    """Ask whether to close the window while a painting is being learned."""
    box = QMessageBox(QMessageBox.NoIcon, "ppgan_lite", text("close_title", language), QMessageBox.NoButton, parent)
    box.setInformativeText(text("close_question", language))
    stop = box.addButton(text("learn_stop", language), QMessageBox.AcceptRole)
    box.addButton(text("cancel", language), QMessageBox.RejectRole)
    box.exec_()
    return box.clickedButton() is stop


def _pick(parent: QWidget, preferences: QSettings, title: str, kinds: str, language: str) -> Path | None:
    chosen, _ = QFileDialog.getOpenFileName(parent, text(title, language), _folder(preferences), kinds)
    if not chosen:
        return None
    preferences.setValue("folder", str(Path(chosen).parent))
    return Path(chosen)


def _folder(preferences: QSettings) -> str:
    return str(preferences.value("folder", QDir.homePath()))


def _kinds(key: str, suffixes: Sequence[str], language: str) -> str:
    patterns = " ".join(f"*{suffix}" for suffix in suffixes)
    return f"{text(key, language)} ({patterns});;{text('all_files', language)} (*)"
