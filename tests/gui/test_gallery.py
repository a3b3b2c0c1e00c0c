"""The cards of the gallery: groups, other names, and what their menus offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QInputDialog, QSlider
from test_user_styles import write_style
from window_bench import Bench

from ppgan_lite.gui.choices import Choice, user_style_choice
from ppgan_lite.gui.gallery import _CHOICE, _GROUP, Gallery
from ppgan_lite.gui.preferences import Preferences
from ppgan_lite.gui.remembering import restore
from ppgan_lite.styles.users import read_style, styles_folder


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Choice:
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))
    styles_folder().mkdir(parents=True)
    return user_style_choice(read_style(write_style(styles_folder() / "attic.ppgan", title="Attic")))


def titles(bench: Bench) -> list[str]:
    gallery = bench.window.gallery
    return [gallery.item(row).text() for row in range(gallery.count()) if not gallery.item(row).isHidden()]


def group_marks(gallery: Gallery) -> dict[str, str]:
    """Return the source of each card that a group's name stands before, and that name."""
    items = [gallery.item(row) for row in range(gallery.count())]
    return {item.data(_CHOICE).source: item.data(_GROUP) for item in items if item.data(_GROUP)}


def load(bench: Bench, path: str) -> None:
    bench.session.load_checkpoint(Path(path))
    bench.until(lambda: bench.session.state.choice.source == path)


def test_cards_stand_in_groups_whose_names_are_shown_where_there_are_several(bench: Bench, mine: Choice) -> None:
    gallery = bench.window.gallery
    assert group_marks(gallery) == {}, "one group needs no name"
    load(bench, "b/two.ppgan")
    bench.session.cards.add(mine)
    load(bench, "a/one.ppgan")
    assert titles(bench) == ["Any painting", "Attic", "one", "two", "The Night", "The Wave"]
    assert group_marks(gallery) == {"attic": "Yours", "a/one.ppgan": "Checkpoints", "night": "Shipped"}
    plain, first = (gallery.visualItemRect(gallery.item(row)).width() for row in (3, 2))
    assert first > plain, "there is room for the name"
    bench.window.choose_language("zh")
    assert group_marks(gallery)["night"] == "自带风格"


def test_a_group_is_found_by_its_name_and_keeps_it_when_its_first_card_is_hidden(bench: Bench) -> None:
    load(bench, "mine.ppgan")
    bench.window.toolbar.search.setText("wave")
    assert group_marks(bench.window.gallery) == {"wave": "Shipped"}
    bench.window.toolbar.search.setText("checkpoints")
    assert titles(bench) == ["mine"]


def test_a_search_that_finds_nothing_says_so(bench: Bench) -> None:
    gallery, search = bench.window.gallery, bench.window.toolbar.search
    empty = gallery.grab().toImage()
    search.setText("zebra")
    assert titles(bench) == [] and gallery.hint == "No style has these words"
    assert gallery.grab().toImage() != empty
    bench.window.choose_language("zh")
    assert gallery.hint == "没有符合的风格"
    search.setText("浪")
    assert titles(bench) == ["浪"] and gallery.hint == ""


def test_the_handle_of_a_slider_is_whole(bench: Bench) -> None:
    window = bench.window
    window.user_actions.edit_mask()
    for slider in window.findChildren(QSlider):
        assert slider.minimumSizeHint().height() >= 16


def test_a_checkpoints_card_is_renamed_for_good(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "run" / "final.ppgan"
    path.parent.mkdir()
    path.touch()
    load(bench, str(path))
    asked: list[str] = []

    def answer(*_: object, text: str, answers: list[str] = ["Fog", ""]) -> tuple[str, bool]:  # noqa: B006
        asked.append(text)
        return answers.pop(0), True

    monkeypatch.setattr(QInputDialog, "getText", answer)
    bench.qtbot.keyClick(bench.window.gallery, Qt.Key_F2)
    assert titles(bench)[1] == "Fog" and bench.session.state.choice.title["zh"] == "Fog"
    window = bench.open_window()
    restore(window.session, Preferences(bench.preferences._store))
    window.session.choices_changed.emit()
    assert window.gallery.item(1).text() == "Fog", "at the next start too"
    window.user_actions.rename(window.session.state.choices[1])
    assert window.gallery.item(1).text() == "run/final" and asked == ["run/final", "Fog"]
    window.quit()


def test_a_style_of_the_users_is_renamed_where_the_command_line_sees_it(bench: Bench, mine: Choice) -> None:
    before = mine.file.read_bytes()
    bench.session.cards.add(mine)
    bench.session.cards.rename(mine, "The Attic, at Night")
    assert titles(bench)[1] == read_style(mine.file).title == "The Attic, at Night"
    assert mine.file.read_bytes() == before, "results know the file by its hash"
    bench.session.cards.rename(bench.session.state.choices[1], "")
    assert titles(bench)[1] == "Attic"
    mine.file.unlink()
    bench.session.cards.rename(bench.session.state.choices[1], "Gone")
    assert bench.window.dialog.text() == "The style could not be renamed." and titles(bench)[1] == "Attic"


def test_the_menu_of_a_card_of_the_users(bench: Bench, mine: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    load(bench, "mine.ppgan")
    gallery = bench.window.gallery
    done: list[tuple[str, Choice]] = []
    for name in ("rename", "show_folder", "remove"):
        getattr(gallery, name).disconnect()
        getattr(gallery, name).connect(lambda choice, name=name: done.append((name, choice)))
    for choice, last in ((bench.session.state.choice, "Remove from the gallery"), (mine, "Delete the style")):
        actions = gallery.menu(choice).actions()
        assert [action.text() for action in actions] == ["Rename…", "Show in folder", last]
        for action in actions:
            action.trigger()
        assert done == [(name, choice) for name in ("rename", "show_folder", "remove")]
        done.clear()
    shipped = bench.session.state.choices[-1]
    bench.session.cards.choose(shipped.source)
    bench.qtbot.keyClick(gallery, Qt.Key_F2)
    assert done == [], "what ships keeps its name"
