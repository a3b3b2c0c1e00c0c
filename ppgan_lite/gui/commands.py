"""All commands of the window in one table: menus, tool bar and keys are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu, QSizePolicy, QWidget

from ppgan_lite.gui import icons
from ppgan_lite.gui.appearance import APPEARANCES
from ppgan_lite.gui.command_bar import CommandBar
from ppgan_lite.gui.mix_menu import MixMenu
from ppgan_lite.gui.presets_menu import PresetsMenu
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.texts import LANGUAGE_NAMES, has_text, plain, text
from ppgan_lite.gui.user_actions import UserActions

Shortcut: TypeAlias = "str | QKeySequence.StandardKey"


def _always(_session: Session) -> bool:
    return True


def _has_result(session: Session) -> bool:
    return session.state.result is not None and session.preview is None  # what is saved is what is shown


def _has_previews(session: Session) -> bool:
    return session.live


def _has_photo(session: Session) -> bool:
    return session.state.photo is not None


def _is_saved(session: Session) -> bool:
    return session.saving.file_of_shown() is not None


def _has_unsaved(session: Session) -> bool:
    return bool(session.history.unsaved)


def _is_painting(session: Session) -> bool:
    return session.work is not None or session.cards.loading is not None


def _can_undo(session: Session) -> bool:
    return session.history.neighbor(-1) is not None


def _can_redo(session: Session) -> bool:
    return session.history.neighbor(1) is not None


def _is_free(session: Session) -> bool:
    return session.work is None


@dataclass(frozen=True)
class Command:
    """Something that the user can do from a menu, the tool bar or the keyboard.

    Attributes:
        key: Of its text, and of its tip where `KEY_tip` is a text.
        run: What it does.
        menu: Key of the menu's text.
        shortcuts: Keys; the first one is shown.
        icon: Name of a drawing of `icons`.
        enabled: Whether it can be done now.
        separated: Whether a line stands before it in its menu.
        checked: Whether it is on now; None where it is nothing that is on or off.
    """

    key: str
    run: Callable[[UserActions], object]
    menu: str
    shortcuts: tuple[Shortcut, ...] = ()
    icon: str | None = None
    enabled: Callable[[Session], bool] = _always
    separated: bool = False
    checked: Callable[[Session], bool] | None = None


COMMANDS = (
    Command("open_photo", UserActions.pick_photo, "menu_file", (QKeySequence.Open,), "photo"),
    Command("paste", UserActions.paste, "menu_file", (QKeySequence.Paste,)),
    Command("any_painting", UserActions.pick_painting, "menu_file", ("Ctrl+Shift+O",), "painting", separated=True),
    Command("learn_painting", UserActions.pick_learning, "menu_file", ("Ctrl+Shift+L",), "brush"),
    Command("load_checkpoint", UserActions.pick_checkpoint, "menu_file", ("Ctrl+L",), "checkpoint"),
    Command("batch", UserActions.open_batch, "menu_file", ("Ctrl+Shift+P",), separated=True),
    Command("again", UserActions.pick_again, "menu_file"),
    Command("save_as", UserActions.pick_save, "menu_file", (QKeySequence.Save,), "save", _has_result, separated=True),
    Command("save_all", UserActions.save_unsaved, "menu_file", ("Ctrl+Shift+S",), enabled=_has_unsaved),
    Command("copy", UserActions.copy_result, "menu_file", (QKeySequence.Copy,), enabled=_has_result),
    Command("copy_command", UserActions.copy_command, "menu_file", ("Ctrl+Shift+C",), enabled=_has_result),
    Command("show_saved", UserActions.show_saved, "menu_file", enabled=_is_saved),
    Command("quit", UserActions.close_window, "menu_file", ("Ctrl+Q",), separated=True),
    Command("run", UserActions.run, "menu_picture", ("Ctrl+Return", "Ctrl+Enter"), enabled=_is_free),
    Command("cancel", UserActions.cancel, "menu_picture", ("Esc",), enabled=_is_painting),
    Command("live_preview", UserActions.toggle_previews, "menu_picture", separated=True, checked=_has_previews),
    Command("undo", UserActions.undo, "menu_picture", (QKeySequence.Undo,), enabled=_can_undo, separated=True),
    Command("redo", UserActions.redo, "menu_picture", (QKeySequence.Redo, "Ctrl+Y"), enabled=_can_redo),
    Command("find_style", UserActions.find_style, "menu_picture", (QKeySequence.Find,)),
    Command("mask", UserActions.edit_mask, "menu_picture", ("Ctrl+M",), "mask", _has_photo, separated=True),
    Command("fit", UserActions.fit, "menu_view", ("Ctrl+0",)),
    Command("actual_size", UserActions.actual_size, "menu_view", ("Ctrl+1",)),
    Command("zoom_in", UserActions.zoom_in, "menu_view", (QKeySequence.ZoomIn, "Ctrl+=")),
    Command("zoom_out", UserActions.zoom_out, "menu_view", (QKeySequence.ZoomOut,)),
    Command("split", UserActions.toggle_split, "menu_view", ("Ctrl+B",), enabled=_has_result, separated=True),
    Command("swap", UserActions.swap_sides, "menu_view", ("Ctrl+Shift+B",), enabled=_has_result),
    Command("original", UserActions.toggle_original, "menu_view", enabled=_has_result),
    Command("keys", UserActions.show_keys, "menu_help", ("F1",)),
    Command("folders", UserActions.show_folders, "menu_help"),
    Command("copy_log", UserActions.copy_log, "menu_help"),
    Command("about", UserActions.show_about, "menu_help", separated=True),
)
QUALITIES = ("80", "90", "95", "100")
MENUS = ("menu_file", "menu_picture", "menu_view", "menu_language", "menu_help")
# None is a gap, after which the rest stands on the right.
TOOLBAR: tuple[str | None, ...] = (
    "open_photo",
    "any_painting",
    "learn_painting",
    "load_checkpoint",
    "mask",
    None,
    "save_as",
)
SHORTENED = ("any_painting", "learn_painting", "load_checkpoint", "mask")  # icons alone in a narrow window


class Commands:
    """The commands of a window as Qt's actions, in its menu bar.

    Args:
        window: Its menu bar is filled.
        user_actions: Does them.
        set_language: Called with a language that is chosen.
        set_appearance: Called with one of `APPEARANCES` that is chosen.
        set_quality: Called with one of `QUALITIES` that is chosen.

    Attributes:
        actions: Key of a command -> action.
        languages: Language -> action.
        appearances: One of `APPEARANCES` -> action.
        qualities: One of `QUALITIES` -> action.
    """

    def __init__(
        self,
        window: QMainWindow,
        user_actions: UserActions,
        set_language: Callable[[str], None],
        set_appearance: Callable[[str], None],
        set_quality: Callable[[str], None],
    ) -> None:
        self.actions: dict[str, QAction] = {}
        self._bar = CommandBar()
        self._menus = {key: QMenu(window) for key in MENUS}
        for menu in self._menus.values():
            window.menuBar().addMenu(menu)
        for command in COMMANDS:
            action = self.actions[command.key] = self._action(window, command, user_actions)
            if command.separated:
                self._menus[command.menu].addSeparator()
            self._menus[command.menu].addAction(action)
            if command.key == "show_saved":
                self._menus["menu_quality"] = self._menus["menu_file"].addMenu("")
            if command.key == "open_photo":
                self._menus["menu_recent"] = self._menus["menu_file"].addMenu("")
        recent = self._menus["menu_recent"]
        recent.aboutToShow.connect(lambda: self._fill_recent(recent, user_actions))
        self._menus["menu_mix"] = self._menus["menu_picture"].addMenu("")
        self._mix = MixMenu(self._menus["menu_mix"], user_actions)
        self._menus["menu_presets"] = self._menus["menu_picture"].addMenu("")
        self._presets = PresetsMenu(self._menus["menu_presets"], user_actions)
        user_actions.keys = self.all_keys
        self.languages = self._choices("menu_language", LANGUAGE_NAMES, set_language)
        for name, action in self.languages.items():
            action.setText(LANGUAGE_NAMES[name])
        self._menus["menu_view"].addSeparator()
        self._menus["menu_appearance"] = self._menus["menu_view"].addMenu("")
        self.appearances = self._choices("menu_appearance", APPEARANCES, set_appearance)
        self.qualities = self._choices("menu_quality", QUALITIES, set_quality)

    def all_keys(self) -> list[tuple[str, list[QKeySequence]]]:
        """Return the key of each command's text, and its keys."""
        return [(key, action.shortcuts()) for key, action in self.actions.items()]

    def fill(self, bar: CommandBar) -> None:
        """Put the most important commands into the tool bar."""
        self._bar = bar
        for key in TOOLBAR:
            if key is None:
                gap = QWidget()
                gap.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)
                bar.addWidget(gap)
                bar.addWidget(bar.search)
                continue
            bar.addAction(self.actions[key])
            if key == "open_photo":
                bar.addSeparator()
        bar.shortened = [self.actions[key] for key in SHORTENED]

    def show_language(self, language: str) -> None:
        """Show every text in another language."""
        self.languages[language].setChecked(True)
        self._mix.language = self._presets.language = language
        for key, menu in self._menus.items():
            menu.setTitle(text(key, language))
        for name, action in self.appearances.items():
            action.setText(text(f"appearance_{name}", language))
        for name, action in self.qualities.items():
            action.setText(text(f"quality_{name}", language))
        for command in COMMANDS:
            action, label = self.actions[command.key], text(command.key, language)
            action.setText(label)
            action.setIconText(f" {plain(label)}")  # the style leaves no gap next to an icon
            tip = text(f"{command.key}_tip", language) if has_text(f"{command.key}_tip") else plain(label)
            keys = action.shortcut().toString(QKeySequence.NativeText)
            action.setToolTip(f"{tip} ({keys})" if keys else tip)
            button = self._bar.widgetForAction(action)
            if button is not None:
                button.setAccessibleName(plain(label))  # without the gap

    def show_enabled(self, session: Session) -> None:
        """Enable the commands that can be done now."""
        for command in COMMANDS:
            self.actions[command.key].setEnabled(command.enabled(session))
            if command.checked is not None:
                self.actions[command.key].setChecked(command.checked(session))

    def _choices(self, menu: str, names: Iterable[str], choose: Callable[[str], None]) -> dict[str, QAction]:
        """Fill a menu with names of which one is chosen; their texts are still to be set."""
        group, actions = QActionGroup(self._menus[menu]), {}
        for name in names:
            action = actions[name] = group.addAction("")
            action.setCheckable(True)
            action.triggered.connect(lambda _checked, name=name: choose(name))
            self._menus[menu].addAction(action)
        return actions

    @staticmethod
    def _fill_recent(menu: QMenu, user_actions: UserActions) -> None:
        menu.clear()
        for path in user_actions.recent_photos():
            action = menu.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, path=path: user_actions.open_recent(path))
        menu.setToolTipsVisible(True)

    @staticmethod
    def _action(window: QMainWindow, command: Command, user_actions: UserActions) -> QAction:
        action = QAction(window)
        sequences = [sequence for keys in command.shortcuts for sequence in _sequences(keys)]
        action.setShortcuts(list({sequence.toString(): sequence for sequence in sequences}.values()))
        action.triggered.connect(lambda _checked=False: command.run(user_actions))
        action.setCheckable(command.checked is not None)
        if command.icon is not None:
            action.setIcon(icons.icon(command.icon))
            action.setIconVisibleInMenu(False)
        return action


def _sequences(keys: Shortcut) -> list[QKeySequence]:
    return [QKeySequence(keys)] if isinstance(keys, str) else QKeySequence.keyBindings(keys)
