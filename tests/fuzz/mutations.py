"""Strategies for damaged files: cut, flipped, spliced; and limits on what a file may cost."""

from __future__ import annotations

import contextlib
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppgan_lite.errors import PpganError

SECONDS = 2.0  # of the processor: one on a fast machine that does nothing else
SPARE_BYTES = 200_000_000

# Inputs of a property: few and always the same in the usual tests; `make fuzz` wants more, by a seed.
_LONG = os.environ.get("PPGAN_LITE_FUZZ")
_EXAMPLES = int(_LONG or 40)
_SETTINGS: dict[str, Any] = {
    "derandomize": not _LONG,
    "database": None,
    "deadline": None,  # `bounded` counts the time of the processor instead
    "suppress_health_check": list(HealthCheck),
}
# Lengths, offsets and counts that readers trip over.
_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)


def prop(*strategies: Any, weight: float = 1.0, **named: Any) -> Callable[[Any], Any]:
    """Decorate a property: `given` with a number of inputs that fits how long one takes.

    Args:
        strategies: As of `given`.
        weight: Inputs, compared with other properties.
        named: As of `given`.
    """

    def decorate(test: Any) -> Any:
        return settings(max_examples=max(int(_EXAMPLES * weight), 5), **_SETTINGS)(given(*strategies, **named)(test))

    return decorate


@contextlib.contextmanager
def bounded(size: int = 0) -> Iterator[None]:
    """Fail if a block takes more than `SECONDS` of the processor, or twice `size` and 200 MB (on Linux)."""
    before = _resident_bytes(reset=True)
    began = time.process_time()
    yield
    seconds = time.process_time() - began
    grown = _resident_bytes() - before
    assert seconds < SECONDS, f"{seconds:.1f} s"
    assert grown < 2 * size + SPARE_BYTES, f"{grown / 1e6:.0f} MB"


def _resident_bytes(*, reset: bool = False) -> int:
    """Return the largest resident size since it was reset; 0 where the system does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        text = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0
    return 1024 * int(text.partition("VmHWM:")[2].split()[0])


def check_line(error: PpganError, where: str | Path) -> None:
    """Check that an error is one printable line that begins with its place."""
    text = str(error)
    assert text.isprintable() and len(text) < 1000, text
    shown = str(PpganError(where, "")).removesuffix(": ")
    assert text.startswith(shown), text


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes], mend: Callable[[bytes], bytes] | None = None) -> bytes:
    """Draw a damaged file.

    Args:
        draw: Of Hypothesis.
        originals: The whole ones.
        mend: Makes the checksums of a damaged file right, so that readers get past them; used half of the time.
    """
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        data = draw(st.sampled_from(_CHANGES))(draw, data, originals)
    return mend(data) if mend is not None and draw(st.booleans()) else data


def _place(draw: st.DrawFn, data: bytes, room: int = 0) -> int:
    """Draw a place in a file: half of them near its beginning, where headers are."""
    last = max(len(data) - room, 0)
    return draw(st.one_of(st.integers(0, min(last, 256)), st.integers(0, last)))


def _cut(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    return data[: _place(draw, data)]


def _flip(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        if changed:
            changed[_place(draw, data, 1)] ^= draw(st.one_of(st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128]), _BYTE))
    return bytes(changed)


def _number(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    place = _place(draw, data, 4)
    number = draw(st.one_of(st.sampled_from(_NUMBERS), st.integers(0, 2**32 - 1)))
    code = draw(st.sampled_from(["<I", ">I", "<H", ">H"]))
    packed = struct.pack(code, number & (0xFFFF if code.endswith("H") else 0xFFFFFFFF))
    return data[:place] + packed + data[place + len(packed) :]


def _delete(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    place = _place(draw, data)
    return data[:place] + data[place + draw(st.integers(1, 64)) :]


def _repeat(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    place, length = _place(draw, data), draw(st.integers(1, 64))
    return data[:place] + data[place : place + length] * draw(st.integers(2, 20)) + data[place + length :]


def _insert(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    place = _place(draw, data)
    return data[:place] + draw(st.binary(min_size=1, max_size=16)) + data[place:]


def _zeros(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    place, length = _place(draw, data), draw(st.integers(1, 4096))
    return data[:place] + bytes(len(data[place : place + length])) + data[place + length :]


def _splice(draw: st.DrawFn, data: bytes, originals: Sequence[bytes]) -> bytes:
    other = draw(st.sampled_from(originals))
    return data[: _place(draw, data)] + other[_place(draw, other) :]


_BYTE = st.integers(1, 255)
_CHANGES = (_cut, _flip, _number, _delete, _repeat, _insert, _zeros, _splice)


def mend_png(data: bytes) -> bytes:
    """Return a damaged PNG with right checksums; other files unchanged."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    parts, place = [data[:8]], 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunk = data[place + 4 : place + 8 + length]
        if place + 12 + length > len(data):
            break
        parts += [data[place : place + 4], chunk, struct.pack(">I", zlib.crc32(chunk))]
        place += 12 + length
    return b"".join(parts) + data[place:]
