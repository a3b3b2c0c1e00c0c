"""The window's looks: contrast of every text, light and dark, and Qt's own dialogs in both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import QApplication, QFileDialog, QToolButton
from pytestqt.qtbot import QtBot
from window_bench import Bench

from ppgan_lite.gui import appearance, icons, theme
from ppgan_lite.gui.appearance import Appearance, system_appearance
from ppgan_lite.gui.colors import BY_APPEARANCE, DARK, LIGHT, Colors, contrast
from ppgan_lite.gui.pixels import from_qimage

TEXTS = ("text", "bright", "muted", "accent")
GROUNDS = ("window", "panel", "canvas", "field")


@pytest.fixture
def looks(qtbot: QtBot) -> Iterator[Appearance]:
    app = QApplication.instance()
    looks = Appearance(app, "dark")
    yield looks
    looks.choose("dark")  # and follows the system no more
    theme.apply(app, DARK)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", BY_APPEARANCE)
def test_every_text_can_be_read(name: str) -> None:
    table: Colors = BY_APPEARANCE[name]
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [(text, "hover") for text in ("text", "bright")] + [("bright", "line")]
    pairs += [("accent", "hover")]
    pairs += [("on_accent", ground) for ground in ("accent", "accent_hover", "accent_pressed")]
    faint = {pair: round(contrast(*(getattr(table, part) for part in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in faint.items() if value < 4.5} == {}
    # What is not a text: https://www.w3.org/TR/WCAG21/#non-text-contrast
    pairs = [(part, ground) for part in ("edge", "accent", "disabled") for ground in ("window", "panel", "field")]
    faint = {pair: round(contrast(*(getattr(table, part) for part in pair)), 2) for pair in pairs}
    assert {pair: value for pair, value in faint.items() if value < 3} == {}


@pytest.mark.parametrize("name", BY_APPEARANCE)
def test_the_file_dialogs_buttons_have_icons_that_can_be_seen(looks: Appearance, qtbot: QtBot, name: str) -> None:
    looks.choose(name)
    dialog = QFileDialog(None, "Open")
    dialog.setOption(QFileDialog.DontUseNativeDialog)
    qtbot.addWidget(dialog)
    dialog.resize(700, 400)
    dialog.show()
    for key in ("backButton", "toParentButton", "newFolderButton", "listModeButton", "detailModeButton"):
        button = dialog.findChild(QToolButton, key)
        button.setEnabled(True)
        size = button.iconSize()
        assert button.width() >= size.width() and button.height() >= size.height()
        pixels = from_qimage(button.grab().toImage())[0][4:-4, 4:-4].astype(int)
        different = np.abs(pixels - np.median(pixels, axis=(0, 1))).max(axis=-1) > 40
        assert different.sum() > 20, f"{key} is blank"


def test_a_chosen_look_is_shown_at_once_also_in_icons(looks: Appearance) -> None:
    app, icon = QApplication.instance(), icons.icon("save")
    for name, table in BY_APPEARANCE.items():
        looks.choose(name)
        assert theme.colors() is table
        assert app.palette().window().color().name() == table.window
        for mode, color in ((QIcon.Normal, table.text), (QIcon.Disabled, table.disabled)):
            picture = icon.pixmap(QSize(48, 48), mode).toImage()
            shown = {
                picture.pixelColor(x, y).name()
                for x in range(48)
                for y in range(48)
                if picture.pixelColor(x, y).alpha() == 255
            }
            assert color in shown


def test_the_systems_look_is_followed_at_run_time(looks: Appearance, monkeypatch: pytest.MonkeyPatch) -> None:
    app = QApplication.instance()
    system = "light"
    monkeypatch.setattr(appearance, "system_appearance", lambda _app: system)
    looks.choose("system")
    assert theme.colors() is LIGHT
    system = "dark"
    app.applicationStateChanged.emit(Qt.ApplicationActive)
    assert theme.colors() is DARK
    system = "light"
    app.applicationStateChanged.emit(Qt.ApplicationActive)
    assert theme.colors() is LIGHT
    looks.choose("dark")
    app.applicationStateChanged.emit(Qt.ApplicationActive)
    assert theme.colors() is DARK, "a choice of the user's stays"
    looks.choose("purple")
    assert theme.colors() is LIGHT and looks.chosen == "system", "a damaged setting follows the system"


def test_the_look_is_chosen_in_the_menu_and_remembered(bench: Bench) -> None:
    asked: list[str] = []
    bench.window.appearance_chosen.connect(asked.append)
    assert bench.window.commands.appearances["system"].isChecked()
    bench.window.commands.appearances["light"].trigger()
    bench.window.close()
    bench.window = bench.open_window()
    assert bench.window.commands.appearances["light"].isChecked()
    assert asked == ["light"] and bench.preferences.appearance == "light"


def test_a_system_that_says_nothing_gets_the_dark_look(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems always say")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    assert system_appearance(QApplication.instance()) == "dark"


# A desktop's portal that says one look, and tells of the other later; and a program that follows it.
PORTAL = """
import subprocess, sys
from PyQt5.QtCore import Q_CLASSINFO, QCoreApplication, QObject, QTimer, pyqtSlot
from PyQt5.QtDBus import QDBusAbstractAdaptor, QDBusConnection, QDBusMessage, QDBusVariant

values = [int(word) for word in sys.argv[1:3]]
NAMES = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"

class Settings(QDBusAbstractAdaptor):
    Q_CLASSINFO("D-Bus Interface", NAMES[1])

    @pyqtSlot(str, str, result=QDBusVariant)
    def Read(self, namespace, key):
        assert (namespace, key) == ("org.freedesktop.appearance", "color-scheme")
        return QDBusVariant(values.pop(0) if len(values) > 1 else values[0])

def look():
    if asker.poll() is None:
        told = QDBusMessage.createSignal(*NAMES, "SettingChanged")
        told.setArguments(["org.freedesktop.appearance", "color-scheme", QDBusVariant(values[0])])
        bus.send(told)
    else:
        app.exit(asker.returncode)

app, portal, bus = QCoreApplication([]), QObject(), QDBusConnection.sessionBus()
settings = Settings(portal)
assert bus.registerObject(NAMES[0], portal) and bus.registerService("org.freedesktop.portal.Desktop")
asker = subprocess.Popen([sys.executable, "-c", sys.argv[3]])
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
sys.exit(app.exec_())
"""
ASK = """
import time
from PyQt5.QtWidgets import QApplication
from ppgan_lite.gui import theme
from ppgan_lite.gui.appearance import Appearance
from ppgan_lite.gui.colors import DARK, LIGHT
app = QApplication([])
looks = Appearance(app)
first, end = theme.colors(), time.monotonic() + 5
while theme.colors() is first and time.monotonic() < end:
    app.processEvents()
print(*("light" if table is LIGHT else "dark" for table in (first, theme.colors())))
"""


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="there is no D-Bus")
@pytest.mark.parametrize(("values", "shown"), [("02", "dark light"), ("12", "dark light"), ("21", "light dark")])
def test_a_linux_desktop_says_its_look_through_its_portal(values: str, shown: str) -> None:
    command = ["dbus-run-session", "--", sys.executable, "-c", PORTAL, *values, ASK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == shown, done.stderr
