"""The progress of a picture, and the time that it will take; without Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ppgan_lite.inference.cost import Cost

_MEASURED_S = 2.0  # of progress, before it tells what is left


@dataclass(frozen=True)
class Loading:
    """A checkpoint that is being loaded.

    Attributes:
        name: Of its file.
        step: As in `Painting`.
    """

    name: str
    step: str | None = None


@dataclass
class Painting:
    """A picture that is being made.

    Attributes:
        progress: The finished share, 0 to 1; None while the painter is prepared.
        step: What is done meanwhile: one of `preparation.STEPS`; None before the first.
        cost: Expected; None where it is small or not known yet.
        began: When it was asked for, by `time.perf_counter`.
        painted_from: When its first share was finished, and that share.
    """

    progress: float | None = None
    step: str | None = None
    cost: Cost | None = None
    began: float = field(default_factory=time.perf_counter)
    painted_from: tuple[float, float] | None = None

    def advance(self, progress: float) -> None:
        """Set the finished share."""
        self.progress = progress
        if self.painted_from is None:
            self.painted_from = time.perf_counter(), progress

    def seconds_left(self) -> float | None:
        """Return the seconds that the rest will take at the pace so far; None where that is not known yet."""
        if self.painted_from is None or self.progress is None:
            return None
        begin, first = self.painted_from
        took, done = time.perf_counter() - begin, self.progress - first
        return took * (1 - self.progress) / done if took >= _MEASURED_S and done > 0 else None
