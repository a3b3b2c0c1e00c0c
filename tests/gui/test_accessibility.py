"""What a screen reader is told, and work by keyboard."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QLabel, QProgressBar, QWidget
from test_learning_window import FAKE
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import write_image


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_everything_that_can_have_the_focus_or_shows_progress_has_a_name(
    bench: Bench, language: str, photo_file: Path, tmp_path: Path
) -> None:
    window, session = bench.window, bench.session
    window.choose_language(language)
    bench.open_photo(photo_file)
    bench.paint()
    session.open_painting(photo_file)
    bench.until(lambda: session.state.painting is not None)
    bench.predictors["any"] = FakePredictor(inputs=("photo", "style"), gate=threading.Event())
    session.run()
    (tmp_path / "fake.py").write_text(FAKE, encoding="utf-8")
    write_image(tmp_path / "preview.png", np.zeros((40, 60, 3), np.uint8))
    session.learning.learner._command = (sys.executable, str(tmp_path / "fake.py"), str(tmp_path), "waits")
    session.learning.start(photo_file, [])
    bench.until(lambda: session.state.learning.preview is not None)
    bench.predictors["zebra.ppgan"] = FakePredictor(task="translate", directions=("a_to_b", "b_to_a"))
    named = 0
    for widget in window.findChildren(QWidget):
        takes_focus = widget.focusPolicy() != Qt.NoFocus and not isinstance(widget, QLabel)
        if not widget.isVisible() or not (takes_focus or isinstance(widget, QProgressBar)):
            continue
        # As Qt's accessible interfaces do, which PyQt does not offer.
        assert widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text()), widget
        named += 1
    assert named > 10
    session.learning.stop()
    bench.until(lambda: not session.learning.learner.running)


def test_a_card_is_removed_by_key(bench: Bench) -> None:
    bench.session.load_checkpoint(Path("mine.ppgan"))
    bench.until(lambda: bench.session.state.choice.source == "mine.ppgan")
    bench.qtbot.keyClick(bench.window.gallery, Qt.Key_Delete)
    assert bench.session.state.choice.source == "night" and bench.window.gallery.count() == 3
    bench.qtbot.keyClick(bench.window.gallery, Qt.Key_Delete)
    assert bench.window.gallery.count() == 3, "a style that ships stays"


def test_progress_is_told_by_a_progress_bar(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    bench.open_photo(photo_file)
    bench.session.run()
    bench.until(lambda: bench.session.work.progress == 0.42)
    bar = bench.window.status.bar
    assert bar.isVisible() and (bar.value(), bar.maximum()) == (420, 1000)
    bench.session.cancel()
    assert not bar.isVisible()


def test_zooming_in_works_without_shift(bench: Bench, photo_file: Path) -> None:
    keys = [keys.toString() for keys in bench.window.commands.actions["zoom_in"].shortcuts()]
    assert "Ctrl++" in keys and "Ctrl+=" in keys
