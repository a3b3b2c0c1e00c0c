"""Learning a painting in the window: a fake process that speaks as `paddlegan learn --json` does; one real refusal."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QCloseEvent, QDesktopServices
from window_bench import Bench

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, write_checkpoint
from ppgan_lite.gui import dialogs
from ppgan_lite.gui.choices import user_style_choice
from ppgan_lite.gui.learn_dialog import LearnDialog
from ppgan_lite.gui.learner import COMMAND, Learner
from ppgan_lite.gui.texts import text
from ppgan_lite.images import write_image
from ppgan_lite.styles.users import THUMBNAIL, read_style

# Tells the events of a run; "stop" on stdin ends it early. Arguments: its folder, how it ends, then those of the verb.
FAKE = """
import json, sys
folder, end, *arguments = sys.argv[1:]
def tell(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)
print("a library says hello", flush=True)
open(f"{folder}/arguments.json", "w").write(json.dumps(arguments))
if end == "refused":
    sys.exit("paddlegan: error: --name: garden is the name of a style that ships; expected another one")
if end == "lacks":
    error = 'paddle: PaddlePaddle is not installed. Install it with: pip install "ppgan-lite[cpu]" (or another one)'
    tell("failed", error=error, code="missing_extra", values={"package": "PaddlePaddle", "extra": "cpu"})
    sys.exit(1)
tell("started", name="garden", title="Aunt's garden", run=folder, minutes=6, start="udnie")
tell("progress", stage="draft", iteration=1, seconds=60.0, seconds_left=300.0)
tell("preview", file=f"{folder}/preview.png", seconds=60.0)
if end == "crashed":
    sys.exit("Segmentation fault")
if end == "waits":
    for line in sys.stdin:
        if line.strip() == "stop":
            tell("kept", name="garden", path=f"{folder}/garden.ppgan")
            sys.exit(130)
tell("done", name="garden", path=f"{folder}/garden.ppgan", minutes=6.0)
"""


def write_style(path: Path) -> Path:
    from ppgan_lite.nets.style_transfer import StyleTransferNet
    from ppgan_lite.recipes.painter import painter_spec

    net = StyleTransferNet(channels=2, blocks=1, revision_channels=4)
    header = Header(
        {"painter": net_spec(net)}, {"painter": painter_spec(net)}, about={"title": {"en": "Aunt's garden"}}
    )
    picture = np.full((20, 30, 3), (200, 10, 10), np.uint8)
    write_checkpoint(path, header, {**net_tensors("painter", net), THUMBNAIL: picture})
    return path


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    write_image(tmp_path / "preview.png", np.full((40, 60, 3), (10, 200, 10), np.uint8))
    write_style(tmp_path / "garden.ppgan")
    write_image(tmp_path / "a_garden.png", np.zeros((100, 100, 3), np.uint8))
    return tmp_path / "a_garden.png"


def learning(bench: Bench, folder: Path, end: str) -> None:
    """Have the window's learner run the fake process."""
    (folder / "fake.py").write_text(FAKE, encoding="utf-8")
    bench.session.learning.learner._command = (sys.executable, str(folder / "fake.py"), str(folder), end)


def test_the_verb_is_the_one_of_the_terminal() -> None:
    assert list(COMMAND) == [sys.executable, "-m", "ppgan_lite", "learn"]


def test_a_learned_painting_stands_in_the_gallery(bench: Bench, painting: Path, tmp_path: Path) -> None:
    learning(bench, tmp_path, "done")
    window = bench.window
    window.session.learning.start(painting, ["--minutes=6", "--name=Aunt's garden"])
    assert window.learning_row.isVisible()
    assert "Getting ready" in window.learning_row.label.text()
    bench.until(lambda: not window.session.learning.learner.running)
    assert (
        window.session.state.choice.source == "garden"
        and window.session.state.choices[1] == window.session.state.choice
    )
    item = window.gallery.item(1)
    assert item.text() == "Aunt's garden" and item.toolTip().startswith("Aunt's garden\nYours\n")
    assert window.gallery.currentItem() is item
    assert not window.learning_row.isVisible() and window.session.state.learning is None
    assert "Aunt's garden" in window.status.label.text()


