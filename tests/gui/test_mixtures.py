"""Two styles mixed in the window: by Ctrl and a click, by the menu, from presets and files, and as a command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QInputDialog, QListWidgetItem
from window_bench import Bench

from ppgan_lite.gui import app
from ppgan_lite.gui.again import read_again
from ppgan_lite.gui.captions import result_caption
from ppgan_lite.gui.choices import ANY_PAINTING, Choice, mixture, shares_in
from ppgan_lite.gui.command_line import command_line
from ppgan_lite.gui.remembering import restore
from ppgan_lite.gui.state import Picture, Request, StyleSettings, style_label
from ppgan_lite.images import BlendPart, NamedFile, ResultSettings, write_image
from ppgan_lite.inference.stylization.stylizer import Stylizer

NIGHT = Choice("night", "style", {"en": "The Night", "zh": "夜"})
WAVE = Choice("wave", "style", {"en": "The Wave", "zh": "浪"})


def click_on(bench: Bench, source: str, keys: Qt.KeyboardModifier = Qt.ControlModifier) -> None:
    gallery = bench.window.gallery
    row = next(row for row, choice in enumerate(bench.session.state.choices) if choice.source == source)
    place = gallery.visualItemRect(gallery.item(row)).topLeft() + QPoint(30, 30)
    bench.qtbot.mouseClick(gallery.viewport(), Qt.LeftButton, keys, place)


def test_the_source_of_a_mixture_names_both_shares() -> None:
    found = mixture(NIGHT, WAVE, 0.35)
    assert found.source == "night:0.65+wave:0.35" and found.shares == {"night": 0.65, "wave": 0.35}
    assert found.title == {"en": "The Night 65 % + The Wave 35 %", "zh": "夜 65 % + 浪 35 %"}
    assert style_label(found, None) == "night65+wave35", "as the command line names it"


@pytest.mark.parametrize(
    "source", ["night", "any", "night:0.5", "night:0.5+night:0.5", "a:0.2+b:0.3+c:0.5", "/a:0.5+b/c.ppgan", "a:1+b:0.0"]
)
def test_other_sources_are_no_mixtures(source: str) -> None:
    assert shares_in(source) == {} == replace(NIGHT, source=source).shares


def test_a_click_with_ctrl_mixes_two_styles_and_another_leaves_one(bench: Bench, photo_file: Path) -> None:
    controls, state = bench.window.controls, bench.session.state
    assert not controls.mix_group.isVisible()
    click_on(bench, "wave")
    assert state.choice.source == "night:0.5+wave:0.5" and controls.mix_group.isVisible()
    assert (controls.mix_first.text(), controls.mix_second.text()) == ("The Night", "The Wave")
    controls.mix.setValue(7)
    assert state.choice.source == "night:0.65+wave:0.35" and controls.mix_value.text() == "65 : 35"
    bench.open_photo(photo_file)
    bench.paint()
    assert [source for source, _ in bench.loaded] == ["night:0.65+wave:0.35"]
    assert bench.session.state.result.file_name() == "photo_night65+wave35.png"
    click_on(bench, "wave")
    assert state.choice.source == "night" and not controls.mix_group.isVisible()
    click_on(bench, "wave")
    click_on(bench, "night")
    assert state.choice.source == "wave", "the one that is left"
    click_on(bench, "night")
    click_on(bench, "night", Qt.NoModifier)
    assert state.choice.source == "night" and not controls.mix_group.isVisible()


def test_both_cards_are_marked(bench: Bench) -> None:
    def is_marked(item: QListWidgetItem) -> bool:
        return item.isSelected() or item.data(Qt.AccessibleDescriptionRole) in ("Mixture", "混合比例")

    def marked() -> list[str]:
        gallery = bench.window.gallery
        return [gallery.item(row).text() for row in range(gallery.count()) if is_marked(gallery.item(row))]

    assert marked() == ["The Night"]
    click_on(bench, "wave")
    assert marked() == ["The Night", "The Wave"]
    bench.window.choose_language("zh")
    assert marked() == ["夜", "浪"] and bench.window.controls.mix_second.text() == "浪"
    bench.session.cards.choose("wave")
    assert marked() == ["浪"]


def test_the_menu_mixes_for_the_keyboard(bench: Bench) -> None:
    menu = bench.window.commands._mix
    menu.fill()
    (wave,) = menu._menu.actions()
    assert (wave.text(), wave.isChecked()) == ("The Wave", False)
    wave.trigger()
    menu.fill()
    (wave,) = menu._menu.actions()
    assert bench.session.state.choice.shares == {"night": 0.5, "wave": 0.5} and wave.isChecked()
    wave.trigger()
    assert bench.session.state.choice.source == "night"


def test_only_styles_mix(bench: Bench) -> None:
    click_on(bench, ANY_PAINTING.source)
    assert bench.session.state.choice.source == "night"
    assert bench.window.status.label.text() == "Only styles mix: choose one, then Ctrl+click another"


def test_a_mixture_is_kept_as_a_preset_and_for_the_next_start(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Stormy", True))
    click_on(bench, "wave")
    bench.window.controls.mix.setValue(4)
    bench.window.user_actions.keep_preset()
    bench.window.quit()
    bench.window = bench.open_window()
    restore(bench.session, bench.preferences)
    assert bench.session.state.choice.shares == {"night": 0.8, "wave": 0.2}
    bench.session.cards.choose("wave")
    (preset,) = bench.window.user_actions.presets()
    bench.window.user_actions.use_preset(preset)
    assert bench.session.state.choice.source == "night:0.8+wave:0.2" and bench.window.controls.mix.value() == 4


def test_a_mixture_comes_back_from_the_history(bench: Bench, photo_file: Path) -> None:
    bench.open_photo(photo_file)
    click_on(bench, "wave")
    bench.paint()
    bench.session.cards.choose("night")
    bench.paint()
    bench.window.user_actions.undo()
    result = bench.session.state.result
    assert result_caption(result, "en").startswith("The Night 50 % + The Wave 50 %")
    bench.window.user_actions.reuse.entry(bench.session.history.entries[0])
    assert bench.session.state.choice.source == "night:0.5+wave:0.5"


def test_removing_one_of_the_two_ends_the_mixture(bench: Bench) -> None:
    click_on(bench, "wave")
    bench.session.state.rename("wave", "Sea")
    assert bench.session.state.choice.title["en"] == "The Night 50 % + Sea 50 %"
    bench.session.state.remove("wave")
    assert bench.session.state.choice.source == "night"


def test_the_queue_names_its_results_as_the_command_line_does(bench: Bench, photo_file: Path) -> None:
    from ppgan_lite.gui.batch_queue import Output

    click_on(bench, "wave")
    bench.session.paint_many([photo_file], Output())
    target = photo_file.with_name("photo_night50+wave50.png")
    bench.until(target.exists)


def test_the_command_of_a_mixture() -> None:
    photo = Picture.of(np.zeros((4, 6, 3), np.uint8), path=Path("/p/a.jpg"))
    asked = Request(photo, mixture(NIGHT, WAVE, 0.35), StyleSettings(0.5))
    expected = "paddlegan stylize /p/a.jpg --style night:0.65 --style wave:0.35 --strength 0.5"
    assert command_line(asked, windows=False) == expected


def test_a_file_that_the_command_line_made_is_painted_again(tmp_path: Path) -> None:
    parts = BlendPart(0.333333, "style", NamedFile("udnie")), BlendPart(0.666667, "style", NamedFile("great_wave"))
    settings = ResultSettings("stylize", {"strength": 0.5}, blend=parts)
    write_image(tmp_path / "a.png", np.zeros((20, 20, 3), np.uint8), settings=settings)
    again = read_again(tmp_path / "a.png")
    assert shares_in(again.source) == {"udnie": 0.333333, "great_wave": 0.666667}
    assert again.checkpoint is None and again.settings.strength == 0.5


def test_what_the_window_loads_is_a_mixture() -> None:
    predictor = app._load("udnie:0.35+great_wave:0.65", None, False, lambda: False)
    assert isinstance(predictor, Stylizer)
    assert [(part.share, part.file.name) for part in predictor.blend] == [(0.35, "udnie"), (0.65, "great_wave")]
