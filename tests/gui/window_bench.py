"""A window with fake predictors, and functions that wait for its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PyQt5.QtCore import QSettings
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ppgan_lite.errors import CancelledError
from ppgan_lite.gui import theme
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.session import Session
from ppgan_lite.gui.state import State
from ppgan_lite.gui.window import MainWindow
from ppgan_lite.images import NamedFile, write_image
from ppgan_lite.inference.cost import Cost


class FakePredictor:
    """Inverts the photo; waits for an event if given one, so that a test can observe a run in progress."""

    device = "gpu:0"
    device_note = ""
    engine = "paddle"
    checkpoint = NamedFile("night.ppgan", "0" * 64)
    painting = None
    blend = ()
    colors = None

    def __init__(
        self,
        inputs: tuple[str, ...] = ("photo",),
        task: str = "stylize",
        gate: threading.Event | None = None,
        error: Exception | None = None,
        deaf: bool = False,
        directions: tuple[str, ...] = (),
        scale: int = 1,
        cost: Cost | None = None,
    ) -> None:
        self.spec = SimpleNamespace(task=task, inputs=inputs, scale=scale, settings={})
        self.directions = directions
        self.gate = gate
        self.error = error
        self.deaf = deaf
        self.known_cost = cost
        self.calls: list[dict[str, Any]] = []

    def cost(self, height: int, width: int, *, brush: float | None = None, depth: int = 8) -> Cost:
        """Return the cost given to the constructor."""
        return self.known_cost or Cost(None, 0.0)

    def __call__(
        self,
        image: np.ndarray,
        *,
        progress: Callable[[float], None] = lambda _share: None,
        cancelled: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> np.ndarray:
        self.calls.append(options)
        progress(0.42)
        while self.gate is not None and not self.gate.wait(0.005):
            if cancelled() and not self.deaf:
                raise CancelledError
        if self.error is not None:
            raise self.error
        return np.repeat(np.repeat(255 - image, self.spec.scale, axis=0), self.spec.scale, axis=1)


def fake_styles(folder: Path) -> tuple[Any, ...]:
    """Return two styles, with the attributes that the gallery shows."""
    thumbnail = folder / "thumbnail.jpg"
    write_image(thumbnail, np.full((30, 40, 3), 90, np.uint8), overwrite=True)
    return tuple(
        SimpleNamespace(
            name=name,
            title={"en": english, "zh": chinese},
            artist={"en": "A Painter", "zh": "某画家"},
            year="1889",
            thumbnail=thumbnail,
            path=folder / f"{name}.ppgan",
        )
        for name, english, chinese in (("night", "The Night", "夜"), ("wave", "The Wave", "浪"))
    )


class Bench:
    """A window under test and its fake predictors."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        theme.apply(QApplication.instance())
        self.qtbot = qtbot
        self.folder = folder
        self.predictors: dict[str, FakePredictor | Exception] = {}
        self.loaded: list[tuple[str, str]] = []
        self.preferences = Preferences(QSettings(str(folder / "window.ini"), QSettings.IniFormat))
        self.window = self.open_window()

    def open_window(self) -> MainWindow:
        self.session = Session(State.with_styles(fake_styles(self.folder)), self.load)
        self.session.warm_up = lambda: None  # the tests decide when something is loaded
        window = MainWindow(self.session, self.preferences, "en")
        self.qtbot.addWidget(window, before_close_func=lambda window: window.quit())  # without a question
        window.show()
        return window

    def load(self, source: str, direction: str | None, is_deep: bool, cancelled: Callable[[], bool]) -> FakePredictor:
        key = f"{source} {direction}" if direction else source
        self.loaded.append((key, threading.current_thread().name))
        predictor = self.predictors.setdefault(key, FakePredictor())
        if isinstance(predictor, Exception):
            raise predictor
        return predictor

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def open_photo(self, path: Path) -> None:
        self.session.open_photo(path)
        self.until(lambda: self.session.state.photo is not None and self.session.state.photo.path == path)

    def paint(self) -> None:
        before = self.session.state.result
        self.session.run()
        self.until(lambda: self.session.state.result is not before)
