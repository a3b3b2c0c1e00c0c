"""Figures that abstract pictures and ornaments are made of.

Each is drawn around a center (x, y), about as far out as the extent, in pixels: a list of outlines with their points,
float (points, 2), whether it is closed and filled, and how thick its line is if not.
"""

from __future__ import annotations

import cv2
import numpy as np

Figure = list[tuple[np.ndarray, bool, int]]


def arc(center: np.ndarray, radius: float, turn: float, sweep: float, count: int) -> np.ndarray:
    angles = turn + np.linspace(0, sweep, count)
    return center + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def disc(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    return [(arc(center, extent / 2, 0, 2 * np.pi, 48), True, 0)]


def rings(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    return [
        (arc(center, extent / 2 * part, 0, 2 * np.pi, 48), True, 0) for part in np.linspace(1, 0.2, rng.integers(2, 6))
    ]


def bow(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    return [(arc(center, extent, rng.uniform(0, 6.3), rng.uniform(0.8, 4), 40), False, int(rng.integers(1, 10)))]


def sector(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    return [(np.concatenate([arc(center, extent, rng.uniform(0, 6.3), rng.uniform(0.6, 3.2), 32), [center]]), True, 0)]


def polygon(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(0.5, 1.1, (len(angles), 1))
    return [(center + extent * around, True, 0)]


def blob(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    waves = sum(rng.normal(0, 0.25 / n) * np.sin(n * angles + rng.uniform(0, 6.3)) for n in (1, 2, 3, 4, 5))
    return [(center + (extent * (0.6 + waves))[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1), True, 0)]


def spiral(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    angles = np.linspace(0, rng.uniform(2, 5) * 2 * np.pi, 120)
    reach = extent * angles / angles[-1]
    turned = angles * rng.choice([-1, 1]) + rng.uniform(0, 6.3)
    points = center + reach[:, None] * np.stack([np.cos(turned), np.sin(turned)], axis=1)
    return [(points, False, int(rng.integers(1, 6)))]


def stripes(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    turn, count = rng.uniform(0, np.pi), rng.integers(3, 9)
    along, across = np.array((np.cos(turn), np.sin(turn))), np.array((-np.sin(turn), np.cos(turn)))
    middles = center + np.linspace(-0.6, 0.6, count)[:, None] * extent * across
    ends = np.stack([middles - extent * along, middles + extent * along], axis=1)
    thickness = max(1, int(extent / count * rng.uniform(0.2, 0.8)))
    return [(points, False, thickness) for points in ends]


def squiggle(center: np.ndarray, extent: float, rng: np.random.Generator) -> Figure:
    points = center + np.cumsum(rng.normal(0, extent / 3, (6, 2)), axis=0)
    smooth = np.stack([np.interp(np.linspace(0, 5, 60), np.arange(6), points[:, c]) for c in (0, 1)], axis=1)
    smooth = cv2.blur(smooth, (1, 11))
    return [(smooth, False, int(rng.integers(1, 7)))]


FIGURES = {
    "disc": disc,
    "rings": rings,
    "bow": bow,
    "sector": sector,
    "polygon": polygon,
    "blob": blob,
    "spiral": spiral,
    "stripes": stripes,
    "squiggle": squiggle,
}
