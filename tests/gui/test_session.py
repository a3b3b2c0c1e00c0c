"""The session without a window: what the user does, and the signals that tell what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import QMimeData, QUrl
from pytestqt.qtbot import QtBot
from window_bench import FakePredictor, fake_styles

from ppgan_lite.gui.dropped import Dropped, read_mime
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

    def load(self, source: str, direction: str | None, is_deep: bool, cancelled: object) -> FakePredictor:
        return self.predictors.setdefault(source, FakePredictor())

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

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


def test_a_result_does_not_replace_the_photo(desk: Desk, photo_file: Path, tmp_path: Path) -> None:
    before = photo_file.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(photo_file)
    desk.open_photo(photo_file)
    desk.paint()
    for number, target in enumerate((photo_file, link), 1):
        desk.session.saving.save(desk.session.state.result, target, overwrite=True)
        desk.until(lambda number=number: len(desk.failed) == number)
        assert str(desk.failed[-1][1]) == f"{target}: is the photo or the painting itself. Choose another name"
    assert photo_file.read_bytes() == before


def test_a_photo_is_painted_and_saved_without_a_window(desk: Desk, photo_file: Path, tmp_path: Path) -> None:
    desk.open_photo(photo_file)
    desk.paint()
    assert desk.session.state.result is not None and desk.session.work is None
    target = tmp_path / "result.png"
    desk.session.saving.save(desk.session.state.result, target, overwrite=False)
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
        desk.session.saving.save(result, target, overwrite=False)
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
        desk.session.saving.save(desk.session.state.result, target, overwrite=False)
    desk.session.close()
    assert all(target.exists() for target in targets)


def test_cancelling_what_cannot_be_stopped_frees_the_painter_at_once(desk: Desk, photo_file: Path) -> None:
    desk.predictors["night"] = FakePredictor(gate=threading.Event(), deaf=True)  # as an import or a compiler is
    desk.open_photo(photo_file)
    desk.session.run()
    desk.until(lambda: desk.predictors["night"].calls)
    (stuck,) = desk.session.jobs._workers["painter"]._threads
    desk.session.cancel()
    assert desk.session.cards.choose("wave")
    began = time.perf_counter()
    desk.paint()
    assert time.perf_counter() - began < 1.5
    assert desk.session.state.result.request.choice.source == "wave"
    desk.predictors["night"].gate.set()
    desk.until(stuck.isFinished)
    assert desk.session.state.result.request.choice.source == "wave", "the answer that comes late is dropped"
    desk.paint()


def test_a_painter_that_stops_in_time_keeps_its_thread(desk: Desk, photo_file: Path) -> None:
    desk.predictors["night"] = FakePredictor(gate=threading.Event())
    desk.open_photo(photo_file)
    desk.session.run()
    desk.until(lambda: desk.predictors["night"].calls)
    desk.session.cancel()
    desk.qtbot.wait(300)
    assert len(desk.session.jobs._workers["painter"]._threads) == 1


def test_a_checkpoint_that_comes_late_does_not_change_what_was_chosen_meanwhile(desk: Desk, photo_file: Path) -> None:
    gate = threading.Event()
    desk.predictors["night"] = FakePredictor(gate=gate)
    desk.open_photo(photo_file)
    desk.session.run()
    desk.until(lambda: desk.predictors["night"].calls)
    desk.session.load_checkpoint(Path("mine.ppgan"))
    assert desk.told[-1] == ("loading_after", {"name": "mine.ppgan"}), "it waits for the painter, and says so"
    desk.session.cards.choose("wave")
    gate.set()
    desk.until(lambda: desk.told[-1] == ("loaded", {"name": "mine.ppgan"}))
    assert desk.session.state.choice.source == "wave"
    assert desk.session.state.choices[1].source == "mine.ppgan"
    desk.session.load_checkpoint(Path("yours.ppgan"))
    desk.until(lambda: desk.session.state.choice.source == "yours.ppgan")


def test_a_checkpoint_can_be_removed_again(desk: Desk) -> None:
    desk.session.load_checkpoint(Path("mine.ppgan"))
    desk.until(lambda: desk.session.state.choice.source == "mine.ppgan")
    desk.session.cards.remove(desk.session.state.choice)
    assert [choice.source for choice in desk.session.state.choices] == ["any", "night", "wave"]
    assert desk.session.state.choice.source == "night"


def test_a_picture_that_is_loaded_as_a_checkpoint_is_opened_as_the_painting(desk: Desk, photo_file: Path) -> None:
    with desk.qtbot.waitSignal(desk.session.painting_changed):
        desk.session.load_checkpoint(photo_file)
    assert desk.session.state.painting.path == photo_file and len(desk.session.state.choices) == 3


def test_of_several_pictures_the_first_is_opened_and_the_others_are_told(desk: Desk, photo_file: Path) -> None:
    others = tuple(photo_file.with_name(f"{name}.png") for name in "ab")
    with desk.qtbot.waitSignal(desk.session.photo_changed):
        desk.session.open_dropped(Dropped(pictures=(photo_file, *others)), as_painting=False)
        assert desk.told[-1] == ("opening_first", {"name": photo_file.name, "count": 2})
    assert desk.session.state.photo.path == photo_file


def test_of_a_folder_the_first_picture_is_opened(desk: Desk, photo_file: Path, tmp_path: Path) -> None:
    with desk.qtbot.waitSignal(desk.session.photo_changed):
        desk.session.open_dropped(Dropped(folders=(photo_file.parent,)), as_painting=False)
    (tmp_path / "empty").mkdir()
    desk.session.open_dropped(Dropped(folders=(tmp_path / "empty",)), as_painting=False)
    desk.until(lambda: desk.failed)
    assert desk.failed[0][1].code == "no_pictures"


def test_the_folder_of_a_training_is_dropped_as_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/latest.ppgan").touch()
    (tmp_path / "holiday").mkdir()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("run", "holiday")])
    dropped = read_mime(mime)
    assert dropped is not None
    assert (dropped.checkpoints, dropped.folders, dropped.pictures) == (
        (tmp_path / "run",),
        (tmp_path / "holiday",),
        (),
    )
