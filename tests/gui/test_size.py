"""The window at 800 x 560: every state, both languages."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtCore import QPoint, QRect, QSize
from PyQt5.QtWidgets import QAbstractButton, QSlider, QWidget
from test_learning_window import FAKE
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.batch_queue import Output
from ppgan_lite.gui.elided_label import ElidedLabel
from ppgan_lite.gui.flow import FlowRow
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import write_image
from ppgan_lite.inference.cost import Cost

SMALL = QSize(800, 560)
LONG = "a photo with a very long name that nobody would type but a camera or a phone gives to its pictures " * 2


def shown_within(bench: Bench, *, pane_px: int = 120) -> None:
    """Check that the window may be small, is small, and shows every control whole."""
    window = bench.window
    window.resize(SMALL)
    bench.qtbot.wait(30)
    hint = window.minimumSizeHint()
    assert hint.width() <= SMALL.width() and hint.height() <= SMALL.height(), hint
    assert window.size() == SMALL
    for kind in (QAbstractButton, QSlider):
        for widget in window.findChildren(kind):
            if not widget.isVisibleTo(window):
                continue
            area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
            assert window.rect().contains(area), (widget, area)
            assert widget.height() >= widget.minimumSizeHint().height(), widget
    assert window.panes.photo_pane.height() >= pane_px
    assert window.toolbar.widgetForAction(window.commands.actions["save_as"]).isVisible()


def open_clip(bench: Bench, path: Path) -> None:
    frames = [Image.new("RGB", (60, 40), (number, 0, 0)) for number in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    bench.session.open_photo(path)
    bench.until(lambda: bench.session.frame is not None)


def learn(bench: Bench, folder: Path) -> None:
    """Have a fake process learn folder/preview.png until it is stopped."""
    (folder / "fake.py").write_text(FAKE, encoding="utf-8")
    write_image(folder / "preview.png", np.zeros((40, 60, 3), np.uint8))
    learning = bench.session.learning
    learning.learner._command = (sys.executable, str(folder / "fake.py"), str(folder), "waits")
    learning.start(folder / "preview.png", [f"--name={LONG}"])
    bench.until(lambda: bench.session.state.learning.preview is not None)


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_state_fits_into_a_small_window_and_it_grows_no_more(bench: Bench, language: str, tmp_path: Path) -> None:
    window, session = bench.window, bench.session
    window.choose_language(language)
    shown_within(bench)
    open_clip(bench, tmp_path / "clip.gif")
    window.controls.show_cost(Cost(5400.0, 12e9))
    shown_within(bench)
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    session.run()
    shown_within(bench)
    session.cancel()
    bench.predictors["night"].gate.set()
    window.user_actions.edit_mask()
    shown_within(bench)
    window.user_actions.edit_mask()
    photo = tmp_path / f"{LONG}.png"
    write_image(photo.with_name(f"{LONG[:200]}.png"), np.zeros((40, 60, 3), np.uint8))
    photo = photo.with_name(f"{LONG[:200]}.png")
    bench.open_photo(photo)
    shown_within(bench)
    bench.paint()
    shown_within(bench)
    session.open_painting(photo)
    bench.until(lambda: session.state.painting is not None)
    window.controls.brush.setValue(100)
    shown_within(bench)
    bench.predictors["any"] = FakePredictor(inputs=("photo", "style"), gate=threading.Event())
    session.run()
    bench.until(lambda: session.work is not None and session.work.progress == 0.42)
    session.device_changed.emit()
    learn(bench, tmp_path)
    session.device, session.device_note = "gpu:0", "because of a reason that takes a long line to be told " * 3
    session.device_changed.emit()
    shown_within(bench)
    session.learning.stop()
    bench.until(lambda: not session.learning.learner.running)
    session.cancel()
    bench.predictors["zebra.ppgan"] = FakePredictor(task="translate", directions=("a_to_b", "summer_to_winter"))
    session.load_checkpoint(Path("zebra.ppgan"))
    bench.until(lambda: session.state.choice.source == "zebra.ppgan")
    shown_within(bench)


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_all_rows_at_once_fit_into_a_small_window(bench: Bench, language: str, tmp_path: Path) -> None:
    window, session = bench.window, bench.session
    window.choose_language(language)
    shown_within(bench)
    open_clip(bench, tmp_path / "clip.gif")
    bench.paint()
    learn(bench, tmp_path)
    session.cards.mix("wave")
    window.controls.show_cost(Cost(5400.0, 12e9))
    bench.predictors[session.state.choice.source] = FakePredictor(gate=threading.Event())
    session.paint_many([tmp_path / "preview.png"], Output(tmp_path / "out"))
    bench.until(lambda: session.batch.queue.active)
    rows = (window.clip_row, window.learning_row, window.batch_row, window.controls.mix_group)
    assert all(row.isVisible() for row in rows)
    shown_within(bench, pane_px=100)
    bench.predictors[session.state.choice.source].gate.set()
    session.learning.stop()
    bench.until(lambda: not session.learning.learner.running and not session.batch.queue.active)


def test_a_long_text_asks_for_no_more_room_than_it_may(bench: Bench) -> None:
    label = ElidedLabel(widest=100)
    bench.qtbot.addWidget(label)
    label.setText(LONG)
    assert label.sizeHint().width() == 100 and label.minimumSizeHint().width() < 100
    assert label.text() == LONG


def test_a_row_wraps_and_is_as_high_as_its_rows(bench: Bench) -> None:
    boxes = [QWidget() for _ in range(3)]
    for box in boxes:
        box.setFixedSize(100, 20)
    row = FlowRow(*boxes, spacing=10, row_spacing=5)
    bench.qtbot.addWidget(row)
    row.show()
    for width, height in ((320, 20), (319, 45), (209, 70), (50, 70)):
        row.resize(width, 200)
        bench.qtbot.wait(10)
        assert row.height() == row.minimumHeight() == height, width
    boxes[0].hide()
    row.resize(210, 10)
    bench.qtbot.wait(10)
    assert row.height() == 20, "what is hidden takes no room"
