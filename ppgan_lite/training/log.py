"""Logging of a training: to the log of the run, and to the terminal above the progress bar."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import PpganError


class _TqdmHandler(logging.StreamHandler):
    """Write to stderr without breaking the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


@contextlib.contextmanager
def log_to(path: Path | None) -> Iterator[None]:
    """Send the records of the package to a file, and those of level INFO and higher to stderr, while a block runs.

    Args:
        path: The file; None for stderr alone.
    """
    screen = _TqdmHandler()
    screen.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [screen]
    if path is not None:
        file = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")  # a path may not be UTF-8
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    package = logging.getLogger("ppgan_lite")
    before = package.level, package.propagate
    package.setLevel(logging.DEBUG)
    # Paddle 3.3 gives the root logger a handler, which would print every record again.
    package.propagate = False
    for handler in handlers:
        package.addHandler(handler)
    try:
        yield
    except PpganError as error:
        package.removeHandler(screen)  # The caller of the training prints the error.
        package.error("%s", error)
        raise
    finally:
        for handler in handlers:
            package.removeHandler(handler)
            handler.close()
        package.setLevel(before[0])
        package.propagate = before[1]
