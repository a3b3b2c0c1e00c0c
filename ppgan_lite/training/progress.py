"""The progress of a training for people: the time that is left, and one line of the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ppgan_lite.languages.terminal import in_words
from ppgan_lite.languages.width import width
from ppgan_lite.runtime.streams import SCREEN

if TYPE_CHECKING:
    from ppgan_lite.training.run import TrainingRun

_COLUMNS = 80  # where there is no terminal to ask
_BAR_COLUMNS = 8
_FORM = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{desc}"
_WEIGHT = 0.05  # of the newest duration in a mean that forgets


class Pace:
    """Mean durations of iterations, validations, previews and saves, and the time that those ahead will take.

    What has not happened yet counts nothing: its duration is not known.
    """

    def __init__(self) -> None:
        self._means: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, kind: str, seconds: float) -> None:
        """Add a duration of one kind: "iteration", "validation", "preview" or "save"."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        counted = count - 1 if kind == "iteration" else count  # the first one prepares much that stays
        mean = self._means.get(kind, seconds)
        self._means[kind] = seconds if counted <= 1 else mean + max(1 / counted, _WEIGHT) * (seconds - mean)

    @property
    def seconds_per_iteration(self) -> float:
        """Mean duration of an iteration, without what happens between two of them."""
        return self._means.get("iteration", 0.0)

    def seconds_left(self, run: TrainingRun) -> float:
        """Return the expected time until the end of a training."""
        settings, ahead = run.config.train, run.length - run.iteration
        means = self._means
        left = ahead * self.seconds_per_iteration
        for kind, every in (("validation", run.config.validation.every), ("preview", settings.preview_every)):
            if every:
                left += (run.length // every - run.iteration // every) * means.get(kind, 0.0)
        saving = means.get("save", 0.0)
        if settings.save_every:
            left += (ahead // settings.save_every) * saving
        return left + (left // settings.save_every_s if settings.save_every_s else 0) * saving


class ProgressBar:
    """A bar of the iterations on stderr: how many, the time that is left, and as many losses as fit into a line.

    Args:
        run: The training.
        hidden: Whether it is not shown.
    """

    def __init__(self, run: TrainingRun, *, hidden: bool) -> None:
        from tqdm import tqdm

        on_screen = sys.stderr is not None and sys.stderr.isatty()
        self._losses: Mapping[str, float] = {}
        self._bar: Any = tqdm(
            total=run.length,
            initial=run.iteration,
            bar_format=_FORM,
            file=SCREEN,
            mininterval=0.5 if on_screen else 30.0,
            dynamic_ncols=on_screen,
            ncols=None if on_screen else _COLUMNS,
            disable=hidden or sys.stderr is None,
        )

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *details: object) -> None:
        self._bar.close()

    def update(self, run: TrainingRun, pace: Pace, losses: Mapping[str, float]) -> None:
        """Show the training after another iteration, with losses if there are new ones."""
        self._losses = losses or self._losses
        self._bar.total = run.length
        counts = f"100%|{'#' * _BAR_COLUMNS}| {run.length}/{run.length}"
        about = in_words(f" {clock(pace.seconds_left(run))} left, {pace.seconds_per_iteration:.2g} s each")
        text = fitting(about, self._losses, _columns() - len(counts) - 1)
        self._bar.set_description_str(text, refresh=False)
        self._bar.update()


def fitting(text: str, losses: Mapping[str, float], columns: int) -> str:
    """Return a text with the losses after it that fit into a number of columns, whole ones only."""
    for name, value in losses.items():
        longer = f"{text}, {name} {value:.3g}"
        if width(longer) > columns:
            break
        text = longer
    return text


def clock(seconds: float) -> str:
    """Return a duration as 5:07 or 1:05:07."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return _COLUMNS
