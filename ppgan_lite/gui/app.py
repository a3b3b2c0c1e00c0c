"""Open the window: `python ui.py` and `paddlegan gui`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from ppgan_lite.errors import PpganError
from ppgan_lite.gui import display
from ppgan_lite.languages.terminal import error_in_words, in_words, speaking, system_language
from ppgan_lite.runtime.streams import open_closed_streams

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from ppgan_lite.gui.choices import Choice
    from ppgan_lite.gui.window import MainWindow
    from ppgan_lite.gui.worker import Cancelled
    from ppgan_lite.inference.predictor import Predictor

logger = logging.getLogger(__name__)

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and wait until it is closed, as `run` does; print an error in the system's language."""
    try:
        return run(argv)
    except PpganError as error:
        with speaking(system_language()):
            sys.stderr.write(f"{in_words('error: ')}{error_in_words(error)}\n")
        return error.exit_code


def run(argv: Sequence[str] | None = None) -> int:
    """Open the window and wait until it is closed.

    Args:
        argv: [CHECKPOINT] [PHOTO]; None takes them from the command line.

    Returns:
        0; 130 after Ctrl+C.

    Raises:
        PpganError: No window can be opened, or a file that is given cannot be used.
    """
    open_closed_streams()
    arguments = _parse(argv)
    display.prepare()
    application, window = create(arguments.checkpoint, arguments.photo)
    window.show()
    code = wait(application, window)
    window.quit()
    if not window.stopped:
        # A kernel that cannot be interrupted is still running; Qt would abort on destroying its thread.
        sys.stderr.flush()
        os._exit(code)
    return code


def create(checkpoint: str | None, photo: str | None) -> tuple[QApplication, MainWindow]:
    """Make the application and its window, and start opening the files given.

    Args:
        checkpoint: A checkpoint file, the name of a style or a model, or a painting's file.
        photo: A picture file.
    """
    from PyQt5.QtCore import QSettings

    from ppgan_lite.gui import log
    from ppgan_lite.gui.appearance import Appearance
    from ppgan_lite.gui.preferences import Preferences
    from ppgan_lite.gui.previews import Previews
    from ppgan_lite.gui.remembering import restore
    from ppgan_lite.gui.session import Session
    from ppgan_lite.gui.state import State
    from ppgan_lite.gui.thumbnails import Thumbnails
    from ppgan_lite.gui.window import MainWindow
    from ppgan_lite.published import weights_file
    from ppgan_lite.styles import catalogue

    log.keep_messages()
    application, language = new_application()
    preferences = Preferences(QSettings("ppgan_lite", "window"))
    appearance = Appearance(application, preferences.appearance)
    own, problems = _own_styles()
    models, damaged = _fetched_models()
    problems += damaged
    state = State.with_styles(catalogue(), own)
    for model in models:
        state.add(model, choose=False)
    session = Session(state, _load)
    restore(session, preferences)
    window = MainWindow(session, preferences, language)
    Previews(session)
    window.follow(Thumbnails(session))
    session.set_live(preferences.live_preview)
    window.appearance_chosen.connect(appearance.choose)
    if problems:
        window.show_problem(problems[0])
    if checkpoint is not None and _is_picture(checkpoint):
        session.open_painting(Path(checkpoint))
    elif checkpoint is not None and not session.cards.choose(checkpoint):
        path = weights_file(checkpoint)
        if not session.cards.choose(str(path)):
            session.load_checkpoint(path)
    if photo is not None:
        session.open_photo(Path(photo))
    return application, window


def new_application() -> tuple[QApplication, str]:
    """Make the application; return it and the system's language, "en" or "zh"."""
    from PyQt5.QtCore import QLocale, Qt
    from PyQt5.QtWidgets import QApplication

    from ppgan_lite.gui import icons

    QApplication.setAttribute(Qt.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.AA_UseHighDpiPixmaps)
    application = QApplication(["ppgan_lite"])
    application.setApplicationDisplayName("ppgan_lite")
    application.setWindowIcon(icons.app_icon())
    return application, "zh" if QLocale.system().language() == QLocale.Chinese else "en"


