"""File dialogs that remember their folders, and the error dialog."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QFileDialog, QMessageBox, QWidget

from ppgan_lite.checkpoint import FOREIGN_SUFFIXES, SUFFIX
from ppgan_lite.gui import icons, theme
from ppgan_lite.gui.clips import OPENABLE_SUFFIXES
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.texts import text
from ppgan_lite.images import READABLE_SUFFIXES, WRITABLE

CHECKPOINT_SUFFIXES = (SUFFIX, *FOREIGN_SUFFIXES)


def pick_picture(parent: QWidget, preferences: Preferences, title: str, folder: str, language: str) -> Path | None:
    """Ask for a picture file, in the remembered folder of a kind; None if the user cancels."""
    kinds = _kinds("pictures_filter", sorted(READABLE_SUFFIXES), language)
    return _pick(parent, preferences, title, folder, kinds, language)


def pick_photo(parent: QWidget, preferences: Preferences, language: str) -> Path | None:
    """Ask for a photo or a clip."""
    kinds = _kinds("photos_filter", sorted(OPENABLE_SUFFIXES), language)
    return _pick(parent, preferences, "open_photo_title", "photos", kinds, language)


def pick_checkpoint(parent: QWidget, preferences: Preferences, language: str) -> Path | None:
    """Ask for a checkpoint file."""
    kinds = _kinds("checkpoints_filter", CHECKPOINT_SUFFIXES, language)
    return _pick(parent, preferences, "open_checkpoint_title", "paintings", kinds, language)


def pick_target(
    parent: QWidget,
    preferences: Preferences,
    name: str,
    language: str,
    *,
    title: str = "save_title",
    folder: str = "results",
) -> tuple[Path, bool] | None:
    """Ask where to save a picture.

    Args:
        parent: The window.
        preferences: Remember the folder.
        name: Suggested name; also gives the suffix where the user types none.
        language: Of the texts.
        title: Key of the dialog's title.
        folder: The kind of folder that is remembered.

    Returns:
        The file and whether it may be replaced: the dialog has asked, but not about a name to which a suffix was added.
    """
    kinds = f"{text('pictures_filter', language)} ({' '.join(f'*{suffix}' for suffix in WRITABLE)})"
    start = str(preferences.folder(folder) / name)
    chosen, _ = QFileDialog.getSaveFileName(parent, text(title, language), start, kinds)
    if not chosen:
        return None
    path = Path(chosen)
    preferences.remember_folder(folder, path.parent)
    if path.suffix.lower() in WRITABLE:
        return path, True
    return path.with_name(path.name + Path(name).suffix), False


class ErrorDialog(QMessageBox):
    """Error messages that do not block the window: one at a time, and the next when it is closed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(QMessageBox.NoIcon, "ppgan_lite", "", QMessageBox.Ok, parent)
        self._waiting: deque[tuple[str, str]] = deque()
        self.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.finished.connect(lambda _code: QTimer.singleShot(0, self._show_next))

    def show_error(self, title: str, *lines: str) -> None:
        """Show an error, or keep it until those before it are closed; one that is there already is not repeated."""
        error = title, "\n\n".join(lines)
        if error not in self._waiting and not (self.isVisible() and error == (self.text(), self.informativeText())):
            self._waiting.append(error)
        self._show_next()

    def _show_next(self) -> None:
        if self._waiting and not self.isVisible():
            title, line = self._waiting.popleft()
            self.setIconPixmap(icons.drawing("warning", 40, theme.colors().accent))
            self.setText(title)
            self.setInformativeText(line)
            self.open()


def asks_to_delete(parent: QWidget, title: str, language: str) -> bool:
    """Ask whether to delete a style of the user's."""
    question = text("delete_question", language, title=title)
    box = QMessageBox(QMessageBox.NoIcon, "ppgan_lite", question, QMessageBox.NoButton, parent)
    box.setInformativeText(text("delete_hint", language))
    delete = box.addButton(text("delete_style", language), QMessageBox.DestructiveRole)
    box.setDefaultButton(box.addButton(text("cancel", language), QMessageBox.RejectRole))
    box.exec_()
    return box.clickedButton() is delete


def asks_to_close(parent: QWidget, work: str, language: str) -> bool:
    """Ask whether to close the window while there is work that takes long: "learn" or "batch"."""
    title = text(f"{work}_close_title", language)
    box = QMessageBox(QMessageBox.NoIcon, "ppgan_lite", title, QMessageBox.NoButton, parent)
    box.setInformativeText(text(f"{work}_close_question", language))
    stop = box.addButton(text(f"{work}_close_stop", language), QMessageBox.AcceptRole)
    box.addButton(text("cancel", language), QMessageBox.RejectRole)
    box.exec_()
    return box.clickedButton() is stop


def asks_about_unsaved(parent: QWidget, count: int, language: str) -> str:
    """Ask what becomes of results that are not saved when the window closes: "save", "close" or "cancel"."""
    title = text("unsaved_title_one" if count == 1 else "unsaved_title", language, count=count)
    box = QMessageBox(QMessageBox.NoIcon, "ppgan_lite", title, QMessageBox.NoButton, parent)
    box.setInformativeText(text("unsaved_question", language))
    save = box.addButton(text("unsaved_save", language), QMessageBox.AcceptRole)
    close = box.addButton(text("unsaved_close", language), QMessageBox.DestructiveRole)
    cancel = box.addButton(text("cancel", language), QMessageBox.RejectRole)
    box.setDefaultButton(save)
    box.setEscapeButton(cancel)
    box.exec_()
    return {save: "save", close: "close"}.get(box.clickedButton(), "cancel")


def pick_folder(parent: QWidget, preferences: Preferences, title: str, folder: str, language: str) -> Path | None:
    """Ask for a folder, beginning in the remembered one of a kind; None if the user cancels."""
    chosen = QFileDialog.getExistingDirectory(parent, text(title, language), str(preferences.folder(folder)))
    if not chosen:
        return None
    preferences.remember_folder(folder, Path(chosen))
    return Path(chosen)


def _pick(parent: QWidget, preferences: Preferences, title: str, folder: str, kinds: str, language: str) -> Path | None:
    start = str(preferences.folder(folder))
    chosen, _ = QFileDialog.getOpenFileName(parent, text(title, language), start, kinds)
    if not chosen:
        return None
    preferences.remember_folder(folder, Path(chosen).parent)
    return Path(chosen)


def _kinds(key: str, suffixes: Sequence[str], language: str) -> str:
    patterns = " ".join(f"*{suffix}" for suffix in suffixes)
    return f"{text(key, language)} ({patterns});;{text('all_files', language)} (*)"
