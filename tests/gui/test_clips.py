"""Clips in the window: opened, looked at frame by frame, painted by the queue."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFileDialog
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.batch_queue import Output, Status
from ppgan_lite.gui.clips import is_clip
from ppgan_lite.images import write_image

COUNT = 40


def shade(number: int) -> int:
    return 6 * number


@pytest.fixture
def clip_file(tmp_path: Path) -> Path:
    pytest.importorskip("av")
    from test_video import write_clip

    path = tmp_path / "walk.mp4"
    write_clip(path, times=list(range(COUNT)))
    return path


@pytest.fixture
def animation(tmp_path: Path) -> Path:
    path = tmp_path / "walk.gif"
    frames = [Image.fromarray(np.full((40, 60, 3), shade(number), np.uint8)) for number in range(COUNT)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    return path


def open_clip(bench: Bench, path: Path) -> None:
    bench.session.open_photo(path)
    bench.until(lambda: bench.session.frame is not None and bench.session.frame.clip.path == path)


def test_a_clip_opens_with_its_first_frame_and_a_slider_goes_to_any_other(bench: Bench, clip_file: Path) -> None:
    window, session = bench.window, bench.session
    assert not window.clip_row.isVisible()
    open_clip(bench, clip_file)
    row = window.clip_row
    assert row.isVisible() and row.slider.maximum() == COUNT - 1 and row.time.text() == "0:00.0 / 0:01.6"
    assert window.panes.photo_detail.text() == "walk 0.00.0  ·  64 × 48"
    assert bench.preferences.recent_photos == [clip_file]
    first = session.state.photo.image
    row.slider.setValue(30)
    bench.until(lambda: session.frame.number == 30)
    assert row.time.text() == "0:01.2 / 0:01.6" and (session.state.photo.image != first).any()
    bench.qtbot.keyClick(row.slider, Qt.Key_Right)
    bench.until(lambda: session.frame.number == 31)
    write_image(clip_file.with_name("photo.png"), first)
    bench.open_photo(clip_file.with_name("photo.png"))
    assert not row.isVisible() and session.frame is None


def test_the_frame_is_painted_and_saved_like_a_photo(bench: Bench, animation: Path, tmp_path: Path) -> None:
    session = bench.session
    open_clip(bench, animation)
    session.show_frame(20)
    bench.until(lambda: session.frame.number == 20)
    assert session.state.photo.image[0, 0, 0] == shade(20)
    bench.paint()
    assert session.state.result.image[0, 0, 0] == 255 - shade(20)
    assert session.state.result.file_name() == "walk 0.02.0_night.png"
    session.show_frame(10)
    bench.until(lambda: session.frame.number == 10)
    assert session.state.result is None and len(session.history.entries) == 1
    bench.window.commands.actions["undo"].trigger()
    bench.until(lambda: session.state.result is not None)
    assert session.state.photo.image[0, 0, 0] == shade(20), "a result comes back with its frame"
    assert session.frame is None and not bench.window.clip_row.isVisible()


def test_place_and_mask_stay_from_frame_to_frame_of_one_clip(bench: Bench, animation: Path) -> None:
    from ppgan_lite.gui.mask import Mask

    open_clip(bench, animation)
    bench.window.panes.viewport.zoom_to(4)
    scale, mask = bench.window.panes.viewport.scale, Mask(np.zeros((40, 60), np.uint8))
    bench.session.set_mask(mask)
    bench.session.show_frame(5)
    bench.until(lambda: bench.session.frame.number == 5)
    assert bench.window.panes.viewport.scale == scale and bench.session.state.mask is mask


def test_the_newest_frame_wins(bench: Bench, animation: Path) -> None:
    open_clip(bench, animation)
    for number in range(1, 30):
        bench.window.clip_row.slider.setValue(number)
    bench.until(lambda: bench.session.frame.number == 29)
    assert bench.window.clip_row.slider.value() == 29


def test_what_is_a_clip(animation: Path, tmp_path: Path, photo_file: Path) -> None:
    still = tmp_path / "still.gif"
    Image.new("RGB", (8, 8)).save(still)
    assert [is_clip(path) for path in (animation, still, photo_file, Path("a.MP4"), Path("a.avi"))] == [
        *(True, False, False),
        *(True, True),
    ]


def test_without_pyav_one_sentence_says_what_to_install(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"any")
    monkeypatch.setitem(sys.modules, "av", None)
    bench.session.open_photo(tmp_path / "clip.mp4")
    bench.until(bench.window.dialog.isVisible)
    assert bench.window.dialog.informativeText().startswith(
        'PyAV (av) is not installed. Install it with: pip install "ppgan-lite[video]"'
    )


def test_a_damaged_clip_is_told_in_both_languages(bench: Bench, tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "clip.mp4").write_bytes(b"no clip")
    for language, begins in (("en", f"{tmp_path / 'clip.mp4'}: is no clip"), ("zh", "视频有问题：")):
        bench.window.choose_language(language)
        bench.session.open_photo(tmp_path / "clip.mp4")
        bench.until(bench.window.dialog.isVisible)
        assert bench.window.dialog.informativeText().startswith(begins)
        bench.window.dialog.close()


def test_a_clip_goes_from_its_row_through_the_queue_to_a_file(
    bench: Bench, clip_file: Path, tmp_path: Path, photo_file: Path
) -> None:
    open_clip(bench, clip_file)
    bench.qtbot.mouseClick(bench.window.clip_row.paint, Qt.LeftButton)
    panel = bench.window.batch_panel
    assert panel.isVisible() and panel.list.topLevelItem(0).text(0) == "walk.mp4"
    panel.collect([photo_file])
    panel.put_into(tmp_path / "out")
    bench.qtbot.mouseClick(panel.start_button, Qt.LeftButton)
    bench.until(lambda: len(bench.session.batch.queue.photos) == 2 and not bench.session.batch.queue.active)
    assert [photo.status for photo in bench.session.batch.queue.photos] == [Status.DONE] * 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["photo_night.png", "walk_night.mp4"]
    from ppgan_lite.video.reading import open_clip as facts
    from ppgan_lite.video.reading import read_frames

    painted = facts(tmp_path / "out" / "walk_night.mp4")
    assert (painted.width, painted.height, painted.streams) == (64, 48, ("audio",))
    assert len(list(read_frames(painted))) == COUNT


def test_the_mask_of_a_clip_lies_over_each_of_its_frames_and_the_file_holds_how_it_was_made(
    bench: Bench, clip_file: Path, animation: Path, tmp_path: Path
) -> None:
    from ppgan_lite.gui.mask import Mask
    from ppgan_lite.video.clip_settings import read_clip_settings

    seen: list[Any] = []

    class Sees(FakePredictor):
        def __call__(self, image: np.ndarray, **options: Any) -> np.ndarray:
            seen.append(options["strength"])
            return 255 - image

    bench.predictors["night"] = Sees()
    open_clip(bench, clip_file)
    bench.session.set_mask(Mask(np.array([[0] * 50 + [255] * 50] * 20, np.uint8), outside=0.5))
    bench.session.paint_many([clip_file, animation], Output(tmp_path / "out"))
    bench.until(lambda: len(bench.session.batch.queue.photos) == 2 and not bench.session.batch.queue.active)
    assert [photo.status for photo in bench.session.batch.queue.photos] == [Status.DONE] * 2
    assert seen[0].shape == (48, 64)
    for strength in seen:
        np.testing.assert_allclose(strength[:, [0, -1]], [[0.5, 1.0]] * len(strength), atol=0.01)
    for clip in (clip_file, animation):
        settings = read_clip_settings(next((tmp_path / "out").glob(f"{clip.stem}*{clip.suffix}")))
        assert settings is not None and settings.photo is not None and settings.mask is not None
        assert (settings.photo.name, settings.options["strength_outside"]) == (clip.name, 0.5)
        assert settings.options["steady"] == 0.6


def test_the_users_own_picture_comes_first_and_the_clip_goes_on_afterwards(
    bench: Bench, clip_file: Path, tmp_path: Path, photo_file: Path
) -> None:
    class Slow(FakePredictor):
        """Paints frames, and waits in the middle of the clip."""

        def __init__(self) -> None:
            super().__init__()
            self.reached, self.go_on, self.frames = threading.Event(), threading.Event(), 0

        def __call__(self, image: np.ndarray, **options: Any) -> np.ndarray:
            self.frames += 1
            if self.frames == 10:
                self.reached.set()
                self.go_on.wait(10)
            return 255 - image

    slow = bench.predictors["night"] = Slow()
    bench.session.paint_many([clip_file], Output(tmp_path / "out"))
    bench.until(slow.reached.is_set)
    bench.open_photo(photo_file)
    bench.session.cards.choose("wave")
    bench.session.run()
    slow.go_on.set()
    bench.until(lambda: bench.session.state.result is not None)
    (queued,) = bench.session.batch.queue.photos
    bench.until(lambda: queued.status is Status.DONE)
    assert not list((tmp_path / "out").glob(".*")), "nothing is left of the parts"


def test_a_clip_of_the_queue_is_stopped_and_tried_again(bench: Bench, clip_file: Path, tmp_path: Path) -> None:
    gate = threading.Event()

    class Gated(FakePredictor):
        def __call__(self, image: np.ndarray, **options: Any) -> np.ndarray:
            gate.wait(10)
            return 255 - image

    bench.predictors["night"] = Gated()
    bench.session.paint_many([clip_file], Output(tmp_path / "out"))
    bench.until(lambda: bench.session.batch.queue.count(Status.RUNNING) == 1)
    (queued,) = bench.session.batch.queue.photos
    bench.session.batch.cancel([queued])
    gate.set()
    bench.until(lambda: queued.status is Status.CANCELLED)
    bench.session.batch.retry([queued])
    bench.until(lambda: queued.status is Status.DONE)
    bench.session.paint_many([clip_file], Output(tmp_path / "out"))
    bench.until(lambda: bench.session.batch.queue.count(Status.SKIPPED) == 1)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip")
    bench.session.paint_many([broken], Output(tmp_path / "out"))
    bench.until(lambda: bench.session.batch.queue.count(Status.FAILED) == 1)
    assert "is no clip" in str(bench.session.batch.queue.photos[-1].error)


def test_an_animated_picture_is_painted_by_the_queue(bench: Bench, animation: Path, tmp_path: Path) -> None:
    bench.session.paint_many([animation], Output(tmp_path / "out", suffix=".png"))
    bench.until(lambda: bench.session.batch.queue.count(Status.DONE) == 1)
    with Image.open(tmp_path / "out" / "walk_night.gif") as painted:
        assert painted.n_frames == COUNT


def test_clips_can_be_picked(bench: Bench, animation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_parent: object, _title: str, _start: str, kinds: str) -> tuple[str, str]:
        asked.append(kinds)
        return str(animation), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    bench.window.commands.actions["open_photo"].trigger()
    bench.until(lambda: bench.session.frame is not None)
    assert asked[0].startswith("Photos and clips (") and "*.mp4" in asked[0] and "*.jpg" in asked[0]
