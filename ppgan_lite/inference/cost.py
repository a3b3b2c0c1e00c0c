"""The cost of a picture in time and memory, known before work on it begins.

Work comes in kinds, of each an amount, mostly in pixels. The time of a pixel is measured with every picture that is
made, and kept in the cache folder for each checkpoint, engine and machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ppgan_lite.runtime.file_cache import FileCache
from ppgan_lite.runtime.threads import threads, usable_cores

MEASURED_PX = 100_000  # of less work than this, loading the net is a large part
NOT_WORTH_WRITING = 0.05  # a smaller change of a rate, as a share of it: writing takes longer than what is measured
UNITS = {"seconds": "s", "minutes": "min"}
_RATES = FileCache("rates", 1_000_000)
CALIBRATION_PX = 640  # side of the part of a photo that is made for it, twice: the first time loads the net


class Cost(NamedTuple):
    """Time and memory of a picture.

    Attributes:
        seconds: To make it, without reading and writing; None where nothing is known yet.
        memory: The most bytes that the process will have, about.
    """

    seconds: float | None
    memory: float

    @property
    def duration(self) -> tuple[int, str] | None:
        """Number and unit, "seconds" or "minutes", as a person would say it; None where nothing is known yet."""
        if self.seconds is None:
            return None
        if self.seconds < 90:
            return max(round(self.seconds), 1), "seconds"
        return round(self.seconds / 60), "minutes"

    @property
    def gigabytes(self) -> str:
        """The memory in GB, as a person would say it."""
        return f"{self.memory / 1e9:.1f}"

    def __str__(self) -> str:
        memory = f"{self.gigabytes} GB"
        if self.duration is None:
            return memory
        count, unit = self.duration
        return f"about {count} {UNITS[unit]}, {memory}"


class _Block:
    """A block that is being timed, and whether no other one has been meanwhile."""

    def __init__(self, *, is_alone: bool) -> None:
        self.is_alone = is_alone


_blocks: list[_Block] = []
_blocks_lock = threading.Lock()


class Rates:
    """Seconds per pixel of each kind of work.

    Args:
        key: Identifies a checkpoint's net and the engine that executes it.
    """

    def __init__(self, key: str) -> None:
        machine = (platform.node(), platform.machine(), usable_cores(), threads())
        name = hashlib.sha256(json.dumps([key, *machine]).encode()).hexdigest()[:32]
        self._file = f"{name}.json"

    def seconds(self, work: Mapping[str, float]) -> float | None:
        """Estimate the time of some work, kind -> amount; None where one of its kinds was never done."""
        known = self._read()
        if not all(kind in known for kind in work):
            return None
        return sum(known[kind] * amount for kind, amount in work.items())

    @contextlib.contextmanager
    def timed(self, kind: str, pixels: float) -> Iterator[None]:
        """Time a block that does some pixels, unless these are few, it fails or another block is timed meanwhile."""
        with _blocks_lock:
            block = _Block(is_alone=not _blocks)
            for other in _blocks:
                other.is_alone = False
            _blocks.append(block)
        started = time.perf_counter()
        try:
            yield
        finally:
            with _blocks_lock:
                _blocks.remove(block)
        if block.is_alone and pixels >= MEASURED_PX:
            self.record(kind, pixels, time.perf_counter() - started)

    def record(self, kind: str, amount: float, seconds: float) -> None:
        """Record the time that some work took."""
        rate = seconds / amount
        known = self._read()
        # A faster time is the better one: any disturbance of a measurement only makes it longer.
        before = known.get(kind)
        known[kind] = min(rate, (known.get(kind, rate) + rate) / 2)
        if before is not None and abs(known[kind] - before) < NOT_WORTH_WRITING * before:
            return
        with contextlib.suppress(OSError):
            _RATES.write(self._file, json.dumps(known).encode())

    def _read(self) -> dict[str, float]:
        data = _RATES.read(self._file)
        return {} if data is None else json.loads(data)
