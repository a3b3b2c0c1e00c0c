"""What a training says: into the run's log, and above the progress bar."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from ppgan_lite.errors import PpganError


class _AboveTheBar(logging.StreamHandler):
    """Writes to stderr without tearing the progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(self.format(record), file=sys.stderr)


@contextlib.contextmanager
def log_to(path: Path | None) -> Iterator[None]:
    """Write what the package logs into a file meanwhile, and what is not a line of losses to stderr too.

    Args:
        path: The file; None for stderr alone.
    """
    screen = _AboveTheBar()
    screen.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [screen]
    if path is not None:
        file = logging.FileHandler(path, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    package = logging.getLogger("ppgan_lite")
    before = package.level, package.propagate
    package.setLevel(logging.DEBUG)
    # Paddle 3.3 gives the root logger a handler of its own, which would print all of it again.
    package.propagate = False
    for handler in handlers:
        package.addHandler(handler)
    try:
        yield
    except PpganError as error:
        package.removeHandler(screen)  # Whoever called the training tells it there.
        package.error("%s", error)
        raise
    finally:
        for handler in handlers:
            package.removeHandler(handler)
            handler.close()
        package.setLevel(before[0])
        package.propagate = before[1]
