"""Small pictures that follow the sliders, and the gallery on the user's own photo."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from test_session import Desk, desk  # noqa: F401 - a fixture
from window_bench import Bench, FakePredictor

from ppgan_lite.gui.previews import PREVIEW_PX, Previews
from ppgan_lite.gui.state import StyleSettings
from ppgan_lite.gui.thumbnails import Thumbnails
from ppgan_lite.images import write_image
from ppgan_lite.inference import estimate
from ppgan_lite.inference.cost import Cost


@pytest.fixture
def large_photo(tmp_path: Path) -> Path:
    path = tmp_path / "large.png"
    write_image(path, np.full((1000, 1500, 3), 200, np.uint8))
    return path


def test_a_small_picture_follows_style_and_sliders(desk: Desk, large_photo: Path) -> None:  # noqa: F811
    session = desk.session
    Previews(session)
    session.set_live(True)
    desk.open_photo(large_photo)
    desk.until(lambda: session.preview is not None)
    assert max(session.preview.image.shape) == PREVIEW_PX
    assert session.state.result is None and session.work is None
    session.set_settings(StyleSettings(0.3))
    session.set_settings(StyleSettings(0.4))
    desk.until(lambda: session.preview.request.settings.strength == 0.4)
    assert [call["strength"] for call in desk.predictors["night"].calls] == [1.0, 0.4], "each pause, not each step"
    session.cards.choose("wave")
    desk.until(lambda: session.preview.request.choice.source == "wave")
    desk.paint()
    assert session.preview is None and session.state.result.image.shape == (1000, 1500, 3)


def test_a_preview_stops_for_the_real_picture(desk: Desk, photo_file: Path) -> None:  # noqa: F811
    session = desk.session
    desk.predictors["night"] = FakePredictor(gate=threading.Event())
    desk.open_photo(photo_file)
    Previews(session)
    session.set_live(True)
    desk.until(lambda: desk.predictors["night"].calls)
    assert session.is_running("preview")
    session.cards.choose("wave")
    with desk.qtbot.waitSignal(session.result_changed):
        session.run()
        assert not session.is_running("preview")
    assert session.preview is None


def test_settings_that_the_result_has_need_no_preview(desk: Desk, photo_file: Path) -> None:  # noqa: F811
    session = desk.session
    Previews(session)
    session.set_live(True)
    desk.open_photo(photo_file)
    desk.until(lambda: session.preview is not None)
    desk.paint()
    session.set_settings(StyleSettings(0.4))
    desk.until(lambda: session.preview is not None)
    session.set_settings(StyleSettings())
    desk.until(lambda: session.preview is None)
    desk.qtbot.wait(250)
    assert session.preview is None


def test_a_preview_that_fails_is_not_told(desk: Desk, photo_file: Path) -> None:  # noqa: F811
    desk.predictors["night"] = FakePredictor(error=RuntimeError("out of paint"))
    Previews(desk.session)
    desk.session.set_live(True)
    desk.open_photo(photo_file)
    desk.until(lambda: desk.predictors["night"].calls and not desk.session.is_running("preview"))
    assert desk.failed == [] and desk.session.preview is None


def test_what_is_shown_is_what_is_saved(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    bench.paint()
    save = bench.window.commands.actions["save_as"]
    assert save.isEnabled()
    Previews(bench.session)
    bench.session.set_live(True)
    bench.window.controls.strength.setValue(40)
    bench.until(lambda: bench.session.preview is not None)
    assert not save.isEnabled(), "the preview is no result"
    assert bench.window.panes.result_title.text() == "Preview"
    assert "press Stylize for full size" in bench.window.panes.result_detail.text()
    bench.paint()
    assert save.isEnabled() and bench.window.panes.result_title.text() == "Result"


def test_the_gallery_shows_the_photo_in_every_style_while_there_is_nothing_else_to_do(
    bench: Bench, photo_file: Path
) -> None:
    session, gallery = bench.session, bench.window.gallery
    session.cards.choose("wave")
    thumbnails = Thumbnails(session)
    bench.window.follow(thumbnails)
    session.set_live(True)
    bench.open_photo(photo_file)
    bench.until(lambda: len(thumbnails.pictures) == 2)
    assert [source for source, _ in bench.loaded] == ["wave", "night"], "the chosen one is painted first"
    shown = gallery.item(1).data(gallery_picture())
    assert (shown.width(), shown.height()) == (60, 40)
    assert not bench.window.status.thumbnails_label.isVisible()
    bench.paint()
    assert [source for source, _ in bench.loaded] == ["wave", "night", "wave"], "their predictors are not kept"
    session.set_live(False)
    assert gallery.item(1).data(gallery_picture()).width() == 40, "the picture of the style"


def gallery_picture() -> int:
    from ppgan_lite.gui.gallery import _PICTURE_ROLE

    return _PICTURE_ROLE


def test_thumbnails_stop_for_real_work_and_go_on_after_it(bench: Bench, photo_file: Path) -> None:
    session = bench.session
    bench.predictors["night"] = FakePredictor(gate=threading.Event())
    thumbnails = Thumbnails(session)
    bench.window.follow(thumbnails)
    session.set_live(True)
    bench.open_photo(photo_file)
    bench.until(lambda: bench.predictors["night"].calls)
    session.cards.choose("wave")
    session.run()
    bench.until(lambda: session.state.result is not None)
    bench.predictors["night"].gate.set()
    bench.until(lambda: len(thumbnails.pictures) == 2)


def test_a_style_that_cannot_paint_is_left_out(bench: Bench, photo_file: Path) -> None:
    bench.predictors["night"] = FakePredictor(error=RuntimeError("out of paint"))
    thumbnails = Thumbnails(bench.session)
    bench.session.set_live(True)
    bench.open_photo(photo_file)
    bench.until(lambda: list(thumbnails.pictures) == ["wave"])
    assert not bench.window.dialog.isVisible()


@pytest.mark.parametrize(
    ("large_px", "seconds", "english", "chinese"),
    [
        (60 * 40, 12.3, "about 12 s, 1.2 GB", "预计 12 秒，内存 1.2 GB"),
        (60 * 40 + 1, 12.3, "about 12 s", "约 12 秒"),
        (60 * 40 + 1, 300.0, "about 5 min", "约 5 分钟"),
        (60 * 40 + 1, 0.3, "less than 1 s", "不到 1 秒"),
        (60 * 40 + 1, None, "", ""),
    ],
)
def test_the_cost_stands_beside_the_button_before_it_is_pressed(
    bench: Bench,
    photo_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    large_px: int,
    seconds: float | None,
    english: str,
    chinese: str,
) -> None:
    monkeypatch.setattr(estimate, "LARGE_PX", large_px)
    bench.predictors["night"] = FakePredictor(cost=Cost(seconds, 1.24e9))
    Previews(bench.session)
    bench.session.set_live(True)
    controls = bench.window.controls
    assert not controls.cost_label.isVisible()
    bench.open_photo(photo_file)
    bench.until(lambda: bench.session.preview is not None)
    assert controls.cost_label.text() == english and controls.cost_label.isVisible() == bool(english)
    if english:
        assert controls.run.accessibleDescription().startswith("The whole picture will take about ")
    bench.window.choose_language("zh")
    assert controls.cost_label.text() == chinese


def test_the_cost_is_that_of_the_picture_that_would_be_made_now(bench: Bench, photo_file: Path) -> None:
    night, label = FakePredictor(gate=threading.Event()), bench.window.controls.cost_label
    bench.predictors["night"] = night
    monkeyed = {None: Cost(3.0, 1e9), 5.0: Cost(20.0, 1e9)}
    night.cost = lambda height, width, *, brush: monkeyed[brush]  # type: ignore[method-assign]
    bench.open_photo(photo_file)
    assert label.text() == "", "nothing is known of a style that is not loaded"
    bench.session.run()
    assert not label.isVisible(), "the status bar tells the time that is left"
    night.gate.set()
    bench.until(lambda: bench.session.state.result is not None)
    assert label.text() == "about 3 s" and label.isVisible()
    bench.session.set_settings(StyleSettings(brush=1 / 8))
    assert label.text() == "about 20 s"
    bench.session.cards.choose("wave")
    assert label.text() == "", "it is another style's"
