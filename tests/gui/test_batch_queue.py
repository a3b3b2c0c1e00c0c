"""Many photos: the queue without a window, the same results as the command line, and the panel."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtWidgets import QApplication
from window_bench import Bench, FakePredictor

from ppgan_lite.errors import CancelledError, ImageError, UsageError
from ppgan_lite.gui import dialogs
from ppgan_lite.gui.batch_queue import BatchQueue, Output, Status, execute
from ppgan_lite.gui.choices import Choice
from ppgan_lite.gui.pyramid import Pyramid
from ppgan_lite.gui.state import Request, Result, StyleSettings
from ppgan_lite.images import read_image, read_settings, write_image
from ppgan_lite.inference.batch_planning import plan_batch

NIGHT = Choice("night", "style")


def make_photos(folder: Path, photo: np.ndarray, *names: str) -> list[Path]:
    for name in names:
        write_image(folder / name, photo)
    return [folder / name for name in names]


def queue_of(sources: list[Path], output: Output) -> BatchQueue:
    queue = BatchQueue()
    plan = plan_batch(
        list(sources),
        f"{output.folder}/",
        overwrite=output.replaces,
        skip_existing=not output.replaces,
        name=lambda photo: output.name_of(photo, "night"),
    )
    queue.add(plan, NIGHT, StyleSettings(), output)
    return queue


class Painter:
    """Inverts photos; fails with one, asks before each whether to go on."""

    def __init__(self, before: Callable[[Request], None] = lambda request: None) -> None:
        self.before = before

    def __call__(self, request: Request, *, progress: Callable[[float], None], cancelled: Callable[[], bool]) -> Result:
        self.before(request)
        if cancelled():
            raise CancelledError
        progress(0.5)
        image = 255 - request.photo.image
        return Result(image, Pyramid(image, None, ()), request, 0.1, "cpu")


def run(queue: BatchQueue, painter: Painter, cancelled: Callable[[], bool] = lambda: False) -> None:
    try:
        execute(queue.waiting, painter, queue.hear, cancelled)
    finally:
        queue.pause()


def test_photos_are_painted_one_after_the_other_and_a_bad_one_does_not_end_it(
    tmp_path: Path, photo: np.ndarray
) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.jpg", "c.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture at all, but long enough")
    (tmp_path / "out").mkdir()
    output = Output(tmp_path / "out")
    queue = queue_of([sources[0], tmp_path / "in" / "bad.png", tmp_path / "gone.png", *sources[1:]], output)
    shares: list[float] = []
    run(queue, Painter(lambda request: shares.append(queue.share)))
    statuses = {photo.item.source.name: photo.status for photo in queue.photos}
    assert statuses == {
        "a.png": Status.DONE,
        "b.jpg": Status.DONE,
        "c.png": Status.DONE,
        "bad.png": Status.FAILED,
        "gone.png": Status.FAILED,
    }
    assert sorted(os.listdir(tmp_path / "out")) == ["a_night.png", "b_night.jpg", "c_night.png"]
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "c_night.png")[0], 255 - photo)
    assert shares == sorted(shares) and queue.share == 1.0 and not queue.active
    assert isinstance(next(one for one in queue.photos if one.item.source.name == "gone.png").error, ImageError)


def test_what_failed_is_tried_again_and_what_is_done_is_not(tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png")
    (tmp_path / "out").mkdir()
    queue = queue_of(sources, Output(tmp_path / "out"))
    painted: list[str] = []

    def fail_once(request: Request) -> None:
        painted.append(request.photo.path.name)  # type: ignore[union-attr]
        if painted == ["a.png"]:
            raise ImageError("a.png", "is hard to paint")

    run(queue, Painter(fail_once))
    assert [one.status for one in queue.photos] == [Status.FAILED, Status.DONE]
    for one in queue.photos:
        queue.retry(one)
    assert [one.status for one in queue.photos] == [Status.WAITING, Status.DONE]
    run(queue, Painter(fail_once))
    assert painted == ["a.png", "b.png", "a.png"] and queue.count(Status.DONE) == 2


def test_a_stopped_photo_is_left_out_and_the_rest_goes_on(tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png", "c.png")
    (tmp_path / "out").mkdir()
    queue = queue_of(sources, Output(tmp_path / "out"))
    first, second, _ = queue.photos

    def stop(request: Request) -> None:
        if request.photo.path == first.item.source:
            queue.cancel(first)  # while it is painted
            queue.cancel(second)  # while it waits

    run(queue, Painter(stop))
    assert [one.status for one in queue.photos] == [Status.CANCELLED, Status.CANCELLED, Status.DONE]
    assert os.listdir(tmp_path / "out") == ["c_night.png"]


def test_an_interrupted_execution_completes_what_is_written_and_the_rest_waits_again(
    tmp_path: Path, photo: np.ndarray
) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png", "c.png")
    (tmp_path / "out").mkdir()
    queue = queue_of(sources, Output(tmp_path / "out"))
    user_paints = threading.Event()

    def interrupt(request: Request) -> None:
        if request.photo.path == sources[1]:
            user_paints.set()

    with pytest.raises(CancelledError):
        run(queue, Painter(interrupt), user_paints.is_set)
    assert [one.status for one in queue.photos] == [Status.DONE, Status.WAITING, Status.WAITING]
    assert queue.photos[1].progress == 0.0
    run(queue, Painter())
    assert queue.count(Status.DONE) == 3 and len(os.listdir(tmp_path / "out")) == 3


@pytest.mark.parametrize("replaces", [False, True])
def test_a_result_that_is_there_is_kept_or_replaced(tmp_path: Path, photo: np.ndarray, replaces: bool) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png")
    before = make_photos(tmp_path / "out", photo, "a_night.png")[0].read_bytes()
    queue = queue_of(sources, Output(tmp_path / "out", replaces=replaces))
    run(queue, Painter())
    expected = [Status.DONE, Status.DONE] if replaces else [Status.DONE, Status.SKIPPED]
    assert sorted(one.status.value for one in queue.photos) == sorted(status.value for status in expected)
    assert ((tmp_path / "out" / "a_night.png").read_bytes() == before) != replaces


def test_names_formats_and_quality_are_those_that_are_asked_for(tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png")
    (tmp_path / "out").mkdir()
    sizes = []
    for quality in (95, 20):
        output = Output(tmp_path / "out", "{style} of {name}", ".jpg", quality, replaces=True)
        run(queue_of(sources, output), Painter())
        sizes.append((tmp_path / "out" / "night of a.jpg").stat().st_size)
    assert os.listdir(tmp_path / "out") == ["night of a.jpg"] and sizes[1] < sizes[0]
    for pattern in ("{style}", "{name}/{style}", "{nom}", "{", "a"):
        with pytest.raises(UsageError):
            Output(pattern=pattern).check()
    Output(pattern="{name}").check()


def test_the_time_left_follows_what_is_done(tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png", "c.png")
    (tmp_path / "out").mkdir()
    queue = queue_of(sources, Output(tmp_path / "out"))
    assert queue.seconds_left() is None
    queue._began = 100.0
    queue._done, queue.photos[0].status = 1, Status.DONE
    assert queue.seconds_left(now=110.0) == pytest.approx(20.0)
    queue.photos[1].status, queue.photos[1].progress = Status.RUNNING, 0.5
    assert queue.seconds_left(now=115.0) == pytest.approx(15.0)


# in the window ---------------------------------------------------------------------------------------------------


def start(bench: Bench, sources: list[Path], folder: Path) -> None:
    """Collect photos in the panel and press its button."""
    panel = bench.window.batch_panel
    bench.window.user_actions.open_batch(sources)
    panel.put_into(folder)
    bench.qtbot.mouseClick(panel.start_button, Qt.LeftButton)


def statuses(bench: Bench) -> list[str]:
    return [one.status.value for one in bench.session.batch.queue.photos]


def test_the_panel_paints_photos_and_folders_and_tells_what_became_of_each(
    bench: Bench, tmp_path: Path, photo: np.ndarray
) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "more/b.png", "more/deep/c.png")
    (tmp_path / "bad.png").write_bytes(b"no picture at all, but long enough")
    (tmp_path / "out").mkdir()
    bench.session.cards.choose("wave")
    start(bench, [sources[0], tmp_path / "in" / "more", tmp_path / "bad.png"], tmp_path / "out")
    bench.until(lambda: statuses(bench) and not bench.session.batch.queue.active)
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert made == ["a_wave.png", "more/b_wave.png", "more/deep/c_wave.png"]
    panel = bench.window.batch_panel
    rows = [panel.list.topLevelItem(row) for row in range(panel.list.topLevelItemCount())]
    assert sorted(item.text(2) for item in rows if item.text(0) != "bad.png") == ["done"] * 3
    problem = next(item.text(2) for item in rows if item.text(0) == "bad.png")
    assert problem.startswith("is not a picture"), problem
    assert panel.progress_label.text() == "Photos: 4 of 4 done  ·  1 failed"
    assert not bench.window.batch_row.isVisible()
    bench.until(lambda: bench.window.status.label.text() == "All photos are done: 3 painted, 1 failed")
    settings = read_settings(tmp_path / "out" / "a_wave.png")
    assert settings is not None and settings.options["strength"] == 1.0
    bench.qtbot.mouseClick(panel.forget_button, Qt.LeftButton)
    assert panel.list.topLevelItemCount() == 0


def test_the_window_and_the_command_line_write_the_same_file(
    bench: Bench, tmp_path: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    import ppgan_lite.inference.loading  # noqa: F401 - is replaced
    from ppgan_lite import cli

    (source,) = make_photos(tmp_path / "in", photo, "a.png")
    (tmp_path / "out").mkdir()
    start(bench, [source], tmp_path / "out")
    bench.until(lambda: statuses(bench) == ["done"])

    class Predictor(FakePredictor):
        name = "night"

        def __call__(self, image: np.ndarray, *, progress: Any, **options: Any) -> np.ndarray:
            return super().__call__(image, progress=progress, cancelled=lambda: False, **options)

    module = sys.modules["ppgan_lite.inference.loading"]
    monkeypatch.setattr(module, "load_predictor", lambda *_args, **_options: Predictor())
    assert cli.main(["stylize", str(source), "--style", "night", "-o", str(tmp_path / "cli.png")]) == 0
    mine, theirs = tmp_path / "out" / "a_night.png", tmp_path / "cli.png"
    np.testing.assert_array_equal(read_image(mine)[0], read_image(theirs)[0])
    told, expected = read_settings(mine), read_settings(theirs)
    assert told is not None and expected is not None
    assert replace(told, options={**told.options, "depth": None}) == expected


def test_what_the_user_paints_comes_first_and_the_queue_goes_on_after_it(
    bench: Bench, tmp_path: Path, photo: np.ndarray, photo_file: Path
) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png")
    (tmp_path / "out").mkdir()
    gate = threading.Event()
    bench.predictors["night"] = FakePredictor(gate=gate)
    bench.open_photo(photo_file)
    start(bench, sources, tmp_path / "out")
    bench.until(lambda: statuses(bench) == ["running", "waiting"] and bench.predictors["night"].calls)
    assert bench.window.batch_row.isVisible()
    bench.session.cards.choose("wave")
    bench.paint()
    assert bench.session.state.result.request.choice.source == "wave", "it did not wait for the queue"
    assert os.listdir(tmp_path / "out") == []
    gate.set()
    bench.until(lambda: statuses(bench) == ["done", "done"])
    assert sorted(os.listdir(tmp_path / "out")) == ["a_night.png", "b_night.png"]


def test_photos_are_stopped_and_tried_again(bench: Bench, tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png")
    (tmp_path / "out").mkdir()
    gate = threading.Event()
    bench.predictors["night"] = FakePredictor(gate=gate)
    panel = bench.window.batch_panel
    start(bench, sources, tmp_path / "out")
    bench.until(lambda: statuses(bench) == ["running", "waiting"])
    panel.list.topLevelItem(0).setSelected(True)
    bench.qtbot.mouseClick(panel.cancel_button, Qt.LeftButton)
    bench.until(lambda: statuses(bench) == ["cancelled", "running"])
    bench.qtbot.mouseClick(panel.cancel_all_button, Qt.LeftButton)
    bench.until(lambda: statuses(bench) == ["cancelled", "cancelled"])
    gate.set()
    panel.list.clearSelection()
    bench.qtbot.mouseClick(panel.retry_button, Qt.LeftButton)
    bench.until(lambda: statuses(bench) == ["done", "done"])


def test_several_dropped_photos_are_collected_in_the_panel(bench: Bench, tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png", "b.png")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in [*sources, tmp_path / "in"]])
    panel = bench.window.batch_panel
    QApplication.sendEvent(
        bench.window, QDragEnterEvent(QPoint(300, 200), Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier)
    )
    event = QDropEvent(QPointF(QPoint(300, 200)), Qt.CopyAction, mime, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(bench.window, event)
    assert panel.isVisible()
    assert [panel.list.topLevelItem(row).text(0) for row in range(3)] == ["a.png", "b.png", "in"]
    assert [panel.list.topLevelItem(row).text(2) for row in range(3)] == ["press Paint"] * 3
    assert panel.start_button.isEnabled() and "The Night" in panel.progress_label.text()
    panel.list.topLevelItem(2).setSelected(True)
    bench.qtbot.keyClick(panel.list, Qt.Key_Delete)
    assert panel.list.topLevelItemCount() == 2
    bench.window.choose_language("zh")
    assert panel.windowTitle() == "批量绘制" and panel.list.topLevelItem(0).text(2) == "请点击“绘制”"


def test_how_results_are_written_is_remembered(bench: Bench, tmp_path: Path, photo: np.ndarray) -> None:
    sources = make_photos(tmp_path / "in", photo, "a.png")
    (tmp_path / "out").mkdir()
    panel = bench.window.batch_panel
    panel.pattern.setText("{name} as {style}")
    panel.format.setCurrentIndex(1)
    panel.quality.setValue(80)
    panel.existing.setCurrentIndex(1)
    start(bench, sources, tmp_path / "out")
    bench.until(lambda: (tmp_path / "out" / "a as night.jpg").exists())
    remembered = Output(tmp_path / "out", "{name} as {style}", ".jpg", 80, True)
    assert bench.preferences.batch_output == remembered
    bench.window.quit()
    assert bench.open_window().batch_panel.output() == remembered


def test_a_pattern_without_the_photos_name_is_told_and_nothing_is_added(
    bench: Bench, tmp_path: Path, photo: np.ndarray
) -> None:
    bench.window.batch_panel.pattern.setText("{style}")
    start(bench, make_photos(tmp_path, photo, "a.png"), tmp_path)
    bench.until(lambda: bench.window.dialog.isVisible())
    assert "{name}" in bench.window.dialog.informativeText() and statuses(bench) == []


def test_closing_asks_while_photos_are_painted(
    bench: Bench, tmp_path: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dialogs, "asks_to_close", lambda _parent, work, _language: asked.append(work))
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    (tmp_path / "out").mkdir()
    start(bench, make_photos(tmp_path / "in", photo, "a.png"), tmp_path / "out")
    bench.until(lambda: statuses(bench) == ["running"])
    bench.window.close()
    assert asked == ["batch"] and not bench.window.stopped
    bench.window.quit()
    assert bench.window.stopped and os.listdir(tmp_path / "out") == []