def _fetched_models() -> tuple[list[Choice], list[PpganError]]:
    """Return the models that were fetched, and an error for each whose file is damaged."""
    from ppgan_lite.checkpoint import read_header
    from ppgan_lite.gui.choices import checkpoint_choice
    from ppgan_lite.published import cached, released

    choices, problems = [], list[PpganError]()
    for name, model in released().items():
        path = cached(name)
        if not path.is_file():
            continue
        try:
            predictors = read_header(path).predictors
            first = next(iter(predictors.values()))  # there is one: tools/add_release.py sees to it
            directions = tuple(key for key, spec in predictors.items() if spec.task == first.task)
            choices.append(replace(checkpoint_choice(path, first, directions), title=dict(model.title)))
        except PpganError as error:
            problems.append(error)
    return choices, problems


def _own_styles() -> tuple[list[Choice], list[PpganError]]:
    """Return the styles of the user's own, and an error for each file that is none."""
    from ppgan_lite.gui.choices import user_style_choice
    from ppgan_lite.styles.users import user_styles

    styles, problems = user_styles()
    choices = []
    for style in styles:
        try:
            choices.append(user_style_choice(style))
        except PpganError as error:
            problems.append(error)
    return choices, problems


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("ui.py", description="Paint photographs, in a window.")
    parser.add_argument(
        "checkpoint", nargs="?", metavar="CHECKPOINT", help="a .ppgan file, the name of a style, or a painting"
    )
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a picture file, or a clip")
    arguments = parser.parse_args(argv)
    if arguments.photo is None and arguments.checkpoint is not None and _is_photo(arguments.checkpoint):
        arguments.checkpoint, arguments.photo = None, arguments.checkpoint
    return arguments


def _is_photo(name: str) -> bool:
    """Return whether a file is a picture or a clip by its name."""
    from ppgan_lite.gui.clips import OPENABLE_SUFFIXES

    return Path(name).suffix.lower() in OPENABLE_SUFFIXES


def _is_picture(name: str) -> bool:
    from ppgan_lite.images import READABLE_SUFFIXES

    return Path(name).suffix.lower() in READABLE_SUFFIXES


def _load(source: str, direction: str | None, is_deep: bool, cancelled: Cancelled) -> Predictor:
    """Load a predictor, for 16 bits or not; on a worker thread, because this is where Paddle is imported."""
    from ppgan_lite.gui.choices import shares_in
    from ppgan_lite.inference.engines.selection import AUTO, in_float32
    from ppgan_lite.inference.loading import load_blend, load_predictor

    engine = in_float32(AUTO) if is_deep else AUTO
    if shares := shares_in(source):
        return load_blend(shares, engine=engine, cancelled=cancelled)
    return load_predictor(source, engine=engine, predictor=direction, cancelled=cancelled)


class Closable(Protocol):
    """A window that can be closed from outside."""

    def quit(self) -> None:
        """Close it."""

    def show_error(self, kind: str, error: BaseException) -> None:
        """Tell an error."""


def wait(application: QApplication, window: Closable) -> int:
    """Run until the window is closed, also by Ctrl+C in the terminal or SIGTERM; no exception ends the program."""
    from PyQt5.QtCore import QTimer

    interrupted = False

    def interrupt(_signal: int, _frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        window.quit()

    def show_unexpected(_kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        logger.error("unexpected error", exc_info=(type(error), error, traceback))
        window.show_error("unexpected", error)

    previous_hook = sys.excepthook
    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.excepthook = show_unexpected

    heartbeat = QTimer()  # Python sees a signal only when it runs, and Qt's loop runs none by itself
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    try:
        application.exec_()
    finally:
        heartbeat.stop()
        sys.excepthook = previous_hook
        for number, handler in previous.items():
            signal.signal(number, handler)
    return _INTERRUPTED if interrupted else 0
