"""Take the window's pictures for the README: python benchmarks/screenshot.py [-o FILE] [--style NAME] [--language zh].

The second one: -o docs/images/split.png --split --appearance light --style starry_night
Needs no display. Chinese texts need a font that has them (fonts-noto-cjk, say).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_FONT_DPI"] = "80"  # without a desktop, Qt takes larger letters than with one
sys.path.insert(0, str(Path(__file__).parents[1]))

from painted_window import paint_in_window
from PIL import Image
from PyQt5.QtWidgets import QApplication

from ppgan_lite.gui.colors import BY_APPEARANCE
from ppgan_lite.gui.comparison import Comparison
from ppgan_lite.gui.texts import LANGUAGE_NAMES
from ppgan_lite.gui.window import MainWindow
from ppgan_lite.images import SAMPLE_PHOTO

SIZE = (1320, 880)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/window.png"))
    parser.add_argument("--photo", type=Path, default=SAMPLE_PHOTO)
    parser.add_argument("--style", help="the name of a style or a checkpoint file; default: the first style")
    parser.add_argument("--language", choices=LANGUAGE_NAMES, default="en")
    parser.add_argument("--appearance", choices=BY_APPEARANCE, default="dark")
    parser.add_argument("--split", action="store_true", help="show photo and result in one place")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return take(arguments, Path(folder))


def take(arguments: argparse.Namespace, settings: Path) -> int:
    """Save a picture of the window with a painted photo; return an exit code."""
    output: Path = arguments.output
    saved = False

    def prepare(window: MainWindow) -> None:
        window.choose_language(arguments.language)
        window.choose_appearance(arguments.appearance)
        window.panes.set_comparison(Comparison(is_split=arguments.split, position=0.475))
        window.resize(*SIZE)

    def save(window: MainWindow) -> None:
        nonlocal saved
        QApplication.processEvents()  # so that every widget has its place
        output.parent.mkdir(parents=True, exist_ok=True)
        saved = window.grab().save(str(output))
        if saved:
            _shrink(output)

    paint_in_window(arguments.style, arguments.photo, settings, opened=prepare, painted=save)
    print(output if saved else f"{output} cannot be written")
    return 0 if saved else 1


def _shrink(picture: Path) -> None:
    """Store a picture in 256 colors, which halves the file and does not show in a page."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    palette = image.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
    image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(picture, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
