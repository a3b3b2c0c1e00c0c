"""Curves of a training: numbers by iteration, their moving mean, noise and trend."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_MOST_POINTS = 240
_BY_CHANCE = 0.008  # probability of a trend, in one direction, that counts as one
_EXACT = 10  # values up to which that is counted out; more are as good as normal
_CORRELATION_LIMIT = 0.9
_USUAL_CORRELATION, _USUAL_WEIGHT = 0.3, 10  # of neighbors; for how many values it counts


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
    """Fit a straight line, and test for a trend. Takes at least four points."""
    x = np.linspace(-1.0, 1.0, len(curve))
    slope, middle = np.polyfit(x, curve.values, 1)
    return Trend(float(middle - slope), float(middle + slope), rises(curve.values) or rises(-curve.values))


def rises(values: np.ndarray) -> bool:
    """Return whether values rise by more than chance explains, by the test of Mann and Kendall; less than six never do.

    It counts the pairs whose later value is larger, so neither outliers nor the shape of the rise matter. Where
    neighboring values are alike, as those of a net that changes slowly, chance makes trends more often: the variance is
    corrected for that (Hamed and Rao, Journal of Hydrology 204, 1998), for a correlation that falls by a factor from
    each value to the next.

    Args:
        values: Finite numbers, in order. Of very many, means of neighbors are tested: pairs grow with the square.
    """
    if len(values) > _MOST_POINTS:
        values = np.array([part.mean() for part in np.array_split(values, _MOST_POINTS)])
    count = len(values)
    if count < 4:
        return False
    later, earlier = values[None, :], values[:, None]
    score = float(np.sign(later - earlier)[np.triu_indices(count, 1)].sum())
    if score <= 0:
        return False
    if count <= _EXACT:
        errors = -NormalDist().inv_cdf(_chance_of_score(count, score))
    else:
        errors = (score - 1) / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return NormalDist().cdf(-errors / math.sqrt(_variance_factor(values))) < _BY_CHANCE


def _variance_factor(values: np.ndarray) -> float:
    """Return by how much the variance of the score grows because neighboring values are alike."""
    count = len(values)
    x = np.linspace(-1.0, 1.0, count)
    ranks = values.argsort().argsort().astype(np.float64)
    rest = ranks - np.polyval(np.polyfit(x, ranks, 1), x)
    power = float(np.sum(rest**2))
    correlation = float(np.sum(rest[1:] * rest[:-1]) / power) if power > 1e-12 else 0.0
    if count > 6:
        correlation = (count * correlation + 2) / (count - 4)  # that of few values comes out too small
    # Few values tell little of it: then it is nearer to that of a usual training.
    correlation = (count * correlation + _USUAL_WEIGHT * _USUAL_CORRELATION) / (count + _USUAL_WEIGHT)
    correlation = min(max(correlation, 0.0), _CORRELATION_LIMIT)
    lags = np.arange(1, count - 2)
    weights = (count - lags) * (count - lags - 1) * (count - lags - 2)
    return 1 + 2 / (count * (count - 1) * (count - 2)) * float(np.sum(weights * correlation**lags))


def _chance_of_score(count: int, score: float) -> float:
    """Return the probability of a score as large or larger, of values in random order."""
    pairs_that_fall = (count * (count - 1) / 2 - score) / 2
    return float(sum(share for falling, share in enumerate(_inversions(count)) if falling <= pairs_that_fall))


@functools.cache
def _inversions(count: int) -> list[float]:
    """Return the shares of the orders of so many values that have 0, 1, 2 ... pairs of which the later is smaller."""
    shares = np.ones(1)
    for added in range(2, count + 1):
        shares = np.convolve(shares, np.full(added, 1 / added))
    return shares.tolist()


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
