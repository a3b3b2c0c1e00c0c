"""Sheets of the best, the median and the worst results by a metric, each beside its photo and its target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ppgan_lite.contact_sheet import Tile, draw_sheet
from ppgan_lite.errors import PpganError
from ppgan_lite.evaluation.evaluating import Evaluation, Shot
from ppgan_lite.images import long_side_at_most
from ppgan_lite.metrics.table import direction_of

_EACH = 2  # results of each kind
_TILE_PX = 384
_ORDER = ("photo", "result", "target", "back", "painting")
_TITLES = {"photo": "input", "result": "result", "target": "target", "back": "back again", "painting": "painting"}


def sheets_of(evaluation: Evaluation, shots: Sequence[Shot]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a metric and its sheet, uint8 RGB, for each metric of single pictures; results are made again."""
    by_name = {shot.name: shot for shot in shots}
    for metric in evaluation.numbers:
        values = {name: numbers[metric] for name, numbers in evaluation.each.items() if metric in numbers}
        if not values:
            continue
        tiles, columns = [], 1
        for rank, name in chosen(values, best_is_most=direction_of(metric) == "max"):
            row = _row(by_name[name], f"{rank}: {metric} {values[name]:.4g}")
            columns = max(columns, len(row))
            tiles += row
        if tiles:
            yield metric, draw_sheet(tiles, columns=columns)


def chosen(values: dict[str, float], *, best_is_most: bool) -> list[tuple[str, str]]:
    """Return (rank, name) of the best, the median and the worst pictures, two of each where there are enough."""
    ordered = sorted(values, key=lambda name: values[name], reverse=best_is_most)
    middle = max((len(ordered) - _EACH) // 2, 0)
    ranked = [("best", name) for name in ordered[:_EACH]]
    ranked += [("median", name) for name in ordered[middle : middle + _EACH]]
    ranked += [("worst", name) for name in ordered[-_EACH:]]
    found: dict[str, str] = {}
    for rank, name in ranked:
        found.setdefault(name, rank)
    return [(rank, name) for name, rank in found.items()]


def _row(shot: Shot, note: str) -> list[Tile]:
    """Return the pictures of a result; none if they cannot be had again."""
    notes = {"result": note}
    try:
        pictures = dict(shot.read())
        if shot.painting is not None:
            pictures["painting"], notes["painting"] = shot.painting(), shot.painting.name
    except (PpganError, OSError):
        return []
    return [
        Tile(long_side_at_most(pictures[kind], _TILE_PX), _TITLES[kind], notes.get(kind, shot.name))
        for kind in _ORDER
        if kind in pictures
    ]
