"""Color profiles (ICC.1): the curve of a gray one, and profiles of the colors that a PNG describes by numbers."""

from __future__ import annotations

import logging
import struct
from typing import IO

import numpy as np

logger = logging.getLogger(__name__)

LEVELS = 65_536

Chromaticities = tuple[float, ...]  # x and y of white, red, green and blue

_D65 = (0.3127, 0.3290)
_SRGB: Chromaticities = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# ITU-T H.273: numbers of primaries, and of transfer functions, as powers; 13 is that of sRGB.
_PRIMARIES: dict[int, Chromaticities] = {
    1: _SRGB,
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_TRANSFERS: dict[int, float | None] = {4: 2.2, 5: 2.8, 8: 1.0, 13: None}
_HDR = {16: "PQ", 18: "HLG"}
_STANDARD_GAMMA = 0.45455
_MAX_CHUNKS = 1000
_CURVE_POINTS = 1024
# White of profiles, and the matrix to the cones' responses by which other whites are adapted to it (Bradford).
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def profile_of_png(file: IO[bytes], where: str) -> bytes | None:
    """Return a profile of the colors that a PNG without one describes in its chunks cICP, or gAMA and cHRM.

    Args:
        file: The PNG; it is left where it was.
        where: Its name, for messages.

    Returns:
        None for those of sRGB, and where nothing is said that can be used; cICP of video and HDR is told in a warning.
    """
    chunks = _chunks(file, (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"))
    try:
        if len(code := chunks.get(b"cICP", b"")) == 4:
            primaries, transfer, matrix, is_full_range = code
            if primaries in _PRIMARIES and transfer in _TRANSFERS and (matrix, is_full_range) == (0, 1):
                gamma = _TRANSFERS[transfer]
                return None if (primaries, gamma) == (1, None) else rgb_profile(_PRIMARIES[primaries], gamma)
            kind = _HDR.get(transfer, "an unusual kind")
            logger.warning(
                "%s: its colors are of %s (cICP %d/%d); they are taken for those of sRGB", where, kind, *code[:2]
            )
        if b"gAMA" not in chunks or chunks.keys() & {b"cICP", b"iCCP", b"sRGB"}:
            return None
        gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / 100_000
        places = _SRGB
        if b"cHRM" in chunks:
            places = tuple(value / 100_000 for value in struct.unpack(">8I", chunks[b"cHRM"]))
        is_srgb = abs(gamma - _STANDARD_GAMMA) < 0.001 and np.allclose(places, _SRGB, atol=0.003)
        return None if is_srgb or not 0.1 <= gamma <= 2 else rgb_profile(places, 1 / gamma)
    except (ValueError, ArithmeticError, struct.error):  # numbers of no colors
        return None


def rgb_profile(places: Chromaticities, gamma: float | None) -> bytes:
    """Return a profile of RGB colors.

    Args:
        places: Of white and of the three colors.
        gamma: Power of the tone curve; None for that of sRGB.

    Raises:
        ValueError: The places are those of no colors.
    """
    if min(places) < 0 or min(places[1::2]) <= 0:
        raise ValueError("chromaticities below 0")
    white, *colors = ([x / y, 1.0, (1 - x - y) / y] for x, y in zip(places[::2], places[1::2]))
    matrix = np.array(colors).T
    if np.linalg.cond(matrix) > 1e4:
        raise ValueError("chromaticities on a line")
    matrix = matrix * np.linalg.solve(matrix, white)
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ np.array(white))
    matrix = np.linalg.inv(_BRADFORD) @ (scale[:, None] * _BRADFORD) @ matrix
    if np.abs(matrix).max() > 2:
        raise ValueError("chromaticities out of range")
    if gamma is None:
        levels = np.interp(np.linspace(0, 1, _CURVE_POINTS), _as_srgb(line := np.linspace(0, 1, LEVELS)), line)
        curve = struct.pack(f">I{_CURVE_POINTS}H", _CURVE_POINTS, *np.rint(levels * (LEVELS - 1)).astype(int))
    else:
        curve = struct.pack(">IH", 1, round(gamma * 256))
    curve = b"curv" + bytes(4) + curve
    text = b"Colors of a PNG"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 8 + 4 + 67),
        b"cprt": b"text" + bytes(4) + b"No copyright\0",
        b"wtpt": _xyz(_D50),
        **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    return _assembled(tags)


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65_536) for value in values))


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    """Return the bytes of a profile of RGB for a display; equal tags are stored once."""
    place, table, data = 128 + 4 + 12 * len(tags), b"", b""
    places: dict[bytes, int] = {}
    for name, tag in tags.items():
        if tag not in places:
            places[tag] = place + len(data)
            data += tag.ljust(-(-len(tag) // 4) * 4, b"\0")
        table += struct.pack(">4sII", name, places[tag], len(tag))
    head = struct.pack(
        ">I4sI4s4s4s12s4s", place + len(data), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp"
    )
    head = head.ljust(68, b"\0") + _xyz(_D50)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _chunks(file: IO[bytes], names: tuple[bytes, ...]) -> dict[bytes, bytes]:
    """Return the contents of the chunks of some names that stand before the pixels of a PNG."""
    found: dict[bytes, bytes] = {}
    start = file.tell()
    file.seek(8)
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        name, size = head[4:], int.from_bytes(head[:4], "big")
        if len(head) < 8 or name == b"IDAT":
            break
        if name in names:
            found.setdefault(name, file.read(min(size, 64)))
            size -= min(size, 64)
        file.seek(size + 4, 1)
    file.seek(start)
    return found


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
