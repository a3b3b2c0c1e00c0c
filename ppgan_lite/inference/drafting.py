"""The draft, with subgraphs of a net that any engine executes: what the nets' `draft` does, on arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ppgan_lite.nets.alignment import (
    ALIGNED_LAYERS,
    IMAGE,
    NORMS,
    Alignment,
    Style,
    aligned_parts,
    alignment_map,
    apply_map,
    measure,
)
from ppgan_lite.nets.grain import soft_grain

Run = Callable[..., tuple[np.ndarray, ...]]  # arrays in, arrays out: an engine's
Ask = Callable[[], None]


class Drafter(Protocol):
    """Paints small photos."""

    def measure(self, painting: np.ndarray) -> Style:
        """Measure a painting (float32 1 x 3 x H x W, RGB in [0, 1]) whose style photos can be given."""

    def __call__(self, photo: np.ndarray, style: Style, strength: float, ask: Ask) -> np.ndarray:
        """Paint a small photo.

        Args:
            photo: float32 1 x 3 x H x W, RGB in [0, 1], with its grain; sides of at least 16.
            style: From `measure`, or the net's own.
            strength: 0 .. 1.
            ask: Called between steps of the work; may raise to stop.

        Returns:
            float32 of the same shape, about [0, 1].
        """


@dataclass(frozen=True)
class AligningDrafter:
    """`LapStyleNet.draft`: features of the photo are given the style's statistics and decoded.

    Attributes:
        encode: Photo -> relu2_1, relu3_1, relu4_1.
        decode: The photo, for its size, and these, aligned -> the painted photo.
        alignment: As the net was trained.
        coats: How often to paint.
    """

    encode: Run
    decode: Run
    alignment: Alignment
    coats: int

    def measure(self, painting: np.ndarray) -> Style:
        """See `Drafter`."""
        parts = {**dict(zip(ALIGNED_LAYERS, self.encode(painting))), IMAGE: painting}
        return {name: measure(parts[name][0], self.alignment) for name in aligned_parts(self.alignment)}

    def __call__(self, photo: np.ndarray, style: Style, strength: float, ask: Ask) -> np.ndarray:
        """See `Drafter`."""
        painted = photo
        for coat in range(self.coats):
            before = painted.clip(0, 1) if coat else photo
            features = self.encode(before)
            ask()
            of_style = [style[layer] for layer in ALIGNED_LAYERS]
            aligned = [_aligned(*layer, self.alignment, strength) for layer in zip(features, of_style)]
            ask()
            (painted,) = self.decode(before, *aligned)
            ask()
            if IMAGE in style:
                painted = _aligned(painted, style[IMAGE], self.alignment, strength)
            if coat and strength != 1.0:
                painted = before + np.float32(strength) * (painted - before)
        return painted


@dataclass(frozen=True)
class TransformDrafter:
    """`TransformPainter.draft`: the photo is seen in the painting's colours, and the draft keeps those.

    Attributes:
        transform: Photo, strength (1 x 1), and what `predict` returned, if there is that -> the painted photo.
        predict: Painting -> what it adds to the scales and to the shifts of all norms, 1 x S each. None for a net that
            knows its one style by heart.
        coats: How often to paint.
    """

    transform: Run
    predict: Run | None
    coats: int

    def measure(self, painting: np.ndarray) -> Style:
        """See `Drafter`."""
        colours = {IMAGE: measure(painting[0], "optimal_transport")}
        if self.predict is None:
            return colours
        scales, shifts = self.predict(painting)
        return {**colours, NORMS: (shifts, scales)}

    def __call__(self, photo: np.ndarray, style: Style, strength: float, ask: Ask) -> np.ndarray:
        """See `Drafter`."""
        shifts_and_scales = style.get(NORMS, ())
        painted = photo
        for _ in range(self.coats):
            seen = _aligned(painted, style[IMAGE], "optimal_transport", strength).clip(0, 1)
            (painted,) = self.transform(seen, np.full((1, 1), strength, np.float32), *shifts_and_scales[::-1])
            ask()
            painted = _aligned(painted, measure(seen[0], "optimal_transport"), "optimal_transport", 1.0)
        return painted


def with_grain(photo: np.ndarray, amount: float) -> np.ndarray:
    """Lay grain over a photo (float32 1 x 3 x H x W), always the same for a size."""
    if not amount:
        return photo
    return photo + np.float32(amount) * _grain(photo.shape[2], photo.shape[3])


@functools.lru_cache(maxsize=1)
def _grain(height: int, width: int) -> np.ndarray:
    """Kept, because the photos of a folder are mostly of one size."""
    return soft_grain(np.random.default_rng(0).standard_normal((height, width), np.float32))


def _aligned(
    values: np.ndarray, style: tuple[np.ndarray, np.ndarray], alignment: Alignment, strength: float
) -> np.ndarray:
    """Give channels (1 x C x H x W) the statistics of a style."""
    matrix, offset = alignment_map(measure(values[0], alignment), style, strength)
    if alignment == "adain":
        return values * np.diagonal(matrix)[:, None, None] + offset[:, None, None]
    return apply_map(values[0], matrix, offset)[None]
