"""The steps of learning a painting."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ppgan_lite.checkpoint import read_header
from ppgan_lite.errors import CancelledError, PpganError, UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_image
from ppgan_lite.learning.plan import DRAFT, Plan, Request, begin, new_plan, resumed_plan
from ppgan_lite.runtime.startup import require_paddle
from ppgan_lite.styles.users import UserStyle
from ppgan_lite.training import TrainingInterrupted, train
from ppgan_lite.training.resuming import ChangedConfigError
from ppgan_lite.training.run_folder import LATEST, FolderError, locked

Report = Callable[[dict[str, Any]], None]

_FINISH_S = 4.0  # for the style's file
_LEAST_S = 2.0  # of training, whatever was left


class LearnInterrupted(CancelledError):
    """Learning was asked to stop; what it has learned is kept.

    Attributes:
        style: As it is now; None if nothing was learned yet.
    """

    def __init__(self, plan: Plan, style: UserStyle | None, minutes: float, painting: Path) -> None:
        self.style = style
        command = shlex.join(["paddlegan", "learn", str(painting), "--name", plan.title, "--resume"])
        kept = "what it has learned is kept" if style else "nothing is learned yet"
        PpganError.__init__(
            self,
            plan.name,
            f"stopped after {minutes:.1f} of {plan.minutes:g} minutes; {kept}",
            remedy=f"Continue: {command}",
        )


def learn(request: Request, report: Report) -> UserStyle:
    """Learn a painting and return the style, which from then on is used by its name.

    Args:
        request: What to learn.
        report: Called with JSON objects whose "event" is

            - "started": "name", "title", "run" (its folder), "minutes";
            - "progress": "iteration", "seconds" used and "seconds_left";
            - "preview": "file", "seconds".

    Raises:
        LearnInterrupted: It was stopped by Ctrl-C or SIGTERM.
        ImageError, UsageError: The painting cannot be read, or the request cannot be met; see `new_plan`.
        PpganError: As `training.train`.
    """
    began = time.monotonic()
    plan, painting = (resumed_plan(request), None) if request.resume else new_plan(request)
    photo = read_image(request.preview or SAMPLE_PHOTO)[0]
    require_paddle()
    with _told_where_to_set_it(), locked(plan.folder):
        if painting is not None:
            begin(plan, painting)
        return _Learning(plan, request, began, report).run(photo)


@contextlib.contextmanager
def _told_where_to_set_it() -> Iterator[None]:
    """Tell what to do about the folder of the user's data during a block."""
    try:
        yield
    except FolderError as error:
        remedy = "Set PPGAN_LITE_DATA to a folder that can be written"
        raise UsageError(error.where, "cannot be written", remedy=remedy) from error


@contextlib.contextmanager
def _told_to_begin_anew(name: str) -> Iterator[None]:
    """Tell what to do about a run of a version that trained with other settings, which are not the user's."""
    try:
        yield
    except ChangedConfigError as error:
        found = f"{name} was begun by another version of paddlegan, with other training settings"
        remedy = f"Learn it anew: paddlegan styles --remove {name}, then the same command without --resume"
        raise UsageError("--resume", found, "a run of this version", remedy) from error


class _Learning:
    """One start of a run of learning.

    Args:
        plan: Of the run.
        request: That started it.
        began: When, by `time.monotonic`.
        report: See `learn`.
    """

    def __init__(self, plan: Plan, request: Request, began: float, report: Report) -> None:
        self._request = request
        self._began = began
        self._report = report
        self._draft = plan.folder / DRAFT
        # A start that was killed has told no seconds.
        self._trained = _trained_seconds(self._draft)
        self._plan = replace(plan, seconds=max(plan.seconds, self._trained))

    @property
    def _seconds(self) -> float:
        """Used so far, by earlier starts too."""
        return self._plan.seconds + time.monotonic() - self._began

    @property
    def _seconds_left(self) -> float:
        return 60 * self._plan.minutes - self._seconds

    def run(self, photo: Any) -> UserStyle:
        """Do what is left to do, and return the style."""
        from ppgan_lite.learning.previews import Previews

        if self._request.resume and self._seconds_left < _FINISH_S + _LEAST_S:
            more = f"Give it more: --minutes {2 * self._plan.minutes:g}"
            raise UsageError(self._plan.name, f"has learned for its {self._plan.minutes:g} minutes", remedy=more)
        self._plan.save()
        self._report(
            {
                "event": "started",
                "name": self._plan.name,
                "title": self._plan.title,
                "run": str(self._plan.folder),
                "minutes": self._plan.minutes,
            }
        )
        previews = Previews(photo, self._plan.previews, self._began - self._plan.seconds, self._show_preview)
        with self._keeping():
            self._train(previews)
        return self._keep()

    def _train(self, previews: Callable[[Any], None]) -> None:
        def watch(run: Any) -> None:
            self._report(
                {
                    "event": "progress",
                    "iteration": run.iteration,
                    "seconds": round(self._seconds, 1),
                    "seconds_left": round(max(self._seconds_left, 0.0), 1),
                }
            )
            previews(run)

        seconds = max(self._seconds_left - _FINISH_S, _LEAST_S) + self._trained
        with _told_to_begin_anew(self._plan.name):
            train(
                self._plan.config(seconds / 60),
                run_dir=self._draft,
                resume=(self._draft / LATEST).exists(),
                device=self._request.device,
                watch=watch,
                quiet=True,
            )

    def _show_preview(self, path: Path) -> None:
        self._report({"event": "preview", "file": str(path), "seconds": round(self._seconds, 1)})

    def _keep(self) -> UserStyle:
        """Write what has been learned so far as a style, and the time that it took."""
        from ppgan_lite.learning.results import write_style

        style = write_style(self._plan, self._draft / LATEST, minutes=self._seconds / 60)
        replace(self._plan, seconds=self._seconds).save()
        return style

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        """Keep what has been learned where the training is stopped."""
        try:
            yield
        except (TrainingInterrupted, KeyboardInterrupt) as stopped:
            minutes = self._seconds / 60
            style = self._keep() if (self._draft / LATEST).exists() else None
            raise LearnInterrupted(self._plan, style, minutes, self._request.painting) from stopped


def _trained_seconds(run: Path) -> float:
    """Return how long a run has been trained; 0 before its first checkpoint."""
    path = run / LATEST
    return float(read_header(path).training["seconds"]) if path.exists() else 0.0
