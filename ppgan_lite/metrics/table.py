"""The metrics by name: what each compares, and whether more of it is better. Everyone who names a metric reads this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a metric compares: a result with its target; a result with its photo and its painting; a set of results with a
# set of pictures; results with each other; a picture with its translation there and back; or whatever a recipe does.
Compares = Literal["pair", "painting", "set", "results", "cycle", "recipe"]
Direction = Literal["max", "min"]


@dataclass(frozen=True)
class Metric:
    """A number that says how good results are.

    Attributes:
        compares: What it compares; see `Compares`.
        direction: "max" where more is better, "min" where less is.
        weights: Name of the published weights that it needs, of `fetch.WEIGHTS`; "" if what ships is enough.
        least_px: Shortest side that a picture may have.
    """

    compares: Compares
    direction: Direction
    weights: str = ""
    least_px: int = 1


METRICS: dict[str, Metric] = {
    "psnr": Metric("pair", "max"),
    "ssim": Metric("pair", "max"),
    "ms_ssim": Metric("pair", "max", least_px=161),
    "lpips": Metric("pair", "min", weights="lpips", least_px=16),
    "perceptual_vgg16": Metric("pair", "min", least_px=8),
    "kid": Metric("set", "min", weights="inception"),
    "fid": Metric("set", "min", weights="inception"),
    "kid_vgg16": Metric("set", "min", least_px=8),
    "frechet_vgg16": Metric("set", "min", least_px=8),
    "cycle_l1": Metric("cycle", "min"),
    "diversity": Metric("results", "max"),
    "style": Metric("painting", "min", least_px=16),
    "content": Metric("painting", "min", least_px=16),
    "art_vgg16": Metric("painting", "min", least_px=8),
    # Those that only recipes measure.
    "style_and_content": Metric("recipe", "min"),
    "cross_entropy": Metric("recipe", "min"),
    "total": Metric("recipe", "min"),
}

# The metrics by which recipes choose `best.ppgan` unless a config names another one.
BEST_OF_RECIPES = ("style_and_content", "cross_entropy", "psnr", "total")


def direction_of(name: str) -> Direction:
    """Return whether more ("max") or less ("min") of a metric is better; of losses, which have no entry, less."""
    return METRICS[name].direction if name in METRICS else "min"


def metrics_that_compare(*compares: Compares) -> tuple[str, ...]:
    """Return the names of the metrics that compare one of these."""
    return tuple(name for name, metric in METRICS.items() if metric.compares in compares)
