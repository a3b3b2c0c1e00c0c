"""Opens the window, and reads it as a screen reader does, by AT-SPI: read_screen.py SITE_PACKAGES FOLDER.

Run by `test_screen_reader.py` with Debian's Python and its PyQt5, inside of Xvfb and a D-Bus session; all other
packages come from SITE_PACKAGES. Writes what it found to FOLDER/found.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_TIMEOUT_S = 90


def show(site_packages: str, folder: Path) -> None:
    """Show the window with a photo until there is a file "found.json"."""
    sys.path += [site_packages, str(Path(__file__).parents[2])]
    from types import SimpleNamespace

    from PyQt5.QtCore import QSettings
    from PyQt5.QtTest import QTest

    from ppgan_lite.gui import app
    from ppgan_lite.images import SAMPLE_PHOTO
    from ppgan_lite.inference.cost import Cost

    QSettings.setPath(QSettings.NativeFormat, QSettings.UserScope, str(folder))
    cost = Cost(2.0, 1e9)
    app._load = lambda *_key: SimpleNamespace(device="cpu", device_note="", cost=lambda *_size, **_about: cost)
    _, window = app.create(None, str(SAMPLE_PHOTO))
    window.session.set_live(False)
    window.resize(1200, 800)
    window.show()
    while window.session.state.photo is None or window.session.device is None:
        QTest.qWait(20)
    (folder / "ready").touch()
    began = time.monotonic()
    while not (folder / "found.json").exists() and time.monotonic() - began < _TIMEOUT_S:
        QTest.qWait(50)
    window.quit()


def read(folder: Path) -> bool:
    """Write what is shown of the window: role, name, description, states and value of each part.

    Returns:
        False where the window has not registered yet; another process has to try again, since pyatspi goes on showing
        the desktop that it saw first.
    """
    import pyatspi

    desktop = pyatspi.Registry.getDesktop(0)
    application = next((found for found in desktop if found and found.name == "ppgan_lite"), None)
    if application is None:
        return False
    parts: list[dict[str, Any]] = []

    def add(node: Any) -> None:
        states = [pyatspi.stateToString(state) for state in node.getState().getStates()]
        if "showing" in states:
            value = node.queryValue().currentValue if "Value" in pyatspi.listInterfaces(node) else None
            role = node.getRoleName()
            about = {"role": role, "name": node.name, "description": node.description, "states": states}
            parts.append({**about, "value": value})
        for child in node:
            add(child)

    add(application)
    (folder / "found.part").write_text(json.dumps(parts))
    (folder / "found.part").rename(folder / "found.json")
    return True


def wait_and_read(command: list[str], folder: Path) -> None:
    """Have the window read, once it is there."""
    began = time.monotonic()
    while time.monotonic() - began < _TIMEOUT_S:
        if (folder / "ready").exists() and subprocess.run([*command, "--read"], check=False).returncode == 0:
            return
        time.sleep(0.5)
    raise SystemExit("the window does not appear")


def main() -> None:
    site_packages, folder = sys.argv[1], Path(sys.argv[2])
    if "--show" in sys.argv:
        show(site_packages, folder)
        return
    if "--read" in sys.argv:
        sys.exit(0 if read(folder) else 3)
    call = ["dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus"]
    set_ = ["org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", "string:ScreenReaderEnabled"]
    # Starts the bus, and says what desktops say when their screen reader starts.
    for words in (["org.a11y.Bus.GetAddress"], [*set_, "variant:boolean:true"]):
        subprocess.run([*call, *words], check=True, capture_output=True)
    variables = {"QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, __file__, site_packages, str(folder)]
    with subprocess.Popen([*command, "--show"], env={**os.environ, **variables}) as window:
        try:
            wait_and_read(command, folder)
            window.wait(30)
        finally:
            window.kill()


if __name__ == "__main__":
    main()
