"""The metrics of a run: a file that grows by lines of JSON."""

from __future__ import annotations

import json
import logging
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

    def drop_after(self, iteration: int) -> None:
        """Remove the lines after the iteration of the checkpoint that a run starts from, and a line cut by a crash.

        If other lines are no metrics, they are left out and the whole file is kept under another name.

        Raises:
            OSError: The file cannot be read or written.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            if iteration:
                logger.warning("%s: is missing; it begins anew", self.path)
            return
        *lines, rest = data.split(b"\n")
        iterations = [_iteration_of(line) for line in lines]
        if None in iterations or b"\0" in rest:
            aside = files.set_aside(self.path, "damaged")
            logger.warning("%s: has damaged lines, which are left out; the whole file is %s now", self.path, aside.name)
        kept = [line + b"\n" for line, number in zip(lines, iterations) if number is not None and number <= iteration]
        files.replace_file(self.path, b"".join(kept), durable=True)


def _iteration_of(line: bytes) -> int | None:
    """Return the iteration of a line of metrics; None if it is damaged."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    iteration = value.get("iteration") if isinstance(value, dict) else None
    return iteration if type(iteration) is int else None
