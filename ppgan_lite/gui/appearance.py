"""Light, dark, or as the system has it: at the start, and whenever that changes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PyQt5.QtCore import QObject, QSettings, pyqtSlot
from PyQt5.QtGui import QPalette
from PyQt5.QtWidgets import QApplication

from ppgan_lite.gui import theme
from ppgan_lite.gui.colors import BY_APPEARANCE

APPEARANCES = ("system", "light", "dark")

# Where the system does not say: around pictures, dark is the custom.
_UNKNOWN = "dark"
_PORTAL_MS = 200
_PORTAL = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"
_PORTAL_VALUES = {1: "dark", 2: "light"}


class Appearance(QObject):
    """The look that the user has chosen.

    Attributes:
        chosen: One of `APPEARANCES`.
    """

    def __init__(self, app: QApplication, chosen: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self._shown = ""
        app.applicationStateChanged.connect(
            lambda _state: self._follow()
        )  # the user may come back from the system's settings
        if _has_session_bus():
            from PyQt5.QtDBus import QDBusConnection

            QDBusConnection.sessionBus().connect(*_PORTAL, "SettingChanged", self._follow)
        self.choose(chosen)

    def choose(self, chosen: str) -> None:
        """Show every window in one of `APPEARANCES`, or as the system has it where the name is another."""
        self.chosen = chosen if chosen in APPEARANCES else "system"
        shown = system_appearance(self._app) if self.chosen == "system" else self.chosen
        if shown != self._shown:
            self._shown = shown
            theme.apply(self._app, BY_APPEARANCE[shown])

    @pyqtSlot()
    def _follow(self) -> None:
        if self.chosen == "system":
            self.choose("system")


def system_appearance(app: QApplication) -> str:
    """Return "light" or "dark" as the system has it; "dark" where it does not say."""
    if sys.platform == "win32":
        key = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        light = QSettings(key, QSettings.NativeFormat).value("AppsUseLightTheme")
        return _UNKNOWN if light is None else "light" if int(light) else "dark"
    if sys.platform == "darwin":
        kept = app.palette()
        app.setPalette(QPalette())  # the system's own comes back
        lightness = app.palette().color(QPalette.Window).lightness()
        app.setPalette(kept)
        return "light" if lightness > 127 else "dark"
    return _PORTAL_VALUES.get(_portal_value(), _UNKNOWN)


def _has_session_bus() -> bool:
    """Return whether a bus is running on Linux; where none is, Qt would start one."""
    return sys.platform.startswith("linux") and (
        "DBUS_SESSION_BUS_ADDRESS" in os.environ or Path(f"/run/user/{os.getuid()}/bus").exists()
    )


def _portal_value() -> int:
    """Return the color scheme of a Linux desktop, from its portal; 0 where there is none or it has no preference."""
    if not _has_session_bus():
        return 0
    from PyQt5.QtDBus import QDBus, QDBusConnection, QDBusMessage

    call = QDBusMessage.createMethodCall(*_PORTAL, "Read")
    call.setArguments(["org.freedesktop.appearance", "color-scheme"])
    call.setAutoStartService(False)
    answer = QDBusConnection.sessionBus().call(call, QDBus.Block, _PORTAL_MS)
    value = answer.arguments()[0] if answer.type() == QDBusMessage.ReplyMessage and answer.arguments() else 0
    while hasattr(value, "variant"):
        value = value.variant()
    return value if isinstance(value, int) else 0
