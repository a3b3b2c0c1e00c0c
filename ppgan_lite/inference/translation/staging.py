"""A net over a whole picture, stage by stage and in strips: the stages of `nets.stages`, on arrays.

tests/test_translator.py compares the results with those of the whole net.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping

import numpy as np

from ppgan_lite.inference.arrays import to_pixels, to_values
from ppgan_lite.inference.engines.engine import Engines
from ppgan_lite.inference.tiling import Span, spans
from ppgan_lite.nets.stages import PHOTO, RESULT, Stage, Stages

STRIP_VALUES = 12_000_000  # of the widest layer of a stage in a strip, at 4 bytes each
ATTENDED_POSITIONS = 4096  # of a picture that is done in strips, to which self-attention attends

Moments = tuple[np.ndarray, np.ndarray]  # mean and variance of each channel, float64
NormStatistics = dict[str, Moments]  # by the norms' names


def strips_of(stages: Stages, height: int, width: int) -> int:
    """Return the number of strips in which `run_stages` does a picture."""
    sizes = {PHOTO: (height, width)}
    total = 0
    for stage in stages.all:
        rows, columns = sizes[next(iter(stage.reads))]
        total += len(_strips(stage, rows, columns))
        for name in stage.writes:
            sizes.setdefault(name, (math.ceil(rows * stage.scale), math.ceil(columns * stage.scale)))
    return total


def run_stages(
    stages: Stages,
    engines: Engines,
    pixels: np.ndarray,
    value_range: tuple[float, float],
    *,
    statistics: NormStatistics | None = None,
    is_exact: bool = False,
    after_each: Callable[[], None] = lambda: None,
    within: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, NormStatistics]:
    """Run a net on a picture.

    Maps are kept in half precision unless it is to be exact, and none longer than later stages read it.

    Args:
        stages: The net's.
        engines: Execute `stage_subgraphs`; each is closed after its stage, and must load by itself when it is run.
        pixels: uint8 or uint16 H x W x C; both sides multiples of `stages.multiple`.
        value_range: Lowest and highest value of the net's input and output.
        statistics: Of the norms; None to measure them.
        is_exact: Whether maps are kept in float32.
        after_each: Called after each strip; may raise to stop.
        within: Called between reading a strip, executing it and storing its outputs; may raise to stop.

    Returns:
        H x W x C' picture of the same type, and the statistics that it was normalized by.
    """
    known = {} if statistics is None else dict(statistics)
    maps: dict[str, np.ndarray] = {}
    last_use = {name: number for number, stage in enumerate(stages.all) for name in stage.reads}
    for number, stage in enumerate(stages.all):
        if statistics is not None and not stage.writes:
            for _ in _strips(stage, *_size(pixels, maps, stage)):
                after_each()
            continue
        measured = _run_stage(stage, engines, pixels, maps, known, value_range, is_exact, after_each, within)
        if stage.measures is not None and statistics is None:
            known[stage.measures] = measured
        for name in [name for name in maps if last_use.get(name, len(stages.all)) <= number]:
            del maps[name]
    return maps[RESULT], known


def _run_stage(
    stage: Stage,
    engines: Engines,
    pixels: np.ndarray,
    maps: dict[str, np.ndarray],
    known: NormStatistics,
    value_range: tuple[float, float],
    is_exact: bool,
    after_each: Callable[[], None],
    within: Callable[[], None],
) -> Moments:
    """Fill the maps that a stage writes, and return the moments of its last output."""
    height, width = _size(pixels, maps, stage)
    reduced = [_reduced(maps, stage)] if stage.extra == "reduced_maps" else []
    statistics = [_packed(stage, known)] if stage.norms else []
    above: np.ndarray | None = None
    total = _Moments()
    # An engine that stays open would keep the memory of its strips until the net is freed.
    with contextlib.closing(engines[stage.name]) as engine:
        for rows in _strips(stage, height, width):
            read = _read(stage, pixels, maps, value_range, rows, above)
            # Kept as it was read: the outputs may overwrite the halo of the next strip.
            above = read[:, :, rows.crop.stop - stage.halo : rows.crop.stop].copy() if stage.halo else None
            inputs = [read, *reduced, *statistics]
            if stage.extra == "photo_size":
                inputs[1:1] = [np.zeros((1, 1, *pixels[_scaled(rows.input, 4)].shape[:2]), np.float32)]
            del read
            within()
            outputs = engine.run(*inputs)
            del inputs
            within()
            for place, output in enumerate(outputs):
                output = output[:, :, _scaled(rows.crop, stage.scale)]
                if stage.measures is not None and place == len(outputs) - 1:
                    total.add(output[0])
                if place < len(stage.writes):
                    name = stage.writes[place]
                    whole = pixels.shape[0] if name == RESULT else math.ceil(height * stage.scale)
                    if name == RESULT:
                        output = to_pixels(output, *value_range, pixels.dtype)
                    elif not is_exact:
                        output = output.astype(np.float16)
                    _write(maps, name, output, _scaled(rows.output, stage.scale), whole)
            del outputs, output
            after_each()
    return total.result() if stage.measures is not None else (np.empty(0), np.empty(0))


def _read(
    stage: Stage,
    pixels: np.ndarray,
    maps: Mapping[str, np.ndarray],
    value_range: tuple[float, float],
    rows: Span,
    above: np.ndarray | None,
) -> np.ndarray:
    """Return a strip with its halo of all maps that a stage reads, float32 1 x channels x rows x width.

    Args:
        stage: That reads.
        pixels: The photo.
        maps: Those that are kept.
        value_range: Of the net's input.
        rows: The strip.
        above: Its upper halo, if it has been read before.
    """
    if PHOTO in stage.reads:
        return to_values(pixels[rows.input], *value_range)
    read = [maps[name] for name in stage.reads]
    values = np.empty((1, sum(stage.reads.values()), rows.input_stop - rows.input_start, read[0].shape[2]), np.float32)
    start = 0
    if above is not None:
        start = rows.start - rows.input_start
        values[:, :, :start] = above
    channel = 0
    for part in read:
        values[0, channel : channel + len(part), start:] = part[:, rows.input_start + start : rows.input_stop]
        channel += len(part)
    return values


def _write(maps: dict[str, np.ndarray], name: str, output: np.ndarray, own: slice, height: int) -> None:
    """Write a strip into a map, or the result, of `height` rows; these are made if they are not there."""
    if name == RESULT:
        maps.setdefault(name, np.empty((height, *output.shape[1:]), output.dtype))[own] = output
        return
    if name not in maps:
        maps[name] = np.empty((output.shape[1], height, output.shape[3]), output.dtype)
    maps[name][:, own] = output[0]


def _reduced(maps: Mapping[str, np.ndarray], stage: Stage) -> np.ndarray:
    """Return all maps that a stage reads, averaged to at most `ATTENDED_POSITIONS`, float32 1 x channels x h x w."""
    read = [maps[name] for name in stage.reads]
    height, width = read[0].shape[1:]
    step = math.ceil(math.sqrt(height * width / ATTENDED_POSITIONS))
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    parts = []
    for part in read:
        for channel in part:
            sums = np.add.reduceat(np.add.reduceat(channel.astype(np.float32), rows, axis=0), columns, axis=1)
            parts.append(sums / counts)
    return np.stack(parts)[None].astype(np.float32)


def _packed(stage: Stage, known: NormStatistics) -> np.ndarray:
    """Return the statistics of a stage's norms, float32 2 x channels."""
    return np.stack([np.concatenate([known[name][place] for name in stage.norms]) for place in (0, 1)]).astype(
        "float32"
    )


