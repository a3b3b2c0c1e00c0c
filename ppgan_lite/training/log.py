"""Logging of a training: to the log of the run, and to the terminal above the progress bar.

No fault of either ends a training: a full disk, a terminal that is gone, a name that an encoding lacks.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import CancelledError, PpganError
from ppgan_lite.languages.terminal import record_in_words
from ppgan_lite.runtime.files import append_line
from ppgan_lite.runtime.streams import SCREEN


class _ScreenHandler(logging.Handler):
    """Write to stderr without breaking the progress bar, in the language of the process."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(record_in_words(record), file=SCREEN)


class _FileHandler(logging.Handler):
    """Append lines to a file; the first one that cannot be written is told on the screen, and each after a success."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._works = True
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        try:
            append_line(self._path, self.format(record))
            self._works = True
        except OSError as error:
            if self._works:
                tqdm.write(f"{self._path}: cannot be written ({error.strerror}); the training goes on", file=SCREEN)
            self._works = False


@contextlib.contextmanager
def log_to(path: Path | None, *, screen: int = logging.INFO) -> Iterator[None]:
    """Send the records of the package to a file, and those of a level and higher to stderr, while a block runs.

    Args:
        path: The file; None for stderr alone.
        screen: The level of stderr.
    """
    on_screen = _ScreenHandler()
    on_screen.setLevel(screen)
    handlers: list[logging.Handler] = [on_screen, logging.NullHandler()]  # Python prints what no handler takes.
    if path is not None:
        handlers.append(_FileHandler(path))
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
        package.removeHandler(on_screen)  # The caller of the training prints the error.
        package.log(logging.INFO if isinstance(error, CancelledError) else logging.ERROR, "%s", error)
        raise
    finally:
        for handler in handlers:
            package.removeHandler(handler)
            handler.close()
        package.setLevel(before[0])
        package.propagate = before[1]
