"""Check whether a window can be opened, before Qt tries: where it cannot, Qt does not raise but ends the process."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from ppgan_lite.errors import MissingDependencyError, PpganError, UsageError, missing_extra
from ppgan_lite.runtime.opencv import forget_qt_plugins

# Packages of Debian and Ubuntu that the xcb plugin of PyQt5's wheel needs in addition to the C library.
APT_PACKAGES = (
    "libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libx11-xcb1 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
)
WAYLAND_PACKAGES = "libgl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0 libwayland-cursor0 libwayland-egl1"
INSTEAD = "Without a window, use: paddlegan stylize PHOTO --style NAME"


def prepare() -> None:
    """Check the display and Qt's libraries, and choose Qt's platform where Linux has several.

    Raises:
        UsageError: There is no display.
        MissingDependencyError: PyQt5 or a system library is missing.
    """
    forget_qt_plugins()
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    uses_display = sys.platform.startswith("linux") and platform in ("", "xcb", "wayland", "wayland-egl")
    if uses_display and not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise UsageError("window", "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)", remedy=INSTEAD)
    try:
        from PyQt5 import QtCore, QtGui, QtSvg, QtWidgets  # noqa: F401 - only tests that they can be imported
    except ModuleNotFoundError as error:
        raise missing_extra("window", "PyQt5", "gui", f". {INSTEAD}") from error
    except ImportError as error:
        raise _missing_library(error) from error
    if not uses_display:
        return
    if platform == "" and not os.environ.get("DISPLAY"):
        platform = os.environ["QT_QPA_PLATFORM"] = "wayland"  # Qt 5 itself would try X11 first, and abort
    folder = Path(QtCore.QLibraryInfo.location(QtCore.QLibraryInfo.PluginsPath)) / "platforms"
    if platform.startswith("wayland"):
        check_plugin(folder / "libqwayland-generic.so", WAYLAND_PACKAGES)
    else:
        check_plugin(folder / "libqxcb.so")
        check_x_server()


def check_plugin(path: Path, packages: str = APT_PACKAGES) -> None:
    """Load one of Qt's platform plugins, as Qt will, to see whether its libraries are installed.

    Raises:
        MissingDependencyError: A library is missing.
    """
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise _missing_library(error, packages) from error


def check_x_server() -> None:
    """Connect to the X server and stay connected: Xvfb restarts when its last client leaves, and would refuse Qt.

    Raises:
        UsageError: It does not answer.
    """
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    if xcb.xcb_connection_has_error(xcb.xcb_connect(None, None)):
        found = f"the display {os.environ.get('DISPLAY', '')!r} does not answer"
        raise UsageError("window", found, "a running X server", INSTEAD)


def _missing_library(error: Exception, packages: str = APT_PACKAGES) -> PpganError:
    remedy = f"On Debian or Ubuntu run: sudo apt install {packages}. {INSTEAD}"
    return MissingDependencyError("window", f"a system library is missing ({error})", remedy=remedy)
