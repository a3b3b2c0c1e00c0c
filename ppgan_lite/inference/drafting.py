"""The draft, with pieces of the net that any engine executes: `LapStyleNet.draft`, on arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ppgan_lite.nets.alignment import ALIGNED_LAYERS, IMAGE, Alignment, Style, aligned_parts, alignment_map, measure
from ppgan_lite.nets.grain import soft_grain

Run = Callable[..., tuple[np.ndarray, ...]]  # arrays in, arrays out: an engine's


def style_of(painting: np.ndarray, encode: Run, alignment: Alignment) -> Style:
    """Measure a painting (float32 1 x 3 x H x W, RGB in [0, 1])."""
    parts = {**dict(zip(ALIGNED_LAYERS, encode(painting))), IMAGE: painting}
    return {name: measure(parts[name][0], alignment) for name in aligned_parts(alignment)}


def draft(
    photo: np.ndarray,
    style: Style,
    encode: Run,
    decode: Run,
    alignment: Alignment,
    *,
    strength: float,
    coats: int,
    after_each: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Paint a small photo.

    Args:
        photo: float32 1 x 3 x H x W, RGB in [0, 1], with its grain; sides of at least 16.
        style: From `style_of`.
        encode: Photo -> relu2_1, relu3_1, relu4_1.
        decode: The photo, for its size, and these, aligned -> the painted photo.
        alignment: As the net was trained.
        strength: 0 .. 1.
        coats: How often to paint.
        after_each: Called after encoding, aligning and decoding, for each coat; may raise to stop.
    """
    painted = photo
    for coat in range(coats):
        before = painted.clip(0, 1) if coat else photo
        features = encode(before)
        after_each()
        layers = zip(ALIGNED_LAYERS, features)
        aligned = [_aligned(values, style[layer], alignment, strength) for layer, values in layers]
        after_each()
        (painted,) = decode(before, *aligned)
        after_each()
        if IMAGE in style:
            painted = _aligned(painted, style[IMAGE], alignment, strength)
        if coat and strength != 1.0:
            painted = before + np.float32(strength) * (painted - before)
    return painted


def with_grain(photo: np.ndarray, amount: float) -> np.ndarray:
    """Lay grain over a photo (float32 1 x 3 x H x W), always the same for a size."""
    if not amount:
        return photo
    noise = np.random.default_rng(0).standard_normal(photo.shape[2:], np.float32)
    return photo + np.float32(amount) * soft_grain(noise)


def _aligned(
    values: np.ndarray, style: tuple[np.ndarray, np.ndarray], alignment: Alignment, strength: float
) -> np.ndarray:
    """Give channels (1 x C x H x W) the statistics of a style."""
    matrix, offset = alignment_map(measure(values[0], alignment), style, strength)
    flat = values.reshape(values.shape[1], -1)
    flat = flat * np.diagonal(matrix)[:, None] if alignment == "adain" else matrix @ flat
    flat += offset[:, None]
    return flat.reshape(values.shape)
