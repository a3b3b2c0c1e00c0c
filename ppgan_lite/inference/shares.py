"""The shares of styles in a mixture, and how they are written: "udnie:0.6"."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ppgan_lite.errors import UsageError
from ppgan_lite.runs import name_of

_DIGITS = 6


def weighted(style: str, is_whole: Callable[[str], bool]) -> tuple[str, float | None]:
    """Split "udnie:0.6" into style and weight; None if there is no weight.

    Args:
        style: As a user writes it.
        is_whole: Says whether all of it names a style.
    """
    source, colon, weight = style.rpartition(":")
    try:
        return (source, float(weight)) if colon and source and not is_whole(style) else (style, None)
    except ValueError:  # such as C:\udnie.ppgan
        return style, None


def shares_given(styles: Sequence[tuple[str, float | None]], *, dashes: str = "--") -> dict[str, float]:
    """Return the shares of one style or several, by name: 1 together.

    Args:
        styles: Names and weights; None where none is given.
        dashes: Before the names of options in messages.

    Raises:
        UsageError: One has a weight that says nothing, or is none; or some have one and others do not.
    """
    if len(styles) == 1:
        name, weight = styles[0]
        if weight is not None:
            found = f"{name} is the only style, so that its weight says nothing"
            raise UsageError(f"{dashes}style", found, remedy=f"Use {dashes}strength {weight:g} for less of it")
        return {name: 1.0}
    given = [weight for _, weight in styles if weight is not None]
    if given and len(given) < len(styles):
        name = next(name for name, weight in styles if weight is None)
        found = f"{name} has no weight, but others do"
        raise UsageError(f"{dashes}style", found, "a weight for all styles, or for none")
    names = [name for name, _ in styles]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{dashes}style", f"{twice} is given twice", "each style once")
    return shares_of({name: 1.0 if weight is None else weight for name, weight in styles}, dashes=dashes)


def shares_of(weights: Mapping[str, float], *, dashes: str = "--") -> dict[str, float]:
    """Return weights divided by their sum, without those that are 0.

    Raises:
        UsageError: One is negative or not finite, or all are 0.
    """
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError(f"{dashes}style", f"{name} has the weight {weight:g}", "a number of 0 or more")
    total = math.fsum(weights.values())
    if not total:
        raise UsageError(f"{dashes}style", "all weights are 0", "one above 0")
    if abs(total - 1) < 10 ** (1 - _DIGITS):  # shares that were stored, rounded: they stay what they are
        total = 1.0
    shares = {name: round(weight / total, _DIGITS) for name, weight in weights.items()}
    return {name: share for name, share in shares.items() if share}


def label_of(shares: Mapping[str, float]) -> str:
    """Return the part of a result's name that tells one style or a mixture."""
    if len(shares) == 1:
        return name_of(next(iter(shares)))
    return "+".join(f"{name_of(source)}{100 * share:.0f}" for source, share in shares.items())
