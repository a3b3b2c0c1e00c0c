"""Import of OpenCV, here only."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from ppgan_lite.errors import MissingDependencyError
from ppgan_lite.runtime.startup import preload

_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


def opencv() -> Any:
    """Import OpenCV without side effects on Qt.

    Raises:
        MissingDependencyError: It, or a system library that it needs, is not installed.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # silent: errors are told as ours; read when it is imported
    before = {name: os.environ[name] for name in _QT_VARIABLES if name in os.environ}
    try:
        if threading.current_thread() is not threading.main_thread():
            preload("cv2", "cv2*.so")
        import cv2
    except ImportError as error:  # on a minimal Debian, system libraries are missing, not the package
        remedy = "pip install opencv-python; on Debian and Ubuntu also: apt install libgl1 libglib2.0-0"
        raise MissingDependencyError("opencv-python", f"cannot be imported ({error})", remedy=remedy) from error
    os.environ.update(before)
    forget_qt_plugins()
    return cv2


def forget_qt_plugins() -> None:
    """Remove the paths of Qt plugins that `import cv2`, here or in Paddle, puts into the environment.

    These plugins belong to another build of Qt and crash PyQt5.
    """
    for name in _QT_VARIABLES:
        if "cv2" in Path(os.environ.get(name, "")).parts:
            del os.environ[name]