def test_previews_stand_in_the_results_pane_and_the_time_beside_them(
    bench: Bench, painting: Path, tmp_path: Path, photo_file: Path
) -> None:
    learning(bench, tmp_path, "waits")
    window = bench.window
    bench.open_photo(photo_file)
    window.session.learning.start(painting, [])
    bench.until(lambda: window.session.state.learning.preview is not None)
    shown = window.panes.result_pane.picture
    assert shown.size == (60, 40)
    assert shown.image[5, 5, 1] == 200
    assert window.learning_row.label.text() == "Learning “Aunt's garden”  ·  5:00 left"
    assert window.learning_row.bar.value() == round(1000 / 6)
    assert window.panes.result_title.text() == "Preview"
    arguments = (tmp_path / "arguments.json").read_text()
    assert str(painting) in arguments and f"--preview={photo_file}" in arguments and "--json" in arguments
    # The window stays usable: a result takes the preview's place, until it is asked for.
    bench.paint()
    assert window.panes.result_title.text() == "Result" and not window.learning_row.preview.isChecked()
    assert window.panes.result_pane.picture.image[5, 5, 1] != 200
    window.learning_row.preview.click()
    assert window.panes.result_pane.picture.image[5, 5, 1] == 200
    window.choose_language("zh")
    assert window.learning_row.label.text() == "正在学习“Aunt's garden”  ·  剩余 5:00"
    window.session.learning.stop()
    bench.until(lambda: not window.session.learning.learner.running)


def test_stop_keeps_what_is_learned(bench: Bench, painting: Path, tmp_path: Path) -> None:
    learning(bench, tmp_path, "waits")
    window = bench.window
    window.session.learning.start(painting, [])
    bench.until(lambda: window.session.state.learning.preview is not None)
    window.learning_row.stop_button.click()
    assert window.learning_row.label.text().endswith("stopping…")
    assert not window.learning_row.stop_button.isEnabled()
    bench.until(lambda: not window.session.learning.learner.running)
    assert window.session.state.choice.source == "garden"
    assert "is kept" in window.status.label.text()


@pytest.mark.parametrize(("end", "shown"), [("refused", "--name: garden"), ("crashed", "Segmentation fault")])
def test_a_process_that_fails_is_told_and_leaves_the_window_as_it_was(
    bench: Bench, painting: Path, tmp_path: Path, end: str, shown: str
) -> None:
    learning(bench, tmp_path, end)
    window = bench.window
    before = window.session.state.choice
    window.session.learning.start(painting, [])
    bench.until(lambda: not window.session.learning.learner.running)
    assert window.dialog.text() == text("learn_failed", "en") and shown in window.dialog.informativeText()
    assert window.session.state.choice == before and window.session.state.learning is None
    assert window.panes.result_pane.picture is None
    window.session.learning.start(painting, [])  # another one may start
    bench.until(lambda: not window.session.learning.learner.running)


def test_what_learning_lacks_is_told_in_the_language_of_the_window(
    bench: Bench, painting: Path, tmp_path: Path
) -> None:
    learning(bench, tmp_path, "lacks")
    bench.window.choose_language("zh")
    bench.window.session.learning.start(painting, [])
    bench.until(lambda: not bench.window.session.learning.learner.running)
    assert bench.window.dialog.text() == text("learn_failed", "zh")
    assert bench.window.dialog.informativeText() == '未安装 PaddlePaddle。请运行：pip install "ppgan-lite[cpu]"'


def test_a_program_that_cannot_start_is_told(bench: Bench, painting: Path, tmp_path: Path) -> None:
    bench.session.learning.learner._command = (str(tmp_path / "missing"),)
    bench.session.learning.start(painting, [])
    bench.until(lambda: not bench.session.learning.learner.running)
    assert bench.window.dialog.text() == text("learn_failed", "en")


def test_one_painting_is_learned_at_a_time(bench: Bench, painting: Path, tmp_path: Path) -> None:
    learning(bench, tmp_path, "waits")
    bench.session.learning.start(painting, [])
    bench.until(lambda: bench.session.state.learning.preview is not None)
    bench.session.learning.start(painting, [])
    bench.window.user_actions.pick_learning()
    assert bench.window.status.label.text() == text("learn_busy", "en")
    bench.session.learning.stop()
    bench.until(lambda: not bench.session.learning.learner.running)


