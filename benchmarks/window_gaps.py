"""Measure how long the window stands still while it works: python benchmarks/window_gaps.py [--paintings 50].

A timer of 2 ms runs in the window's event loop; the longest time between two of its ticks is the longest that a click
would wait. The graphs of the styles are prepared anew, in a cache folder of their own. Needs no display.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")

import numpy as np
import psutil
from PyQt5.QtCore import QSettings, QTimer
from PyQt5.QtTest import QTest

from ppgan_lite.gui import app
from ppgan_lite.images import SAMPLE_PHOTO, read_image, write_image

LARGE = (4000, 6000)  # height and width: 24 megapixels


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paintings", type=int, default=0, help="then make so many of a small photo, for the memory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PPGAN_LITE_CACHE"] = folder
        QSettings.setPath(QSettings.NativeFormat, QSettings.UserScope, folder)
        measure(Path(folder), arguments.paintings)
    return 0


def measure(folder: Path, paintings: int) -> None:
    """Print the longest gaps of each phase, and the memory after it."""
    large = folder / "large.jpg"
    sample, _ = read_image(SAMPLE_PHOTO)
    write_image(large, np.tile(sample, (8, 12, 1))[: LARGE[0], : LARGE[1]])
    _, window = app.create(None, None)
    session, gaps, last = window.session, [0.0], [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(2)

    def phase(name: str, is_over: Callable[[], object]) -> None:
        gaps[:] = [0.0]
        began = last[0] = time.perf_counter()
        while not is_over():
            QTest.qWait(5)
        memory = psutil.Process().memory_info().rss / 1e9
        seconds = time.perf_counter() - began
        print(f"{name:<14} {seconds:6.2f} s, longest gap {1000 * max(gaps):4.0f} ms, {memory:.2f} GB", flush=True)

    window.show()
    session.set_live(False)
    phase("start", lambda: session.device is not None)
    session.open_photo(SAMPLE_PHOTO)
    phase("photo", lambda: session.state.photo is not None)
    for choice in session.state.choices[2:4]:
        session.cards.choose(choice.source)
        session.run()
        phase("new style", lambda: session.work is None)
    session.open_photo(large)
    phase("24 MP opened", lambda: session.state.photo is not None and session.state.photo.path == large)
    session.run()
    phase("24 MP painted", lambda: session.work is None)
    if paintings:
        session.open_photo(SAMPLE_PHOTO)
        phase("photo", lambda: session.state.photo is not None and session.state.photo.path != large)
    for number in range(1, paintings + 1):
        session.run()
        phase(f"painting {number}", lambda: session.work is None)
    window.quit()


if __name__ == "__main__":
    sys.exit(main())
