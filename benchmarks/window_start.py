"""Time the window, from the start of the process until it is on screen, and until a first photo is painted.

    python benchmarks/window_start.py [--style wheat_field] [--json FILE]

Without a display the window is drawn offscreen; with one (or under xvfb-run) on it. The photo is painted as soon as it
is open, as if somebody pressed the button at once. Graphs are in the cache.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import add_arguments, compare, report

from ppgan_lite.images import SAMPLE_PHOTO

SHOWN, PAINTED = "window on screen", "first photo painted"
# Runs in a process of its own; times are those of the system's clock.
OPEN_AND_PAINT = """
import sys, time
from pathlib import Path
from PyQt5.QtCore import QEvent, QObject, QTimer
from ppgan_lite.gui import display
benchmarks, settings, style, photo = sys.argv[1:]
sys.path.insert(0, benchmarks)
from painted_window import paint_in_window

def tell_time(_window=None):
    print(time.time(), flush=True)

class FirstPaint(QObject):
    seen = False
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Paint and not self.seen:
            self.seen = True
            QTimer.singleShot(0, tell_time)
        return False

display.prepare()
first = FirstPaint()
paint_in_window(
    style, Path(photo), Path(settings),
    opened=lambda window: window.installEventFilter(first), painted=tell_time, every_ms=5,
)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--style", default="wheat_field")
    arguments = parser.parse_args()
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")  # about missing features without a display
    times: dict[str, list[float]] = {SHOWN: [], PAINTED: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(-1, arguments.runs):
            started = time.time()
            line = [
                sys.executable,
                "-c",
                OPEN_AND_PAINT,
                str(Path(__file__).parent),
                folder,
                arguments.style,
                str(SAMPLE_PHOTO),
            ]
            done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
            for name, moment in zip(times, done.stdout.split(), strict=True):
                if turn >= 0:
                    times[name].append(float(moment) - started)
    report("window_start", compare("512 x 512", times, against=SHOWN), arguments.json)


if __name__ == "__main__":
    main()
