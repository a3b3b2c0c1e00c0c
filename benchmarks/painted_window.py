"""The window with a photo that is painted at once, for its benchmark and its picture in the README."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QSettings, QTimer

from ppgan_lite.gui import app

if TYPE_CHECKING:
    from ppgan_lite.gui.window import MainWindow  # its import is a part of the measured time

Look = Callable[["MainWindow"], object]


def paint_in_window(
    style: str | None, photo: Path, settings: Path, *, opened: Look, painted: Look, every_ms: int = 50
) -> None:
    """Open the window, press its button as soon as the photo is there, and close it when the photo is painted.

    Args:
        style: The name of a style or a checkpoint file; None takes the first style.
        photo: A picture file.
        settings: A folder for the window's settings, so that those of the user stay as they are.
        opened: Called before the window is shown.
        painted: Called when the result is shown.
        every_ms: How often to look whether it is.

    Raises:
        SystemExit: The window shows an error, which is the exit message.
    """
    QSettings.setPath(QSettings.NativeFormat, QSettings.UserScope, str(settings))
    application, window = app.create(style, str(photo))
    opened(window)
    window.show()
    complaint = ""

    def look() -> None:
        nonlocal complaint
        if window.dialog.isVisible():
            complaint = window.dialog.informativeText()
            application.exit()
        elif window.session.state.result is not None:
            painted(window)
            application.exit()
        elif window.session.state.photo is not None and not window.session.is_running("checkpoint"):
            window.session.run()  # does nothing while it is busy

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(every_ms)
    application.exec_()
    window.quit()  # without a question about the result
    if complaint:
        raise SystemExit(complaint)
