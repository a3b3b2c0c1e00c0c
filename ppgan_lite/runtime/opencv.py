"""The one door to OpenCV."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ppgan_lite.errors import MissingDependencyError


def opencv() -> Any:
    """Return the module cv2, imported so that it does no harm to the window.

    Raises:
        MissingDependencyError: It, or a system library that it needs, is not installed.
    """
    plugins = os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")
    try:
        import cv2
    except ImportError as error:  # on a bare Debian its libraries are missing, not the package
        remedy = "pip install opencv-python; on Debian and Ubuntu also: apt install libgl1 libglib2.0-0"
        raise MissingDependencyError("opencv-python", f"cannot be imported ({error})", remedy=remedy) from error
    # opencv-python points Qt at its own plugins, with which a PyQt5 window dies at its start. It may have done so
    # before, when Paddle imported it.
    if plugins is None or Path(plugins).is_relative_to(Path(cv2.__file__).parent):
        os.environ.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)
    else:
        os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] = plugins
    return cv2
