"""Curves as charts: lines, axes and tables in the coordinates of an SVG. Draws nothing itself; the page does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ppgan_lite.training.report.curves import Curve, moving_mean, thinned

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 26  # margins of the plot
_TABLE_ROWS = 12


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place and its number."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """A curve in a chart.

    Attributes:
        name: Of the series.
        raw: The points of a polyline, where there is a mean as well; else "".
        mean: The points of the moving mean, or of the curve itself.
        points: [iteration, value, moving mean] of each point, for reading off.
        dot: Where the only point of a curve is, if there is but one.
    """

    name: str
    raw: str
    mean: str
    points: list[list[float | None]]
    dot: tuple[float, float] | None = None

    @property
    def as_json(self) -> dict[str, object]:
        """The values that the page's script reads off."""
        return {"name": self.name, "points": self.points}


@dataclass(frozen=True)
class Mark:
    """A vertical line at an iteration, or a horizontal one at a value."""

    at: float
    kind: str


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        kind: What it shows, a key of texts.
        name: The loss or metric; "" if the kind says it.
        lines: One for each series.
        x_ticks, y_ticks: Of the axes.
        columns: Marks across the plot, such as where a training was resumed.
        rows: The same across its width, such as the loss of a discriminator that guesses.
        table: Rows of the table: iteration, then a number or None for each line.
    """

    kind: str
    name: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    columns: tuple[Mark, ...] = ()
    rows: tuple[Mark, ...] = ()
    table: list[list[float | None]] = field(default_factory=list)
    last_iteration: int = 0


def draw_chart(
    kind: str,
    curves: Mapping[str, Curve],
    *,
    name: str = "",
    smooth: bool = True,
    columns: Mapping[int, str] | None = None,
    rows: Mapping[float, str] | None = None,
    from_zero: bool = False,
) -> Chart | None:
    """Make a chart of curves; None if none has a number.

    Args:
        kind: See `Chart`.
        curves: Series -> curve.
        name: See `Chart`.
        smooth: Whether to add moving means.
        columns: Iteration -> kind of the mark there.
        rows: Value -> kind of the mark there.
        from_zero: Whether the axis of values begins at 0.
    """
    known = {series: found for series, curve in curves.items() if len(found := curve.finite)}
    if not known:
        return None
    means = {
        series: Curve(curve.iterations, moving_mean(curve.values)) if smooth and len(curve) >= 6 else None
        for series, curve in known.items()
    }
    last = max(int(curve.iterations[-1]) for curve in known.values())
    low, high = _value_range(list(known.values()), [mean for mean in means.values() if mean], list(rows or ()))
    y_ticks = nice_ticks(min(low, 0.0) if from_zero else low, high, 5)
    plot = _Plot(last, min(low, y_ticks[0]), max(high, y_ticks[-1]))
    step = y_ticks[1] - y_ticks[0]
    x_ticks = [at for at in nice_ticks(0, last, 6) if at <= last and at == int(at)]
    inside = {at: mark for at, mark in (columns or {}).items() if 0 <= at <= last}
    return Chart(
        kind,
        name,
        tuple(_line(series, curve, means[series], plot) for series, curve in known.items()),
        tuple(Tick(plot.x(at), _iteration_text(at)) for at in x_ticks),
        tuple(Tick(plot.y(at), _value_text(at, step)) for at in y_ticks),
        tuple(Mark(plot.x(at), mark) for at, mark in inside.items()),
        tuple(Mark(plot.y(at), mark) for at, mark in (rows or {}).items()),
        _table(known),
        last,
    )


@dataclass(frozen=True)
class _Plot:
    """The scales of a plot: iterations 0 to `last`, values `low` to `high`, in units of the SVG."""

    last: int
    low: float
    high: float

    def x(self, iteration: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * iteration / max(self.last, 1), 1)

    def y(self, value: float) -> float:
        # What leaves the plot is clipped by it; numbers stay small.
        share = min(max((value - self.low) / (self.high - self.low), -1.0), 2.0)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    def points(self, curve: Curve) -> str:
        """Return the points of a polyline."""
        pairs = zip(curve.iterations.tolist(), curve.values.tolist())
        return " ".join(f"{self.x(at):g},{self.y(value):g}" for at, value in pairs)


def _line(series: str, curve: Curve, mean: Curve | None, plot: _Plot) -> Line:
    few = thinned(curve)
    smoothed = mean.values[np.searchsorted(curve.iterations, few.iterations)] if mean else few.values
    return Line(
        series,
        plot.points(few) if mean else "",
        plot.points(thinned(mean) if mean else few),
        [
            [at, _short(value), _short(average)]
            for at, value, average in zip(few.iterations.tolist(), few.values.tolist(), smoothed.tolist())
        ],
        (plot.x(curve.iterations[0]), plot.y(curve.values[0])) if len(curve) == 1 else None,
    )


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round numbers, at least two, that span a range evenly."""
    raw = max(high - low, abs(high) * 1e-6, 1e-12) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    start = math.floor(low / step + 1e-9)
    end = max(start + 1, math.ceil(high / step - 1e-9))
    return [number * step for number in range(start, end + 1)]


def _value_range(curves: Sequence[Curve], means: Sequence[Curve], rows: Sequence[float]) -> tuple[float, float]:
    """Return the range of values to show: without the first few, often far off, and without rare outliers."""
    lows, highs = list(rows), list(rows)
    for curve in curves:
        later = curve.values[_skipped(len(curve)) :]
        low, high = np.quantile(later, [0.005, 0.995]) if len(later) > 20 else (later.min(), later.max())
        lows.append(float(low))
        highs.append(float(high))
    for mean in means:
        later = mean.values[_skipped(len(mean)) :]
        lows.append(float(later.min()))
        highs.append(float(later.max()))
    low, high = min(lows), max(highs)
    if high - low < 1e-9 * max(abs(high), 1e-3):
        return low - max(abs(low), 1e-3) / 2, high + max(abs(high), 1e-3) / 2
    return low, high


def _skipped(count: int) -> int:
    """Return how many of the first points need not be in the plot."""
    return count // 20 if count > 40 else 0


def _table(curves: Mapping[str, Curve]) -> list[list[float | None]]:
    """Return rows of iteration and values, about evenly spread, the first and the last among them."""
    every = np.unique(np.concatenate([curve.iterations for curve in curves.values()]))
    chosen = np.unique(every[np.linspace(0, len(every) - 1, _TABLE_ROWS).round().astype(int)])
    columns = []
    for curve in curves.values():
        at = np.minimum(np.searchsorted(curve.iterations, chosen), len(curve) - 1)
        there = curve.iterations[at] == chosen
        columns.append([value if known else None for value, known in zip(curve.values[at].tolist(), there)])
    return [list(row) for row in zip(chosen.tolist(), *columns)]


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _iteration_text(value: float) -> str:
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _value_text(value: float, step: float) -> str:
    if abs(value) < step * 1e-6:
        return "0"
    if abs(value) >= 1e5 or step < 1e-4:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9)) + (step != 0 and _has_half(step))}f}"


def _has_half(step: float) -> bool:
    """Return whether a step is 2.5 times a power of ten, which needs one more digit."""
    return abs(step / 10 ** math.floor(math.log10(step) + 1e-9) - 2.5) < 1e-6
