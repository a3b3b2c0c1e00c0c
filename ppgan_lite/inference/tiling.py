"""Run a net on a large picture piece by piece, with the same result as in one piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import paddle

TILE_PX = 256


@dataclass(frozen=True)
class Span:
    """A tile along one side of a picture: what it is responsible for, and what it must see for that."""

    start: int
    stop: int
    seen_start: int
    seen_stop: int

    @property
    def own(self) -> slice:
        """Where the result belongs in the whole picture."""
        return slice(self.start, self.stop)

    @property
    def seen(self) -> slice:
        """What the net is shown of the whole picture."""
        return slice(self.seen_start, self.seen_stop)

    @property
    def kept(self) -> slice:
        """What is kept of the net's answer to `seen`."""
        return slice(self.start - self.seen_start, self.stop - self.seen_start)

    def scaled(self, scale: int) -> Span:
        """The same tile in a picture that is `scale` times larger."""
        return Span(self.start * scale, self.stop * scale, self.seen_start * scale, self.seen_stop * scale)


def spans(length: int, tile: int, halo: int) -> list[Span]:
    """Cut `length` pixels into tiles.

    What a tile sees begins at a multiple of any number that `tile` and `halo` are multiples of: a net that halves its
    input needs even ones, so that it pairs the same pixels in a tile as in the whole picture.
    """
    return [
        Span(start, min(start + tile, length), max(start - halo, 0), min(start + tile + halo, length))
        for start in range(0, length, tile)
    ]


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
    strips = []
    for rows in spans(height, tile, halo):
        strip = []
        for columns in spans(width, tile, halo):
            result = net(*(x[:, :, rows.seen, columns.seen] for x in inputs))
            strip.append(result[:, :, rows.kept, columns.kept].contiguous())
            if after_each is not None:
                after_each()
        strips.append(paddle.concat(strip, axis=3))
    return paddle.concat(strips, axis=2)


def tile_count(height: int, width: int, tile: int = TILE_PX) -> int:
    """How many tiles a picture is cut into."""
    return -(-height // tile) * -(-width // tile)
