"""The newest frame of a camera, or of a clip that plays in place of one: what comes too fast is dropped."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.errors import VideoError
from ppgan_lite.runtime.opencv import opencv

_RATE = 30.0  # frames per second of a clip that does not say


class Camera:
    """Reads frames on a thread of its own, from the first call of `newest` on.

    Attributes:
        dropped: How many frames nobody took.

    Args:
        source: The number of a camera, 0 for the first; or a clip, which plays at its own pace, once.

    Raises:
        VideoError: There is no such camera or clip.
    """

    def __init__(self, source: int | Path) -> None:
        self.dropped = 0
        self._capture, self._pace_s = _opened(source)
        self._fresh = threading.Condition()
        self._frame: np.ndarray | None = None
        self._ended = self._closed = False
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)

    def newest(self) -> np.ndarray | None:
        """Wait for a frame that was not taken yet, and return the newest: uint8 H x W x 3 RGB.

        Returns:
            None where no more will come.
        """
        if self._thread.ident is None and not self._closed:
            self._thread.start()
        with self._fresh:
            self._fresh.wait_for(lambda: self._frame is not None or self._ended or self._closed)
            frame, self._frame = self._frame, None
        return frame

    def close(self) -> None:
        """Stop reading; who waits for a frame gets None."""
        self._closed = True
        if self._thread.ident is not None:
            self._thread.join()
        self._capture.release()

    def _read(self) -> None:
        due = time.monotonic()
        try:
            while not self._closed:
                there, frame = self._capture.read()
                if not there:
                    break
                due += self._pace_s
                time.sleep(max(due - time.monotonic(), 0) if self._pace_s else 0)
                frame = opencv().cvtColor(frame, opencv().COLOR_BGR2RGB)
                with self._fresh:
                    self.dropped += self._frame is not None
                    self._frame = frame
                    self._fresh.notify_all()
        finally:
            with self._fresh:
                self._ended = True
                self._fresh.notify_all()


def _opened(source: int | Path) -> tuple[Any, float]:
    """Open a camera or a clip; return it, and the seconds between two frames of a clip."""
    if isinstance(source, Path) and not source.is_file():
        raise VideoError(source, "there is no such file" if not source.exists() else "is no file", "a camera or a clip")
    cv2 = opencv()
    with contextlib.suppress(AttributeError):  # OpenCV's own words; errors are told as ours
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(source if isinstance(source, int) else str(source))
    if not capture.isOpened():
        capture.release()
        if isinstance(source, Path):
            raise VideoError(source, "is no clip that OpenCV reads", "a camera or a clip")
        remedy = "Look whether it is plugged in, allowed for this program and not in use by another"
        raise VideoError(f"camera {source}", "cannot be opened", "a camera; 0 is the first", remedy)
    rate = capture.get(cv2.CAP_PROP_FPS)
    return capture, 1 / (rate if 1 <= rate <= 240 else _RATE) if isinstance(source, Path) else 0.0