@pytest.mark.parametrize("yes", [True, False])
def test_closing_the_window_asks_first(
    bench: Bench, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    learning(bench, tmp_path, "waits")
    window, asked = bench.window, []
    monkeypatch.setattr(dialogs, "asks_to_close", lambda parent, work, language: asked.append(language) or yes)
    window.session.learning.start(painting, [])
    bench.until(lambda: window.session.state.learning.preview is not None)
    event = QCloseEvent()
    window.closeEvent(event)
    assert asked == ["en"]
    assert event.isAccepted() == yes
    assert window.session.learning.learner.running != yes
    if not yes:
        window.quit()  # as Ctrl-C in the terminal: no question
        assert asked == ["en"] and not window.session.learning.learner.running


def test_the_dialog_makes_options_of_what_is_chosen(bench: Bench, painting: Path) -> None:
    dialog = LearnDialog(bench.window, painting, "en")
    bench.qtbot.addWidget(dialog)
    assert dialog.name.text() == "a garden" and dialog.minutes.value() == 6
    with bench.qtbot.waitSignal(dialog.chosen) as signal:
        dialog.start.click()
    assert signal.args == [painting, ["--minutes=6", "--scale=1.0", "--content=0.05", "--name=a garden"]]
    dialog.name.setText("")
    dialog.minutes.setValue(12)
    dialog.strokes.setCurrentIndex(2)
    dialog.shapes.setCurrentIndex(0)
    with bench.qtbot.waitSignal(dialog.chosen) as signal:
        dialog.start.click()
    assert signal.args == [painting, ["--minutes=12", "--scale=1.5", "--content=0.025"]]


def test_the_dialog_opens_for_the_chosen_painting_or_asks_for_one(
    bench: Bench, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = bench.window
    monkeypatch.setattr(dialogs, "pick_picture", lambda *arguments: None)
    window.commands.actions["learn_painting"].trigger()
    assert not hasattr(window, "learn_dialog")
    window.session.open_painting(painting)
    bench.until(lambda: window.session.state.painting is not None)
    window.commands.actions["learn_painting"].trigger()
    assert window.user_actions.learn_dialog.isVisible() and window.user_actions.learn_dialog.name.text() == "a garden"
    window.user_actions.learn_dialog.reject()


def test_a_style_of_the_users_is_a_card_with_its_thumbnail(bench: Bench, tmp_path: Path) -> None:
    choice = user_style_choice(read_style(write_style(tmp_path / "garden.ppgan")))
    assert (choice.source, choice.kind, choice.title["zh"]) == ("garden", "style", "Aunt's garden")
    bench.session.state.add(choice)
    bench.session.choices_changed.emit()
    from ppgan_lite.gui.gallery import _PICTURE_ROLE

    assert bench.window.gallery.item(1).data(_PICTURE_ROLE).size().width() == 30


def test_a_real_process_refuses_what_the_verb_refuses(bench: Bench, tmp_path: Path) -> None:
    events = []
    learner = Learner()
    learner.told.connect(events.append)
    learner.start(tmp_path / "missing.png", [])
    bench.qtbot.waitUntil(lambda: not learner.running, timeout=60_000)
    assert [event["event"] for event in events] == ["failed"]
    assert "missing.png" in events[0]["error"] and events[0]["code"] == "missing"


@pytest.mark.parametrize("yes", [True, False])
def test_a_style_of_the_users_is_deleted_after_a_question(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path))
    (tmp_path / "styles").mkdir()
    file = write_style(tmp_path / "styles" / "garden.ppgan")
    choice = user_style_choice(read_style(file))
    bench.session.cards.add(choice)
    asked = []
    monkeypatch.setattr(dialogs, "asks_to_delete", lambda parent, title, language: asked.append(title) or yes)
    bench.qtbot.keyClick(bench.window.gallery, Qt.Key_Delete)
    assert asked == ["Aunt's garden"]
    assert file.exists() != yes
    assert (choice in bench.session.state.choices) != yes
    shown = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: shown.append(url.toLocalFile()))
    bench.window.gallery.show_folder.emit(choice)
    assert shown == [str(tmp_path / "styles")]
