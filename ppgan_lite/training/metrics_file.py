"""The metrics of a run: a file that grows by lines of JSON."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppgan_lite.runtime import files

logger = logging.getLogger(__name__)


class Metrics:
    """The lines of metrics.jsonl: numbers of iterations, as JSON.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._works = True

    def append(self, line: Mapping[str, Any]) -> None:
        """Append a line; an error, such as a full disk, loses the line only, and is logged once."""
        try:
            files.append_line(self.path, json.dumps(line))
            self._works = True
        except OSError as error:
            if self._works:
                logger.error("%s: cannot be written (%s); the training goes on", self.path, error.strerror)
            self._works = False

    def state(self) -> dict[str, int]:
        """Return what tells later whether the lines until now are still as they are, as JSON values."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return {}
        return {"bytes": len(data), "crc32": zlib.crc32(data)}

    def drop_after(self, iteration: int, state: Any = None) -> None:
        """Remove the lines after the iteration of the checkpoint that a run starts from, and a line cut by a crash.

        If lines before it are damaged or changed, the whole file is kept under another name too.

        Args:
            iteration: Of the checkpoint.
            state: The file's `state` when the checkpoint was written; None if it is not known.

        Raises:
            OSError: The file cannot be read or written.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            if iteration:
                logger.warning("%s: is missing; it begins anew", self.path)
            return
        if state and (whole := _whole_until(data, state)) is not None:
            files.replace_file(self.path, whole, durable=True)
            return
        *lines, rest = data.split(b"\n")
        iterations = [_iteration_of(line) for line in lines]
        if state or None in iterations or b"\0" in rest:
            aside = files.set_aside(self.path, "damaged")
            found = "has damaged lines, which are left out" if None in iterations else "has changed since it was saved"
            logger.warning("%s: %s; the whole file is %s now", self.path, found, aside.name)
        kept, last = [], 0
        for line, number in zip(lines, iterations):
            if number is not None and last <= number <= iteration:
                kept.append(line + b"\n")
                last = number
        files.replace_file(self.path, b"".join(kept), durable=True)


def _whole_until(data: bytes, state: Any) -> bytes | None:
    """Return the lines that were there at a `Metrics.state`; None if they have changed."""
    size = state.get("bytes") if isinstance(state, dict) else None
    if type(size) is not int or not 0 <= size <= len(data) or zlib.crc32(data[:size]) != state.get("crc32"):
        return None
    return data[:size]


def _iteration_of(line: bytes) -> int | None:
    """Return the iteration of a line of metrics; None if it is damaged."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    iteration = value.get("iteration") if isinstance(value, dict) else None
    return iteration if type(iteration) is int else None
