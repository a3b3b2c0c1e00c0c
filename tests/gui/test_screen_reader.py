"""The window as a screen reader reads it on Linux: over AT-SPI, by Debian's PyQt5.

PyPI's PyQt5 for Linux is built without AT-SPI: with it no screen reader is told anything, whatever the program does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

PYTHON = "/usr/bin/python3"
READER = Path(__file__).with_name("read_screen.py")
NEEDED = "needs xvfb, dbus, at-spi2-core, python3-pyqt5, python3-pyqt5.qtsvg, python3-pyatspi of this Python's version"


def can_read() -> bool:
    """Return whether all that this needs is installed."""
    if not all(shutil.which(name) for name in ("xvfb-run", "dbus-run-session", "dbus-send", PYTHON)):
        return False
    version = f"{sys.version_info.major}, {sys.version_info.minor}"
    script = f"import sys, PyQt5.QtSvg, PyQt5.QtTest, pyatspi; sys.exit(sys.version_info[:2] != ({version}))"
    return subprocess.run([PYTHON, "-c", script], capture_output=True, env={}, check=False).returncode == 0


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    if not can_read():
        pytest.skip(NEEDED)
    folder = tmp_path_factory.mktemp("screen")
    # With its last client gone, Xvfb forgets all properties of the screen (without -noreset). One is the address of the
    # bus of screen readers: where it is missing, Qt 5.15 registers before it is connected, and is never seen.
    screen = "-screen 0 1400x950x24 -noreset"
    command = ["xvfb-run", "-a", "-s", screen, "dbus-run-session", "--", PYTHON, str(READER)]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH" and key[:3] != "QT_"}
    variables |= {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    site_packages = sysconfig.get_paths()["purelib"]
    done = subprocess.run(
        [*command, site_packages, str(folder)], env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads((folder / "found.json").read_text())
    return found


def of_role(parts: list[dict[str, Any]], role: str) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in parts if part["role"] == role}


def test_controls_have_roles_names_states_and_values(parts: list[dict[str, Any]]) -> None:
    buttons = of_role(parts, "push button")
    assert {"Open photo…", "Any painting…", "Mask…", "Save as…", "Stylize"} <= set(buttons)
    assert "Ctrl+O" in buttons["Open photo…"]["description"]
    assert buttons["Stylize"]["description"] == "The whole picture will take about 2 s, 1.0 GB"
    sliders = of_role(parts, "slider")
    assert sliders["Strength"]["value"] == 100 and "Brush" in sliders
    boxes = of_role(parts, "check box")
    assert "checked" in boxes["Spare faces"]["states"] and "checked" not in boxes["Keep colors"]["states"]
    assert "Find a style" in of_role(parts, "text")
    assert set(of_role(parts, "menu item")) == {"File", "Picture", "View", "Language", "Help"}
    assert {"Ready", "Device: CPU"} <= set(of_role(parts, "label"))


def test_the_gallery_is_a_list_whose_cards_are_read_whole(parts: list[dict[str, Any]]) -> None:
    assert "Styles" in of_role(parts, "list")
    cards = of_role(parts, "list item")
    assert "Any painting, Choose a picture" in cards
    (chosen,) = (name for name, card in cards.items() if "selected" in card["states"])
    assert chosen == "The City Rises, Umberto Boccioni, 1910, Shipped"


def test_the_pictures_are_described(parts: list[dict[str, Any]]) -> None:
    panes = {part["name"]: part["description"] for part in parts if part["role"] == "filler" and part["name"]}
    assert panes["Photo"].startswith("astronaut.jpg  ·  512 × 512") and "Result" in panes


def test_nothing_that_takes_the_focus_is_without_a_name(parts: list[dict[str, Any]]) -> None:
    takers = [part for part in parts if "focusable" in part["states"]]
    assert len(takers) > 12 and [part for part in takers if not part["name"].strip()] == []
