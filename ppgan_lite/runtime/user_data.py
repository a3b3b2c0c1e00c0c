"""The folder for what users made and want to keep."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ppgan_lite.runtime.cache import expand_user


def data_folder() -> Path:
    """Return the folder of the user's data: $PPGAN_LITE_DATA, or that of the system.

    A user without a home (a container with a number for a user) gets one that cannot be written.
    """
    if chosen := os.environ.get("PPGAN_LITE_DATA"):
        return expand_user(chosen)
    if xdg := os.environ.get("XDG_DATA_HOME"):
        return Path(xdg) / "ppgan_lite"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "ppgan_lite"
    home = expand_user("~")
    if str(home) == "~":
        return Path(os.devnull) / "ppgan_lite"
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "ppgan_lite"
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "ppgan_lite"
