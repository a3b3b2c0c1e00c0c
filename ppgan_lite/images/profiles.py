"""Color profiles (ICC.1): the curve of a gray one."""

from __future__ import annotations

import struct

import numpy as np

LEVELS = 65_536


def gray_curve(profile: bytes) -> np.ndarray | None:
    """Return a table of 65,536 uint16 that maps gray values of a profile to those of sRGB; None for other profiles."""
    if profile[16:20] != b"GRAY":
        return None
    try:
        curve = _curve(_tag(profile, b"kTRC"))
    except (LookupError, ValueError, ArithmeticError, struct.error):
        return None
    return np.rint(_as_srgb(curve.clip(0, 1)) * (LEVELS - 1)).astype(np.uint16)


def _tag(profile: bytes, name: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", profile, 128)
    for number in range(min(count, 100)):
        found, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if found == name:
            return profile[start : start + size]
    raise LookupError(name)


def _curve(tag: bytes) -> np.ndarray:
    """Return a tone curve at 65,536 values: light, 0 to 1.

    Raises:
        ValueError, struct.error: It is damaged or of an unknown kind.
    """
    values = np.linspace(0, 1, LEVELS)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return values
        if count == 1:
            return values ** (struct.unpack_from(">H", tag, 12)[0] / 256)
        table = np.frombuffer(tag, ">u2", count, 12) / (LEVELS - 1)
        return np.interp(values, np.linspace(0, 1, count), table)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        counts = (1, 3, 4, 5, 7)
        if kind >= len(counts):
            raise ValueError(f"parametric curve {kind}")
        g, *rest = (number / 65_536 for number in struct.unpack_from(f">{counts[kind]}i", tag, 12))
        a, b, c, d, e, f = np.pad(np.array(rest or [1.0]), (0, 7))[:6]
        if kind in (1, 2):  # below -b/a it is constant
            low, linear, above = -b / a, np.full(LEVELS, c), c
        else:
            low, linear, above = d, c * values + f, e
        with np.errstate(invalid="ignore"):
            power = np.maximum(a * values + b, 0) ** g + above
        return np.where(values >= low, power, linear)
    raise ValueError("an unknown kind of curve")


def _as_srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
