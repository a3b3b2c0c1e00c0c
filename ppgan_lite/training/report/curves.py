"""Curves of a training: numbers by iteration, their moving mean, noise and trend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_MOST_POINTS = 240
_SIGNIFICANT = 3.0  # standard errors
_CORRELATION_LIMIT = 0.9


@dataclass(frozen=True, eq=False)
class Curve:
    """Numbers by iteration.

    Attributes:
        iterations: Rising, int64.
        values: float64; NaN where a measurement gave no number.
    """

    iterations: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, points: Iterable[tuple[int, float | None]]) -> Curve:
        """Make a curve of pairs; None becomes NaN."""
        pairs = list(points)
        return cls(
            np.array([iteration for iteration, _ in pairs], np.int64),
            np.array([np.nan if value is None else value for _, value in pairs], np.float64),
        )

    def __len__(self) -> int:
        return len(self.iterations)

    @property
    def finite(self) -> Curve:
        """The points that are numbers."""
        kept = np.isfinite(self.values)
        return Curve(self.iterations[kept], self.values[kept])

    def since(self, iteration: float) -> Curve:
        """The points from an iteration on."""
        kept = self.iterations >= iteration
        return Curve(self.iterations[kept], self.values[kept])

    def last_share(self, share: float, *, at_least: int = 1) -> Curve:
        """The last part of the points, such as 0.25 of them."""
        count = max(at_least, round(share * len(self)))
        return Curve(self.iterations[-count:], self.values[-count:])


@dataclass(frozen=True)
class Trend:
    """A straight line through a curve.

    Attributes:
        first: Its value at the first point.
        last: Its value at the last point.
        is_significant: Whether it rises or falls by more than its noise explains.
    """

    first: float
    last: float
    is_significant: bool

    @property
    def relative(self) -> float:
        """The change as a share of the first value."""
        return (self.last - self.first) / max(abs(self.first), 1e-12)


def moving_mean(values: np.ndarray, window: int | None = None) -> np.ndarray:
    """Return the mean of each value and those around it; NaN is left out, windows are smaller at the ends.

    Args:
        values: Any number of them.
        window: The number of values in a mean; about a twelfth of all by default.
    """
    half = ((len(values) // 12 or 1) if window is None else window) // 2
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    at = np.arange(len(values))
    # At the start windows are symmetric, or else a curve that begins steeply would be flat there.
    low, high = at - np.minimum(half, at), np.minimum(at + np.minimum(half, at) + 1, len(values))
    number = counts[high] - counts[low]
    with np.errstate(invalid="ignore"):
        return np.where(number > 0, (sums[high] - sums[low]) / np.maximum(number, 1), np.nan)


def noise_of(values: np.ndarray) -> float:
    """Return the standard deviation of a curve's noise, from second differences, which a trend does not change.

    0 for less than four values.
    """
    if len(values) < 4:
        return 0.0
    return float(np.median(np.abs(np.diff(values, 2))) / (0.6745 * np.sqrt(6)))


def trend_of(curve: Curve) -> Trend:
    """Fit a straight line; its noise counts more where neighboring values are alike. Takes at least four points."""
    x = np.linspace(-1.0, 1.0, len(curve))
    slope, middle = np.polyfit(x, curve.values, 1)
    rest = curve.values - (middle + slope * x)
    power = float(np.sum(rest**2))
    correlation = float(np.sum(rest[1:] * rest[:-1]) / power) if power > 1e-24 else 0.0
    correlation = min(max(correlation, 0.0), _CORRELATION_LIMIT)
    independent = max(3.0, len(curve) * (1 - correlation) / (1 + correlation))
    error = np.sqrt(power / len(curve) / (independent - 2) / np.mean(x**2))
    return Trend(float(middle - slope), float(middle + slope), bool(abs(slope) > _SIGNIFICANT * error + 1e-12))


def thinned(curve: Curve) -> Curve:
    """Return a curve of a few hundred points: of the values in between, the smallest and the largest stay."""
    if len(curve) <= _MOST_POINTS:
        return curve
    kept = {0, len(curve) - 1}
    lows = np.where(np.isfinite(curve.values), curve.values, np.inf)
    highs = np.where(np.isfinite(curve.values), curve.values, -np.inf)
    for part in np.array_split(np.arange(len(curve)), _MOST_POINTS // 2):
        kept |= {int(part[lows[part].argmin()]), int(part[highs[part].argmax()])}
    at = np.array(sorted(kept))
    return Curve(curve.iterations[at], curve.values[at])
