"""Take the window's picture for the README: python benchmarks/screenshot.py [-o FILE] [--style NAME] [--language zh].

Needs no display. Chinese texts need a font that has them (fonts-noto-cjk, say).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_FONT_DPI"] = "80"  # without a desktop to ask, Qt takes larger letters than desktops do
sys.path.insert(0, str(Path(__file__).parents[1]))

from PyQt5.QtCore import QSettings, QTimer

from ppgan_lite.gui import app
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.images import write_image

SIZE = (1320, 880)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/window.png"))
    parser.add_argument("--photo", type=Path, help="default: scikit-image's astronaut")
    parser.add_argument("--style", help="the name of a style or a checkpoint file; default: the first style")
    parser.add_argument("--language", choices=LANGUAGE_NAMES, default="en")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = arguments.photo or sample_photo(Path(folder))
        QSettings.setPath(QSettings.NativeFormat, QSettings.UserScope, folder)  # whoever runs it keeps their settings
        return take(photo, arguments.style, arguments.language, arguments.output)


def sample_photo(folder: Path) -> Path:
    from skimage import data

    path = folder / "astronaut.png"
    write_image(path, data.astronaut())
    return path


def take(photo: Path, style: str | None, language: str, output: Path) -> int:
    """Open the window, paint the photo, and save what the window looks like; returns an exit code."""
    application, window = app.create(style, str(photo))
    window.set_language(language)
    window.resize(*SIZE)
    window.show()
    code = 1

    def look() -> None:
        nonlocal code
        if window.dialog.isVisible():
            print(window.dialog.informativeText(), file=sys.stderr)
            application.exit()
        elif window.state.result is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            code = 0 if window.grab().save(str(output)) else 1
            print(output)
            application.exit()
        elif window.state.photo is not None and not window.state.jobs.is_running("checkpoint"):
            window.run()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    application.exec_()
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
