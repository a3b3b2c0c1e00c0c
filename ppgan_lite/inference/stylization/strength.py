"""The share of a style that each place of a photo is given."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ppgan_lite.errors import UsageError
from ppgan_lite.inference.arrays import resized


class Strength(NamedTuple):
    """The amount of a style, and maps of the shares of it that a picture's places get.

    Attributes:
        amount: 0 .. 1, the largest of all places.
        colors: Shares of the amount, 0 .. 1, at which colors become the painting's: float32 h x w of any size, which is
            stretched over the picture. None is 1 everywhere.
        strokes: The same for strokes and shapes.
    """

    amount: float = 1.0
    colors: np.ndarray | None = None
    strokes: np.ndarray | None = None

    @classmethod
    def checked(cls, strength: float | np.ndarray, strokes: np.ndarray | None) -> Strength:
        """Make one of a call's arguments; see `Stylizer.__call__`.

        Raises:
            UsageError: They are out of their range, or no maps.
        """
        if not (isinstance(strength, np.ndarray) and strength.ndim):
            if not 0 <= strength <= 1:
                raise UsageError("strength", f"{strength}", "a number from 0 to 1")
            return cls(float(strength), None, None if strokes is None else _checked_map("strokes", strokes))
        values = _checked_map("strength", strength)
        amount = float(values.max())
        colors = values / np.float32(amount) if amount else None
        if strokes is None:
            return cls(amount, colors, colors)
        both = _checked_map("strokes", strokes)
        return cls(amount, colors, both if colors is None else both * resized(colors, *both.shape))

    def at(self, height: int, width: int) -> Strength:
        """Return it with maps of a size."""
        colors, strokes = (
            None if shares is None else resized(shares, height, width) for shares in (self.colors, self.strokes)
        )
        return self._replace(colors=colors, strokes=strokes)


def _checked_map(name: str, values: np.ndarray) -> np.ndarray:
    """Return a map as float32.

    Raises:
        UsageError: It is none, or has values that are not from 0 to 1.
    """
    if not (isinstance(values, np.ndarray) and values.dtype.kind == "f" and values.ndim == 2 and values.size):
        found = f"{values.dtype} {list(values.shape)}" if isinstance(values, np.ndarray) else type(values).__name__
        raise UsageError(name, found, "a float array, height x width")
    low, high = float(values.min()), float(values.max())  # NaN if there is one
    if math.isnan(low) or low < 0 or high > 1:
        raise UsageError(name, f"has values from {low:g} to {high:g}", "numbers from 0 to 1")
    return np.ascontiguousarray(values, np.float32)
