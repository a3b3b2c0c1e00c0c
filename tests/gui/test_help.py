"""The menu Help."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from window_bench import Bench

from ppgan_lite import __version__
from ppgan_lite.gui import log
from ppgan_lite.gui.help_dialogs import notice
from ppgan_lite.gui.texts import LANGUAGE_NAMES


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_f1_shows_every_command_that_has_a_key(bench: Bench, language: str) -> None:
    bench.window.choose_language(language)
    bench.window.activateWindow()
    bench.qtbot.keyClick(bench.window, Qt.Key_F1)
    rows = dict(bench.window.user_actions.help.rows)
    assert {"Ctrl+O", "F1", "Ctrl++ / Ctrl+="} <= set(rows.values())
    assert len(rows) >= sum(bool(keys) for _, keys in bench.window.commands.all_keys())
    bench.window.user_actions.help.close()


def test_about_names_the_version_and_the_license_of_pyqt(bench: Bench) -> None:
    bench.window.commands.actions["about"].trigger()
    dialog = bench.window.user_actions.help
    shown = " ".join(label.text() for label in dialog.findChildren(type(bench.window.status.label).__base__))
    assert __version__ in shown and "PyQt5" in shown and "General Public License" in shown
    assert "PyQt5" in dialog.notice.toPlainText() and notice()
    dialog.close()


def test_where_things_are_kept_is_shown(bench: Bench) -> None:
    bench.window.commands.actions["folders"].trigger()
    dialog = bench.window.user_actions.help
    assert dialog.folders["folder_settings"] == bench.folder
    assert all(isinstance(folder, Path) for folder in dialog.folders.values())
    dialog.close()


def test_the_log_is_copied_with_versions_and_the_last_messages(bench: Bench) -> None:
    log.keep_messages()
    log.keep_messages()
    logging.getLogger("ppgan_lite.gui.worker").warning("the paint is wet")
    bench.window.commands.actions["copy_log"].trigger()
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0].startswith(f"ppgan_lite {__version__}, Python 3.")
    assert sum("the paint is wet" in line for line in lines) == 1
