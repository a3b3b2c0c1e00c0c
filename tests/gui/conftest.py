"""The window's tests run off the screen, and none of its threads may outlive a test."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from window_bench import Bench, FakePredictor

from ppgan_lite.gui import dialogs


@pytest.fixture
def bench(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    # A question that nobody answers would hold a test for ever.
    monkeypatch.setattr(dialogs, "asks_about_unsaved", lambda *_: "close")
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))  # masks that were painted are kept there
    bench = Bench(qtbot, tmp_path)
    yield bench
    for predictor in bench.predictors.values():
        if isinstance(predictor, FakePredictor) and predictor.gate is not None:
            predictor.gate.set()
    began = time.perf_counter()
    bench.window.quit()  # without a question
    assert bench.window.stopped, "a thread of the window outlived it"
    assert time.perf_counter() - began < 2
