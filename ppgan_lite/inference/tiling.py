"""Run a net on a large picture piece by piece, with the same result as in one piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import paddle

TILE_PX = 256


def spans(length: int, tile: int, halo: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut `length` pixels into tiles.

    Yields:
        (start, stop) of what a tile is responsible for, then (start, stop) of what it must see. All starts are even if
        `tile` and `halo` are, as nets that halve their input need.
    """
    for start in range(0, length, tile):
        stop = min(start + tile, length)
        yield start, stop, max(start - halo, 0), min(stop + halo, length)


def in_tiles(
    net: Callable[..., paddle.Tensor],
    inputs: tuple[paddle.Tensor, ...],
    *,
    halo: int,
    tile: int = TILE_PX,
    after_each: Callable[[], None] | None = None,
) -> paddle.Tensor:
    """Apply a net that keeps height and width to pictures of one size, tile by tile.

    Args:
        net: Takes as many NCHW tensors as there are inputs; has no statistics over the whole picture.
        inputs: N x C x H x W each.
        halo: How far to each side a pixel of the result can depend on, even.
        tile: Side of a tile, even.
        after_each: Called after each tile; may raise to stop.
    """
    height, width = inputs[0].shape[2:]
    rows = []
    for top, bottom, seen_top, seen_bottom in spans(height, tile, halo):
        row = []
        for left, right, seen_left, seen_right in spans(width, tile, halo):
            seen = [x[:, :, seen_top:seen_bottom, seen_left:seen_right] for x in inputs]
            result = net(*seen)
            row.append(
                result[:, :, top - seen_top : bottom - seen_top, left - seen_left : right - seen_left].contiguous()
            )
            if after_each is not None:
                after_each()
        rows.append(paddle.concat(row, axis=3))
    return paddle.concat(rows, axis=2)


def tile_count(height: int, width: int, tile: int = TILE_PX) -> int:
    """How many tiles a picture is cut into."""
    return -(-height // tile) * -(-width // tile)
