"""The folder for files that take time to get and can be got again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "PPGAN_LITE_CACHE"  # of the environment


def cache_folder() -> Path:
    """Return the cache folder: $PPGAN_LITE_CACHE, or that of the system.

    A user without a home (a container with a number for a user) gets one that cannot be written, as others have, too.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return expand_user(chosen)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "ppgan_lite"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "ppgan_lite" / "Cache"
    home = expand_user("~")
    if str(home) == "~":
        return Path(os.devnull) / "ppgan_lite"
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "ppgan_lite" / "Cache"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ppgan_lite"


def expand_user(path: str | Path) -> Path:
    """Return a path with ~ and ~user replaced by their homes; unchanged where there are none."""
    return Path(os.path.expanduser(path))  # Path.expanduser and Path.home raise RuntimeError there
