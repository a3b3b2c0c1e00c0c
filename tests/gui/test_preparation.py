"""What is done before a picture is told, in words, and can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from test_user_styles import write_style
from window_bench import Bench, FakePredictor

from ppgan_lite.errors import CancelledError
from ppgan_lite.gui.captions import step_caption
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.preparation import COMPARING, COMPILING, READING, STEPS, tell, telling


def test_loading_and_the_first_picture_tell_their_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    told: list[str] = []
    path, photo = write_style(tmp_path / "tiny.ppgan"), read_image(SAMPLE_PHOTO)[0]
    with telling(told.append):
        predictor = load_predictor(path)
        predictor(photo)
    assert told[0] == READING and COMPILING in told and set(told) <= set(STEPS)
    assert predictor.engine == "paddle" or COMPARING in told
    told.clear()
    with telling(told.append):
        predictor(photo)
    load_predictor(path)(photo)
    assert told == [], "nothing is prepared twice, and nobody is told who did not ask"


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_step_has_words(language: str) -> None:
    words = {step_caption(step, language) for step in (None, *STEPS)}
    assert len(words) == len(STEPS) + 1


class Gated:
    """A loader that stops in the middle of its preparation."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(
        self, _source: str, _direction: str | None, _is_deep: bool, cancelled: Callable[[], bool]
    ) -> FakePredictor:
        tell(COMPILING)
        while not self.go_on.wait(0.005):
            if cancelled():
                raise CancelledError
        return FakePredictor()


def test_the_step_is_shown_while_a_picture_is_prepared(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    load = bench.session.predictors._load = Gated()
    bench.session.run()
    bench.until(lambda: bench.session.work.step == COMPILING)
    assert bench.window.panes.result_pane.note == "Preparing the engine…"
    assert bench.window.status.label.text().startswith("Preparing the engine…")
    bench.window.choose_language("zh")
    assert bench.window.panes.result_pane.note == "正在准备计算引擎…"
    load.go_on.set()
    bench.until(lambda: bench.session.state.result is not None)
    assert bench.window.panes.result_pane.note == ""


def test_loading_a_checkpoint_tells_its_step_and_can_be_stopped(bench: Bench, photo_file: Path) -> None:
    window, session = bench.window, bench.session
    bench.open_photo(photo_file)
    load = session.predictors._load = Gated()
    for name in ("one.ppgan", "two.ppgan"):
        session.load_checkpoint(Path(name))
    bench.until(lambda: session.cards.loading.step == COMPILING)
    assert window.status.label.text() == "Loading one.ppgan…  ·  Preparing the engine…"
    assert window.status.bar.isVisible() and window.status.bar.maximum() == 0
    assert window.controls.cancel.isVisible() and window.commands.actions["cancel"].isEnabled()
    bench.qtbot.mouseClick(window.controls.cancel, Qt.LeftButton)
    assert session.cards.loading is None and not window.status.bar.isVisible()
    assert window.status.label.text() == "Canceled" and not session.is_running("checkpoint")
    session.load_checkpoint(Path("three.ppgan"))
    load.go_on.set()
    bench.until(lambda: session.state.choice.source == "three.ppgan")
    assert session.cards.loading is None and [choice.kind for choice in session.state.choices].count("checkpoint") == 1
    assert not window.controls.cancel.isVisible()
