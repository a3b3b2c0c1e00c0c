"""The window's state, without Qt."""

from __future__ import annotations

import string
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ppgan_lite.errors import CheckpointError
from ppgan_lite.gui import progress
from ppgan_lite.gui.captions import direction_caption, work_caption
from ppgan_lite.gui.choices import ANY_PAINTING, checkpoint_choice
from ppgan_lite.gui.state import Picture, Request, Result, State, StyleSettings, brush_at, brush_position, brush_px
from ppgan_lite.gui.texts import LANGUAGE_NAMES, TEXTS, plain, text
from ppgan_lite.images import ImageMetadata, NamedFile


def picture(width: int = 60, height: int = 40, path: str | None = "照片 1.jpg", **metadata: np.ndarray) -> Picture:
    image = np.zeros((height, width, 3), np.uint8)
    return Picture(image, image, ImageMetadata(**metadata), Path(path) if path else None)


def test_the_state_says_which_picture_is_missing() -> None:
    state = State.with_styles(())
    assert state.choice == ANY_PAINTING and state.missing == "photo"
    state.open_photo(picture())
    assert state.missing == "painting"
    state.open_painting(picture())
    assert state.missing is None


def test_a_request_does_not_follow_the_sliders() -> None:
    state = State.with_styles(())
    state.open_photo(picture())
    state.open_painting(picture())
    request = state.request()
    state.settings = StyleSettings(strength=0.1)
    assert request.options == {"strength": 1.0, "keep_colors": False, "brush": None}


def test_a_checkpoint_that_translates_gets_no_settings_of_style() -> None:
    choice = checkpoint_choice(Path("horse2zebra.ppgan"), SimpleNamespace(task="translate", inputs=("photo",)))
    assert not choice.has_settings and not choice.needs_painting
    request = Request(picture(), choice, StyleSettings(strength=0.3))
    assert request.options == {} and request.stored_options == {}


def test_a_checkpoint_of_one_direction_has_none_to_choose() -> None:
    spec = SimpleNamespace(task="translate", inputs=("photo",))
    assert checkpoint_choice(Path("facades.ppgan"), spec, ("a_to_b",)).directions == ()
    choice = checkpoint_choice(Path("zebra.ppgan"), spec, ("a_to_b", "b_to_a"))
    assert (choice.directions, choice.direction) == (("a_to_b", "b_to_a"), "a_to_b")


@pytest.mark.parametrize(
    ("name", "shown"), [("a_to_b", "A → B"), ("photo_to_monet", "photo → monet"), ("restore", "restore")]
)
def test_a_direction_is_shown_as_people_read_it(name: str, shown: str) -> None:
    assert direction_caption(name) == shown


@pytest.mark.parametrize(("task", "inputs"), [("stylize", ("photo", "mask")), ("segment", ("photo",))])
def test_a_checkpoint_that_the_window_cannot_serve_is_refused(task: str, inputs: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError, match=r"odd\.ppgan: its .* expected inputs photo and style"):
        checkpoint_choice(Path("odd.ppgan"), SimpleNamespace(task=task, inputs=inputs))


def test_a_checkpoint_that_is_loaded_again_keeps_one_place_in_the_gallery() -> None:
    state = State.with_styles(())
    spec = SimpleNamespace(task="stylize", inputs=("photo", "style"))
    for _ in range(2):
        state.add(checkpoint_choice(Path("mine.ppgan"), spec))
    assert [choice.source for choice in state.choices] == ["any", "mine.ppgan"]
    assert state.choice.needs_painting
    state.open_painting(picture())
    assert state.choice.source == "mine.ppgan", "a painting serves the checkpoint that asked for it"


def test_the_stored_options_are_those_of_the_command_line() -> None:
    settings = StyleSettings(strength=0.5, keep_colors=True, brush=0.05)
    expected = {"strength": 0.5, "keep_colors": True, "brush": 2.0, "faces": 0.6}
    assert Request(picture(), ANY_PAINTING, settings, picture(path="畫.png")).stored_options == expected
    assert picture(path="畫.png").file == NamedFile("畫.png")
    assert picture(path=None).file is None


def test_the_brush_follows_the_size_of_the_photo() -> None:
    assert brush_px(0.01, (4000, 3000)) == 10 * brush_px(0.01, (400, 300))
    assert brush_px(0.005, (16, 16)) == 1.0
    assert [brush_at(position) for position in (0, 0.5, 1)] == pytest.approx([1 / 128, 1 / 32, 1 / 8])
    assert [brush_position(brush_at(position)) for position in (0, 0.3, 1)] == pytest.approx([0, 0.3, 1])
    assert (brush_position(1e-9), brush_position(1.0)) == (0, 1)


def test_a_result_suggests_a_name_in_the_format_of_the_photo() -> None:
    photo = picture()
    result = Result(
        photo.image, photo.image, Request(photo, ANY_PAINTING, StyleSettings(), picture(path="a/呐喊.png")), 1, ""
    )
    assert result.file_name() == "照片 1_呐喊.jpg"
    gif = picture(path="walk.gif")
    result = Result(gif.image, gif.image, Request(gif, ANY_PAINTING, StyleSettings(), picture(path=None)), 1, "")
    assert result.file_name() == "walk_any.png", "we do not write GIF"


def test_opacity_grows_with_a_result_that_is_larger_than_the_photo() -> None:
    photo = picture(alpha=np.full((40, 60), 128, np.uint8))
    large = np.zeros((80, 120, 3), np.uint8)
    result = Result(large, large, Request(photo, ANY_PAINTING, StyleSettings()), 1, "cpu")
    assert result.metadata.alpha is not None and result.metadata.alpha.shape == (80, 120)
    assert (result.metadata.alpha == 128).all()


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_every_text_is_there_in_each_language_with_the_same_places_to_fill(language: str) -> None:
    assert list(TEXTS[language]) == list(TEXTS["en"])
    for key, words in TEXTS[language].items():
        places, english = (
            {name for _, name, _, _ in string.Formatter().parse(word) if name} for word in (words, TEXTS["en"][key])
        )
        assert words and places == english, key


def test_a_text_without_access_key_serves_a_button() -> None:
    assert plain(text("open_photo", "zh")) == "打开照片…"
    assert plain(text("any_painting", "en")) == "Any painting…"


def test_what_is_left_is_told_by_the_pace_once_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)
    work = progress.Painting(began=90.0)
    assert work.seconds_left() is None
    work.advance(0.1)
    now = 101.0
    work.advance(0.2)
    assert work.seconds_left() is None, "a second is too little to tell"
    now = 104.0
    work.advance(0.5)
    assert work.seconds_left() == pytest.approx(5.0), "preparing does not count"
    assert work_caption(work, "en") == "Working… 50 %  ·  0:05 left"
    assert work_caption(work, "zh") == "正在处理… 50 %  ·  剩余 0:05"
