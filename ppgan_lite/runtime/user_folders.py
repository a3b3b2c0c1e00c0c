"""The folders of a user: for files that can be got again, and for those that are to be kept."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

CACHE_VARIABLE = "PPGAN_LITE_CACHE"  # of the environment

_NAME = "ppgan_lite"


def cache_folder() -> Path:
    """Return the folder for files that take time to get: $PPGAN_LITE_CACHE, or that of the system.

    A user without a home (a container with a number for a user) gets one that cannot be written, as others have, too.
    """
    return _folder(CACHE_VARIABLE, "XDG_CACHE_HOME", windows="Cache", macos="Library/Caches", linux=".cache")


def make_cache_folder() -> Path:
    """Return the cache folder, made now if it is not there: for this user alone, as it tells which pictures there are.

    Raises:
        OSError: It cannot be made.
    """
    folder = cache_folder()
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except FileExistsError as error:  # it is a file; "File exists" would puzzle whoever reads it
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    return folder


def data_folder() -> Path:
    """Return the folder for files that users made and want to keep: $PPGAN_LITE_DATA, or that of the system.

    A user without a home gets one that cannot be written.
    """
    macos = "Library/Application Support"
    return _folder("PPGAN_LITE_DATA", "XDG_DATA_HOME", windows="", macos=macos, linux=".local/share")


def masks_folder() -> Path:
    """Return the folder of masks that were painted in the window and that no other file holds."""
    return data_folder() / "masks"


def expand_user(path: str | Path) -> Path:
    """Return a path with ~ and ~user replaced by their homes; unchanged where there are none."""
    return Path(os.path.expanduser(path))  # Path.expanduser and Path.home raise RuntimeError there


def _folder(variable: str, xdg_variable: str, *, windows: str, macos: str, linux: str) -> Path:
    """Return the folder that a variable or the system's custom names.

    Args:
        variable: Of the environment; names the folder itself.
        xdg_variable: Likewise; names the folder that holds it.
        windows: Its place below that of the program.
        macos: The place of the programs' folders below the home.
        linux: The same.
    """
    if chosen := os.environ.get(variable):
        return expand_user(chosen)
    if xdg := os.environ.get(xdg_variable):
        return Path(xdg) / _NAME
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / _NAME / windows
    home = expand_user("~")
    if str(home) == "~":
        return Path(os.devnull) / _NAME
    if sys.platform == "win32":
        return home / "AppData" / "Local" / _NAME / windows
    return home / (macos if sys.platform == "darwin" else linux) / _NAME
