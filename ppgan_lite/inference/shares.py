"""The shares of styles in a mixture."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ppgan_lite.errors import UsageError

_DIGITS = 6


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights divided by their sum, without those that are 0.

    Raises:
        UsageError: One is negative or not finite, or all are 0.
    """
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError("--style", f"{name} has the weight {weight:g}", "a number of 0 or more")
    total = math.fsum(weights.values())
    if not total:
        raise UsageError("--style", "all weights are 0", "one above 0")
    if abs(total - 1) < 10 ** (1 - _DIGITS):  # shares that were stored, rounded: they stay what they are
        total = 1.0
    shares = {name: round(weight / total, _DIGITS) for name, weight in weights.items()}
    return {name: share for name, share in shares.items() if share}
