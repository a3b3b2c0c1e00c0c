"""From a draft up the Laplacian pyramid, in tiles, in memory that hardly exceeds photo and result.

This is `PaintingNet.revise` on arrays, a strip of tiles at a time, so that of the levels between draft and photo only
reduced pictures are held, in half precision unless the photo has 16 bits. tests/test_predictor.py compares it with the
net.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np

from ppgan_lite.inference.arrays import white_of
from ppgan_lite.inference.engines.engine import Execute
from ppgan_lite.inference.stylization.strength import Strength
from ppgan_lite.inference.tiling import Span, spans
from ppgan_lite.runtime.memory import affordable
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.runtime.threads import threads

# Rows from start to stop of a picture, float32 (stop - start) x width x 3, RGB about [0, 1]; or of a map, without
# channels.
Rows = Callable[[int, int], np.ndarray]

TILE_PX = 512  # width of a tile; a strip of tiles is at most half as high
STRIP_BYTES = 240_000_000  # of the strips of tiles that are computed at a time, if there is memory
_BYTES_PER_PIXEL = 5 * 12  # five copies of a strip in floats are there at a time
_FEWEST_ROWS = 64  # of a strip
_AROUND = 6  # more rows above and below a strip than anything in it depends on
_ROWS_AT_A_TIME = 256  # that floats are converted in


def pyramid_sizes(height: int, width: int, levels: int) -> list[tuple[int, int]]:
    """Return (height, width) of each level, the photo's first."""
    sizes = [(height, width)]
    for _ in range(levels):
        sizes.append((max(sizes[-1][0] // 2, 1), max(sizes[-1][1] // 2, 1)))
    return sizes


def strip_px(width: int) -> int:
    """Return the pixels of a strip of tiles in a picture of a width: fewer where little memory is free.

    Each core has a strip of its own.
    """
    cores = threads()
    wanted = _BYTES_PER_PIXEL * cores * (TILE_PX // 2) * width
    return int(affordable(min(STRIP_BYTES, wanted))) // _BYTES_PER_PIXEL // cores


def tiles_of_levels(sizes: list[tuple[int, int]], halo: int, strip_px: int) -> int:
    """Return the number of tiles of all levels but the last of the list, in strips of at most so many pixels."""
    return sum(len(_strips(size, halo, strip_px)) * len(spans(size[1], TILE_PX, halo)) for size in sizes[:-1])


def _strips(size: tuple[int, int], halo: int, strip_px: int) -> list[Span]:
    """Cut a picture into strips of about the same height, as many for each core as for the others."""
    height, width = size
    most = min(max(strip_px // width, _FEWEST_ROWS), TILE_PX // 2)
    rounds = -(-height // (most * threads()))
    rows = max(-(-height // (rounds * threads())), min(_FEWEST_ROWS, most))
    return spans(height, rows + rows % 2, halo)


def photo_pyramid(image: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return the photo at the size of each level that is revised, the coarsest first.

    Args:
        image: uint8 or uint16 H x W x 3.
        levels: How often it is downsampled to the size of the draft.

    Returns:
        Floats in [0, 1] of half precision, or of float32 where the photo has 16 bits; the photo itself last.
    """
    if not levels:
        return []
    sizes = pyramid_sizes(image.shape[0], image.shape[1], levels)
    photos = [image]
    for size in sizes[1:-1]:
        photos.append(_resized(photos[-1], *size, _between(image.dtype)))
    return photos[::-1]


def _between(dtype: np.dtype) -> type:
    """Return the type of what lies between draft and result: half precision is finer than 8 bits, not than 16."""
    return np.float16 if dtype == np.uint8 else np.float32


def revise(
    dtype: np.dtype,
    photos: list[np.ndarray],
    draft: np.ndarray,
    revisions: list[Execute],
    halo: int,
    *,
    strength: Strength,
    strip_px: int,
    after_each: Callable[[], None],
) -> np.ndarray:
    """Carry a draft up to the photo's size.

    Args:
        dtype: Of the photo, uint8 or uint16.
        photos: From `photo_pyramid`; the list is empty in the end.
        draft: float32 h x w x 3, about [0, 1], of the size of the first photo downsampled.
        revisions: (detail, coarser result) -> painted detail, float32 1 x 3 x H x W, the coarser one of half the size,
            rounded up; from the coarsest level on. Levels beyond the last one use that again.
        halo: Receptive field of a revision net to each side, in pixels.
        strength: 0 adds the photo's own detail, 1 the painted one; its map of strokes counts.
        strip_px: Pixels of a strip of tiles, at most; each core computes one at a time.
        after_each: Called after each tile, by the calling thread; may raise to stop.

    Returns:
        H x W x 3 of the photo's type.
    """
    if not photos:
        return to_pixels(draft, dtype)
    coarser = draft
    with ThreadPoolExecutor(threads()) as workers:
        for level in range(len(photos)):
            photo = photos.pop(0)  # so that its memory is free when it is done
            result = np.empty(photo.shape, _between(dtype) if photos else dtype)
            run = revisions[min(level, len(revisions) - 1)]
            _revise_level(photo, coarser, result, run, halo, strength, strip_px, after_each, workers)
            coarser = result
    return coarser


def _revise_level(
    photo: np.ndarray,
    coarser: np.ndarray,
    result: np.ndarray,
    run: Execute,
    halo: int,
    strength: Strength,
    strip_px: int,
    after_each: Callable[[], None],
    workers: ThreadPoolExecutor,
) -> None:
    """Fill `result` from the photo at its size and the result at half of it.

    Each core has a thread that does one strip after the other, from the photo to the result. So no core waits for
    another but at the end of a level.
    """
    ends: SimpleQueue[Future[None] | None] = SimpleQueue()  # None for each tile, and each strip when it is done
    stopped = threading.Event()

    def fill(rows: Span) -> None:
        for tile, inputs in _tiles(photo, coarser, rows, halo, strength):
            if stopped.is_set():
                return
            tile.put(run(*inputs)[0][0][:, tile.rows.crop, tile.columns.crop], result, strength.amount)
            ends.put(None)

    strips = _strips((photo.shape[0], photo.shape[1]), halo, strip_px)
    tiles = len(strips) * len(spans(photo.shape[1], TILE_PX, halo))
    futures = [workers.submit(copy_context().run, fill, rows) for rows in strips]
    for future in futures:
        future.add_done_callback(ends.put)
    try:
        for _ in range(tiles + len(strips)):
            ended = ends.get()
            if ended is None:
                after_each()
            else:
                ended.result()
    finally:
        stopped.set()
        for future in futures:
            future.cancel()


class _Tile(NamedTuple):
    """A tile of a level, and what its result is made of beside the painted detail: height x width x 3, without a halo.

    Attributes:
        rows: Its place.
        columns: Likewise.
        upsampled: The coarser result, upsampled.
        own: The photo's detail; None if it does not count.
        shares: Of the painted detail, in addition to the amount, height x width; None for 1.
    """

    rows: Span
    columns: Span
    upsampled: np.ndarray
    own: np.ndarray | None
    shares: np.ndarray | None

    def put(self, painted: np.ndarray, result: np.ndarray, amount: float) -> None:
        """Put it into the level's result.

        Args:
            painted: Detail, 3 x height x width.
            result: Of the level.
            amount: Share of the painted detail.
        """
        cv2, place = opencv(), result[self.rows.output, self.columns.output]
        tile = cv2.merge(list(painted))
        if self.own is not None:
            share = np.float32(amount)
            tile = self.own + (tile - self.own) * (share if self.shares is None else share * self.shares[..., None])
        if result.dtype == np.uint8:
            cv2.addWeighted(self.upsampled, 255.0, tile, 255.0, 0.0, dst=place, dtype=cv2.CV_8U)
            return
        tile = cv2.add(self.upsampled, tile, dst=tile)
        place[:] = to_pixels(tile, result.dtype) if result.dtype.kind == "u" else _as_floats(tile, result.dtype)


def _tiles(
    photo: np.ndarray, coarser: np.ndarray, rows: Span, halo: int, strength: Strength
) -> Iterator[tuple[_Tile, tuple[np.ndarray, np.ndarray]]]:
    """Yield the tiles of a strip, each with the inputs of its revision net."""
    size, half = photo.shape[:2], coarser.shape[:2]
    shares: np.ndarray | None = None
    start, stop = rows.input_start, rows.input_stop
    values = _around(photo, start, stop)
    lower = _around(coarser, start * half[0] // size[0], -(-stop * half[0] // size[0]))
    upsampled = resized_rows(lower, half, size, rows.start, rows.stop)
    detail = resized_rows(lambda a, b: resized_rows(values, size, half, a, b), half, size, start, stop)
    np.subtract(values(start, stop), detail, out=detail)
    halved = _padded(lower(start // 2, min(-(-stop // 2), half[0])), -(-stop // 2) - start // 2, -(-size[1] // 2))
    if (strokes := strength.strokes) is not None:
        shares = resized_rows(lambda a, b: strokes[a:b], strokes.shape[:2], size, rows.start, rows.stop)
    blends = strength.amount != 1 or shares is not None
    for columns in spans(size[1], TILE_PX, halo):
        own = detail[rows.crop, columns.output] if blends else None
        share = None if shares is None else shares[:, columns.output]
        tile = _Tile(rows, columns, upsampled[:, columns.output], own, share)
        half_columns = slice(columns.input_start // 2, -(-columns.input_stop // 2))
        yield tile, (_planes(detail[:, columns.input])[None], _planes(halved[:, half_columns])[None])


def _around(picture: np.ndarray, start: int, stop: int) -> Rows:
    """Return rows of a picture as floats, converted once: `start` to `stop` and some around these."""
    first, last = max(start - _AROUND, 0), min(stop + _AROUND, len(picture))
    values = _floats(picture[first:last])
    return lambda a, b: values[a - first : b - first]


def resized_rows(rows: Rows, size: tuple[int, int], to: tuple[int, int], start: int, stop: int) -> np.ndarray:
    """Return rows `start` to `stop` of a picture resized bilinearly (pixels taken at their centers, no antialiasing).

    Args:
        rows: The picture's.
        size: Its height and width.
        to: Height and width after resizing.
        start: The first of the rows of the resized picture.
        stop: The row after the last of these.
    """
    if size == to:
        return rows(start, stop)
    if to == (2 * size[0], 2 * size[1]):
        # OpenCV does both axes at once, three times as fast. One more row on each side makes it right at the borders.
        first, last = max(start // 2 - 1, 0), min(stop // 2 + 1, size[0])
        source = opencv().resize(rows(first, last), (to[1], 2 * (last - first)), interpolation=1)
        return source[start - 2 * first : stop - 2 * first]
    if size == (2 * to[0], 2 * to[1]):
        return opencv().resize(rows(2 * start, 2 * stop), (to[1], stop - start), interpolation=1)
    place = np.clip((np.arange(start, stop) + 0.5) * (size[0] / to[0]) - 0.5, 0, size[0] - 1)
    lower = place.astype(np.int64)
    upper = np.minimum(lower + 1, size[0] - 1)
    first = int(lower[0])
    source = opencv().resize(rows(first, int(upper[-1]) + 1), (to[1], int(upper[-1]) + 1 - first), interpolation=1)
    share = (place - lower).astype(np.float32).reshape(-1, *[1] * (source.ndim - 1))
    blended = source[lower - first]
    difference = source[upper - first]
    difference -= blended
    difference *= share
    blended += difference
    return blended


def to_pixels(values: np.ndarray, dtype: np.dtype | type = np.uint8) -> np.ndarray:
    """Float about [0, 1] -> uint8 or uint16, in strips: the floats of a large picture are not held twice."""
    pixels, white = np.empty(values.shape, dtype), white_of(dtype)
    for start in range(0, len(values), _ROWS_AT_A_TIME):
        strip = values[start : start + _ROWS_AT_A_TIME].astype(np.float32) * white
        pixels[start : start + _ROWS_AT_A_TIME] = np.rint(np.clip(strip, 0, white, out=strip), out=strip)
    return pixels


def _resized(picture: np.ndarray, height: int, width: int, dtype: type) -> np.ndarray:
    """Return a picture resized, as floats of a type."""
    result: np.ndarray = np.empty((height, width, 3), dtype)
    for start in range(0, height, _ROWS_AT_A_TIME):
        stop = min(start + _ROWS_AT_A_TIME, height)
        rows = resized_rows(lambda a, b: _floats(picture[a:b]), picture.shape[:2], (height, width), start, stop)
        result[start:stop] = _as_floats(rows, result.dtype)
    return result


def _floats(picture: np.ndarray) -> np.ndarray:
    """uint8, uint16 or floats -> float32 about [0, 1]."""
    if picture.dtype.kind == "f":
        return _as_floats(picture, np.dtype(np.float32))
    return picture * np.float32(1 / white_of(picture.dtype))


def _as_floats(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert floats to single or half precision; OpenCV 5 takes a quarter of the time of NumPy."""
    cv2 = opencv()
    if values.dtype == dtype or int(cv2.__version__.partition(".")[0]) < 5:
        return values.astype(dtype, copy=False)
    flat = values.reshape(len(values), -1)
    return cv2.add(flat, 0.0, dtype=cv2.CV_32F if dtype == np.float32 else cv2.CV_16F).reshape(values.shape)


def _planes(picture: np.ndarray) -> np.ndarray:
    """Height x width x 3 -> 3 x height x width, a copy."""
    planes = np.empty((3, *picture.shape[:2]), np.float32)
    opencv().split(picture, list(planes))  # in a third of the time of a transposed copy
    return planes


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Repeat the last row and column of a picture, height x width x 3, where it lacks one."""
    missing = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="edge") if any(missing) else picture
