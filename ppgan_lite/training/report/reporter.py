"""The report of a training that runs: renewed now and then, at no cost to the training."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppgan_lite.errors import PpganError, printable
from ppgan_lite.runtime import files
from ppgan_lite.training.report.page import Section, render
from ppgan_lite.training.report.pictures import Shots
from ppgan_lite.training.report.record import Numbers, State, make_record, read_lines
from ppgan_lite.training.run_folder import METRICS, PREVIEWS, REPORT

if TYPE_CHECKING:
    from ppgan_lite.training.run import TrainingRun

logger = logging.getLogger(__name__)

_COST_SHARE = 0.05  # of the time, at most, that renewals take
_NEW_PICTURES = 2  # that a renewal reads: after a resume, the earlier ones come little by little


class Reporter:
    """Writer of a run's report.

    Args:
        folder: The run.
        config: Its settings, as JSON values.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._folder = folder
        self._config = config
        self._shots = Shots(folder / PREVIEWS)
        self._numbers = Numbers(read_lines(folder / METRICS))  # of the starts before this one
        self._next = 0.0
        self._works = True

    def line(self, line: Mapping[str, Any]) -> None:
        """Take a line of metrics; one of a validation or a preview renews the report, unless it just was."""
        self._numbers.add(line)
        if "losses" not in line and time.monotonic() >= self._next:
            self.renew("running")

    def renew(self, state: State, error: str = "") -> None:
        """Write the report anew; whatever goes wrong is one warning, and the training goes on."""
        began = time.monotonic()
        try:
            record = make_record(self._folder, self._config, self._numbers, state=state, error=error)
            at_most = _NEW_PICTURES if state == "running" else None
            page = render([Section.of(record, self._shots.shots(at_most=at_most))])
            files.replace_file(self._folder / REPORT, page)
            self._works = True
        except Exception as failure:  # noqa: BLE001 - a report must not end a training
            if self._works:
                path = self._folder / REPORT
                logger.warning("%s: cannot be written (%s); the training goes on", path, _reason(failure))
            self._works = False
        now = time.monotonic()
        self._next = now + (now - began) / _COST_SHARE


@contextlib.contextmanager
def reporting(run: TrainingRun) -> Iterator[Reporter | None]:
    """Yield a writer for the report of a training; at the end of a block it writes how the training ended.

    None in all processes but that of rank 0.
    """
    if not run.processes.is_first:
        yield None
        return
    reporter = Reporter(run.folder, run.config.as_dict())
    try:
        yield reporter
    except PpganError as error:
        reporter.renew("failed", str(error))
        raise
    reporter.renew("finished" if run.is_done else "stopped")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return printable(f"{type(error).__name__}: {error}" if not isinstance(error, PpganError) else error.found)
