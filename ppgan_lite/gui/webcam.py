"""The window of `paddlegan webcam`: a camera, painted while it films."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QObject, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from ppgan_lite.errors import PpganError
from ppgan_lite.gui.pixels import to_qimage
from ppgan_lite.gui.texts import text
from ppgan_lite.video.live import Live, Painted

_STOP_S = 10.0  # for the frame that is being painted, and the end of a recording


class WebcamWindow(QWidget):
    """Shows what a thread of its own paints, the newest frame only.

    Attributes:
        error: Why it has closed; None if the user has closed it.

    Args:
        title: Of the style.
        live: Paints.
        prepare: Called on that thread before: loads what `live` paints with.
        save: Writes a picture, uint8 H x W x 3 RGB, and returns its file.
        language: "en" or "zh".
    """

    def __init__(
        self,
        title: str,
        live: Live,
        prepare: Callable[[], None],
        save: Callable[[np.ndarray], Path],
        language: str,
    ) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._live = live
        self._prepare = prepare
        self._save = save
        self._language = language
        self._is_ready = False
        self._newest = _Newest()
        self._newest.shown.connect(self._show)
        self._newest.ended.connect(self._end)
        self._picture = _Picture()
        self._status = QLabel(text("webcam_preparing", language))
        self._keys = QLabel(text("webcam_keys", language))
        layout = QVBoxLayout(self)
        layout.addWidget(self._picture, 1)
        layout.addWidget(self._status)
        layout.addWidget(self._keys)
        self.setWindowTitle(text("webcam_title", language, style=title))
        self.setFocusPolicy(Qt.StrongFocus)
        self._thread = threading.Thread(target=self._paint, name="webcam", daemon=True)
        self._thread.start()

    @property
    def status(self) -> str:
        """The line below the picture."""
        return self._status.text()

    @property
    def image(self) -> np.ndarray | None:
        """The frame that is shown."""
        return self._picture.image

    def quit(self) -> None:
        """Close the window."""
        self.close()

    def show_error(self, _kind: str, error: BaseException) -> None:
        """Close the window because of an error."""
        self.error = error
        self.close()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        key = event.key() if event else 0
        if key in (Qt.Key_Escape, Qt.Key_Q):
            self.close()
        elif key == Qt.Key_M:
            self._live.mirrored = not self._live.mirrored
        elif key in (Qt.Key_Space, Qt.Key_S) and self.image is not None:
            try:
                path = self._save(self.image)
            except (PpganError, OSError) as error:
                self._keys.setText(str(error))
            else:
                self._keys.setText(text("webcam_saved", self._language, name=path.name))
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self._live.stop()
        self.hide()
        if self._is_ready:  # what is being loaded cannot be interrupted, and leaves nothing half-done
            self._thread.join(_STOP_S)
        super().closeEvent(event)

    def _paint(self) -> None:
        try:
            self._prepare()
            self._is_ready = True
            self._live.run(self._newest.offer)
        except Exception as error:  # noqa: BLE001 - told when the window has closed
            self._newest.ended.emit(error)
        else:
            self._newest.ended.emit(None)
        finally:
            self._live.close()

    def _show(self) -> None:
        painted = self._newest.take()
        if painted is None:
            return
        self._picture.show_image(painted.image)
        status = text("webcam_status", self._language, rate=f"{painted.rate:.1f}", dropped=painted.dropped)
        if painted.recorded:
            status += text("webcam_recorded", self._language, frames=painted.recorded)
        self._status.setText(status)

    def _end(self, error: BaseException | None) -> None:
        if error is not None:
            self.show_error("unexpected", error)
        elif self.isVisible():
            self._status.setText(text("webcam_ended", self._language))


class _Newest(QObject):
    """Hands the newest frame to the window's thread, and drops those that come meanwhile.

    Signals:
        shown: There is one to take.
        ended: There will be no more; with an error, or None.
    """

    shown = pyqtSignal()
    ended = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._frame: Painted | None = None

    def offer(self, frame: Painted) -> None:
        """Put a frame there; on any thread."""
        with self._lock:
            is_waiting, self._frame = self._frame is not None, frame
        if not is_waiting:
            self.shown.emit()

    def take(self) -> Painted | None:
        """Take it."""
        with self._lock:
            frame, self._frame = self._frame, None
        return frame


class _Picture(QWidget):
    """A picture as large as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.image: np.ndarray | None = None
        self.setMinimumSize(240, 180)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def show_image(self, image: np.ndarray) -> None:
        """Show uint8 H x W x 3 RGB."""
        self.image = image
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        if self.image is None:
            return
        height, width = self.image.shape[:2]
        size = QSize(width, height).scaled(self.size(), Qt.KeepAspectRatio)
        place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, 0, 0)
        place.setSize(size)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        painter.drawImage(place, to_qimage(self.image))
        painter.end()


def show_webcam(title: str, live: Live, prepare: Callable[[], None], save: Callable[[np.ndarray], Path]) -> int:
    """Open the window and wait until it is closed; return the exit code, 130 after Ctrl+C.

    Args: See `WebcamWindow`.

    Raises:
        UsageError: There is no display.
        MissingDependencyError: PyQt5 is not installed.
        PpganError: What ended the painting.
    """
    from PyQt5.QtCore import QSettings

    from ppgan_lite.gui import display
    from ppgan_lite.gui.app import new_application, wait
    from ppgan_lite.gui.appearance import Appearance
    from ppgan_lite.gui.preferences import Preferences

    display.prepare()
    application, language = new_application()
    Appearance(application, Preferences(QSettings("ppgan_lite", "window")).appearance)
    window = WebcamWindow(title, live, prepare, save, language)
    window.show()
    code = wait(application, window)
    window.close()
    if window.error is not None:
        raise window.error
    return code
