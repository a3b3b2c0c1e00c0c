"""The session without a window: what the user does, and the signals that tell what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from window_bench import FakePredictor, fake_styles

from ppgan_lite.gui.session import Session
from ppgan_lite.gui.state import State


class Desk:
    """A session with fake predictors, and what it told."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.predictors: dict[str, FakePredictor] = {}
        self.session = Session(State.with_styles(fake_styles(folder)), self.load)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.failed: list[tuple[str, Exception]] = []
        self.session.told.connect(lambda key, values: self.told.append((key, values)))
        self.session.failed.connect(lambda key, error: self.failed.append((key, error)))

    def load(self, source: str, direction: str | None, cancelled: object) -> FakePredictor:
        return self.predictors.setdefault(source, FakePredictor())

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=5_000)

    def open_photo(self, path: Path) -> None:
        with self.qtbot.waitSignal(self.session.photo_changed):
            self.session.open_photo(path)

    def paint(self) -> None:
        with self.qtbot.waitSignal(self.session.result_changed):
            assert self.session.run()


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(qtbot, tmp_path)
    yield desk
    for predictor in desk.predictors.values():
        if predictor.gate is not None:
            predictor.gate.set()
    desk.session.close()
    assert desk.session.stopped


def test_a_photo_is_painted_and_saved_without_a_window(desk: Desk, photo_file: Path, tmp_path: Path) -> None:
    desk.open_photo(photo_file)
    desk.paint()
    assert desk.session.state.result is not None and desk.session.work is None
    target = tmp_path / "result.png"
    desk.session.save(desk.session.state.result, target, overwrite=False)
    desk.until(lambda: desk.told[-1][0] == "saved")
    assert target.exists()
    assert [key for key, _ in desk.told] == ["opening", "ready", "done", "saving", "saved"]


def test_a_new_photo_throws_the_old_result_and_the_one_in_the_making_away(desk: Desk, photo_file: Path) -> None:
    desk.open_photo(photo_file)
    desk.paint()
    desk.predictors["night"].gate = threading.Event()
    desk.session.run()
    desk.until(lambda: desk.session.work is not None and desk.session.work.progress == 0.42)
    desk.open_photo(photo_file)
    assert desk.session.state.result is None and desk.session.work is None
    assert not desk.session.is_running("paint")


def test_settings_that_stay_the_same_are_not_told(desk: Desk) -> None:
    changes = []
    desk.session.settings_changed.connect(lambda: changes.append(1))
    desk.session.set_settings(desk.session.state.settings)
    assert changes == []


def test_nothing_runs_without_a_photo(desk: Desk) -> None:
    assert not desk.session.run()
    assert desk.told == [("need_photo", {})]


def test_saves_that_follow_each_other_quickly_are_all_written_and_told(
    desk: Desk, photo_file: Path, tmp_path: Path
) -> None:
    desk.open_photo(photo_file)
    desk.paint()
    result = desk.session.state.result
    targets = [tmp_path / f"{number}.png" for number in range(3)]
    (tmp_path / "there.png").write_bytes(b"precious")
    for target in (targets[0], tmp_path / "there.png", *targets[1:]):
        desk.session.save(result, target, overwrite=False)
    desk.until(lambda: not desk.session.is_running("save"))
    assert all(target.exists() for target in targets)
    assert [values["path"] for key, values in desk.told if key == "saved"] == targets
    ((key, error),) = desk.failed
    assert key == "save_failed" and "exists already" in str(error)
    assert (tmp_path / "there.png").read_bytes() == b"precious"


def test_a_save_that_waits_is_completed_when_the_session_closes(desk: Desk, photo_file: Path, tmp_path: Path) -> None:
    desk.open_photo(photo_file)
    desk.paint()
    targets = [tmp_path / f"{number}.png" for number in range(3)]
    for target in targets:
        desk.session.save(desk.session.state.result, target, overwrite=False)
    desk.session.close()
    assert all(target.exists() for target in targets)


def test_cancelling_what_cannot_be_stopped_frees_the_painter_at_once(desk: Desk, photo_file: Path) -> None:
    desk.predictors["night"] = FakePredictor(gate=threading.Event(), deaf=True)  # as an import or a compiler is
    desk.open_photo(photo_file)
    desk.session.run()
    desk.until(lambda: desk.predictors["night"].calls)
    desk.session.cancel()
    assert desk.session.choose("wave")
    began = time.perf_counter()
    desk.paint()
    assert time.perf_counter() - began < 1.5
    assert desk.session.state.result.request.choice.source == "wave"
    desk.predictors["night"].gate.set()
    desk.until(lambda: desk.session._workers["painter"]._threads[0].isFinished())
    assert desk.session.state.result.request.choice.source == "wave", "the answer that comes late is dropped"
    desk.paint()


def test_a_painter_that_stops_in_time_keeps_its_thread(desk: Desk, photo_file: Path) -> None:
    desk.predictors["night"] = FakePredictor(gate=threading.Event())
    desk.open_photo(photo_file)
    desk.session.run()
    desk.until(lambda: desk.predictors["night"].calls)
    desk.session.cancel()
    desk.qtbot.wait(300)
    assert len(desk.session._workers["painter"]._threads) == 1
