"""The standard streams, where they are closed or cannot be written."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import IO, Any, TextIO

from ppgan_lite.errors import UsageError


class Screen:
    """The stream stderr; what cannot be written to it is lost, so that nothing ends for want of it.

    click and `tqdm` ask it about the terminal.

    Args:
        stream: What to write to; by default what `sys.stderr` is at each moment.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, if the stream takes it."""
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a full disk; it is closed; it is None
            try:
                self._target().write(text)
            except UnicodeEncodeError:  # not every stream escapes what it cannot encode
                self._target().write(text.encode("ascii", "backslashreplace").decode())
        return len(text)

    def flush(self) -> None:
        """Flush the stream, if it can be."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._target().flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target(), name)

    def _target(self) -> Any:
        return sys.stderr if self._stream is None else self._stream


SCREEN = Screen()
_closed: set[str] = set()  # names of streams


@contextlib.contextmanager
def losing_messages() -> Iterator[None]:
    """Lose what cannot be written to stderr during a block: its reader is gone, its disk is full."""
    stderr = sys.stderr
    sys.stderr = Screen(stderr)
    try:
        yield
    finally:
        sys.stderr = stderr


def open_closed_streams() -> None:
    """Connect standard streams that the parent process closed to the null device: of a service, of pythonw, of `2>&-`.

    Python has None for these, and the next file that is opened gets their number: libraries in C++ write into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            _closed.add(name)
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
        if getattr(sys, name) is None and name != "stdin":  # None tells a reader more than an empty file
            raw = io.FileIO(number, "w", closefd=False)
            setattr(sys, name, io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True))


@contextlib.contextmanager
def binary_output() -> Iterator[IO[bytes]]:
    """Yield standard output for bytes; what libraries print during the block goes to standard error.

    Raises:
        UsageError: It is closed, or a terminal.
    """
    where, expected = "standard output", "a pipe or a file"
    if "stdout" in _closed or sys.stdout is None:
        raise UsageError(where, "is closed", expected)
    if sys.stdout.isatty():
        raise UsageError(where, "is a terminal", expected)
    sys.stdout.flush()
    if sys.stdout is not sys.__stdout__:  # a program's own
        yield sys.stdout.buffer
        return
    with os.fdopen(os.dup(1), "wb") as stream:
        os.dup2(2, 1)
        try:
            yield stream
        finally:
            os.dup2(stream.fileno(), 1)
