"""The menus, and the actions shared by menus and tool bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu

from ppgan_lite.gui import theme
from ppgan_lite.gui.texts import LANGUAGE_NAMES, TEXTS, plain, text

# Key of the text, shortcut, icon; None is a separator.
_Entry = tuple[str, Any, str | None] | None
_FILE: list[_Entry] = [
    ("open_photo", QKeySequence.Open, "photo"),
    ("paste", QKeySequence.Paste, None),
    None,
    ("any_painting", "Ctrl+Shift+O", "painting"),
    ("learn_painting", "Ctrl+Shift+L", "brush"),
    ("load_checkpoint", "Ctrl+L", "checkpoint"),
    None,
    ("save_as", QKeySequence.Save, "save"),
    ("copy", QKeySequence.Copy, None),
    None,
    ("quit", "Ctrl+Q", None),
]
_VIEW: list[_Entry] = [
    ("fit", "Ctrl+0", None),
    ("actual_size", "Ctrl+1", None),
    ("zoom_in", QKeySequence.ZoomIn, None),
    ("zoom_out", QKeySequence.ZoomOut, None),
]


class Menus:
    """The menu bar of a window.

    Args:
        window: Its menu bar is filled.
        slots: Key of an action's text -> function to call.
        set_language: Called with "en" or "zh" when a language is chosen.

    Attributes:
        actions: Key of its text -> action.
        languages: "en" or "zh" -> action.
    """

    def __init__(
        self, window: QMainWindow, slots: dict[str, Callable[[], Any]], set_language: Callable[[str], None]
    ) -> None:
        self.actions: dict[str, QAction] = {}
        self.languages: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        for key, entries in (("menu_file", _FILE), ("menu_view", _VIEW), ("menu_language", [])):
            menu = self._menus[key] = QMenu(window)
            window.menuBar().addMenu(menu)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._action(window, *entry, slots[entry[0]]))
        group = QActionGroup(window)
        for language, name in LANGUAGE_NAMES.items():
            action = self.languages[language] = group.addAction(name)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked, language=language: set_language(language))
            self._menus["menu_language"].addAction(action)

    def show_language(self, language: str) -> None:
        """Show every text in another language."""
        self.languages[language].setChecked(True)
        for key, menu in self._menus.items():
            menu.setTitle(text(key, language))
        for key, action in self.actions.items():
            label = text(key, language)
            action.setText(label)
            action.setIconText(f" {plain(label)}")  # the style leaves no gap next to an icon
            tip = text(f"{key}_tip", language) if f"{key}_tip" in TEXTS else plain(label)

            action.setToolTip(f"{tip} ({action.shortcut().toString(QKeySequence.NativeText)})")

    def _action(
        self, window: QMainWindow, key: str, shortcut: Any, icon: str | None, slot: Callable[[], Any]
    ) -> QAction:
        action = self.actions[key] = QAction(window)
        action.setShortcut(QKeySequence(shortcut))
        action.triggered.connect(lambda _checked=False: slot())
        if icon is not None:
            action.setIcon(theme.icon(icon))
            action.setIconVisibleInMenu(False)
        return action
