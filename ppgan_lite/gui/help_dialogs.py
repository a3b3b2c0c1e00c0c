"""Help: all keys, where things are kept, and the program with its licenses."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt, QUrl
from PyQt5.QtGui import QDesktopServices, QKeySequence
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ppgan_lite import __version__
from ppgan_lite.gui.texts import plain, text
from ppgan_lite.runtime.user_folders import cache_folder
from ppgan_lite.styles.users import runs_folder, styles_folder

# Keys that belong to a part of the window: key of their name, key of the text.
_KEYS_OF_PARTS = (
    ("key_arrows", "key_choose_style"),
    ("key_enter", "key_paint_style"),
    ("key_delete", "key_remove"),
    ("key_f2", "key_rename"),
    ("key_space", "key_hold_original"),
    ("key_arrows", "key_pan"),
    ("key_tab_name", "key_tab"),
)
_ROOT = Path(__file__).parents[2]


class _HelpDialog(QDialog):
    """Rows of text with a button to close."""

    def __init__(self, parent: QWidget, title: str, language: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setWindowTitle(text(title, language))
        self.body = QVBoxLayout()
        buttons = QDialogButtonBox()
        buttons.addButton(text("close", language), QDialogButtonBox.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.body)
        layout.addWidget(buttons)


class KeysDialog(_HelpDialog):
    """All keys.

    Args:
        parent: The window.
        commands: Key of a command's text and its keys.
        language: Of the texts.
    """

    def __init__(self, parent: QWidget, commands: list[tuple[str, list[QKeySequence]]], language: str) -> None:
        super().__init__(parent, "keys_title", language)
        rows = [(plain(text(key, language)).rstrip("…"), _caption(keys)) for key, keys in commands if keys]
        rows += [(text(key, language), text(name, language)) for name, key in _KEYS_OF_PARTS]
        table = QWidget()
        grid = QGridLayout(table)
        grid.setHorizontalSpacing(32)
        for row, words in enumerate(rows):
            for column, word in enumerate(words):
                grid.addWidget(QLabel(word, objectName="value" if column else ""), row, column)
        area = QScrollArea()
        area.setWidget(table)
        area.setMinimumWidth(table.sizeHint().width() + 30)
        area.setMinimumHeight(min(table.sizeHint().height() + 4, 420))
        self.body.addWidget(area)
        self.rows = rows


def _caption(keys: list[QKeySequence]) -> str:
    return " / ".join(each.toString(QKeySequence.NativeText) for each in keys)


class FoldersDialog(_HelpDialog):
    """Lists the folders of the program, each with a button to show it."""

    def __init__(self, parent: QWidget, settings: Path, language: str) -> None:
        super().__init__(parent, "folders_title", language)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        self.body.addLayout(grid)
        self.folders = {
            "folder_styles": styles_folder(),
            "folder_runs": runs_folder(),
            "folder_cache": cache_folder(),
            "folder_settings": settings,
        }
        for row, (key, folder) in enumerate(self.folders.items()):
            place = QLabel(str(folder), objectName="value")
            place.setTextInteractionFlags(Qt.TextSelectableByMouse | Qt.TextSelectableByKeyboard)
            button = QPushButton(text("show", language))
            button.setAccessibleName(f"{text('show', language)}: {text(key, language)}")
            button.setEnabled(folder.exists())
            button.clicked.connect(lambda _checked, folder=folder: show_folder(folder))
            for column, widget in enumerate((QLabel(text(key, language)), place, button)):
                grid.addWidget(widget, row, column)


class AboutDialog(_HelpDialog):
    """Version and licenses."""

    def __init__(self, parent: QWidget, language: str) -> None:
        super().__init__(parent, "about_title", language)
        program = QLabel(text("about_program", language, version=__version__), objectName="title")
        terms = QLabel(text("about_license", language, pyqt=PYQT_VERSION_STR, qt=QT_VERSION_STR))
        for label in (program, terms):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextSelectableByMouse)
            self.body.addWidget(label)
        self.body.addWidget(QLabel(text("about_notice", language)))
        self.notice = QPlainTextEdit(notice())
        self.notice.setReadOnly(True)
        self.notice.setAccessibleName(text("about_notice", language))
        self.notice.setMinimumSize(560, 200)
        self.body.addWidget(self.notice)


def show_folder(folder: Path) -> None:
    """Show a folder in the system's program for files."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def notice() -> str:
    """Return the text of NOTICE, from its repository or its installation; "" where neither has it."""
    try:
        installed = [Path(str(file.locate())) for file in files("ppgan-lite") or () if file.name == "NOTICE"]
    except PackageNotFoundError:
        installed = []
    found = next((path for path in (_ROOT / "NOTICE", *installed) if path.is_file()), None)
    return "" if found is None else found.read_text(encoding="utf-8")