class _Moments:
    """Mean and variance of channels, strip by strip (Chan et al., "Updating formulae ...", 1979)."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = np.zeros(1)
        self._squares = np.zeros(1)

    def add(self, values: np.ndarray) -> None:
        """Add the values of channels x rows x columns."""
        flat = values.reshape(len(values), -1)
        mean = flat.mean(axis=1)
        centered = flat - mean[:, None]
        squares = np.einsum("ci,ci->c", centered, centered)
        more = flat.shape[1]
        difference = mean - self._mean
        self._count += more
        self._mean = self._mean + difference * (more / self._count)
        self._squares = self._squares + squares + difference**2 * (more * (self._count - more) / self._count)

    def result(self) -> Moments:
        return self._mean, self._squares / self._count


def _scaled(rows: slice, scale: float) -> slice:
    """Return the place of rows in a map of another size; the last ones may end beyond it."""
    return slice(math.ceil(rows.start * scale), math.ceil(rows.stop * scale))


def _strips(stage: Stage, height: int, width: int) -> list[Span]:
    rows = max(STRIP_VALUES // (stage.values * width), stage.halo, 4) // stage.multiple * stage.multiple
    return spans(height, max(rows, stage.multiple), stage.halo)


def _size(pixels: np.ndarray, maps: Mapping[str, np.ndarray], stage: Stage) -> tuple[int, int]:
    """Return height and width of the maps that a stage reads."""
    if PHOTO in stage.reads:
        return pixels.shape[0], pixels.shape[1]
    height, width = maps[next(iter(stage.reads))].shape[1:]
    return height, width
