"""Tiles of a large picture, each with enough of its surroundings to give the same result as the whole."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A tile along one side of a picture: the part of the result that it makes, and the larger part that it is made of.

    Attributes:
        start, stop: Of the part of the result.
        input_start, input_stop: Of the input: the same part and its halo.
    """

    start: int
    stop: int
    input_start: int
    input_stop: int

    @property
    def output(self) -> slice:
        """The place of the tile in the whole result."""
        return slice(self.start, self.stop)

    @property
    def input(self) -> slice:
        """The place of the tile's input in the whole picture."""
        return slice(self.input_start, self.input_stop)

    @property
    def crop(self) -> slice:
        """The part of the net's answer to `input` that is the tile."""
        return slice(self.start - self.input_start, self.stop - self.input_start)

    def scaled(self, scale: int) -> Span:
        """Return the same tile in a picture that is `scale` times larger."""
        return Span(self.start * scale, self.stop * scale, self.input_start * scale, self.input_stop * scale)


def spans(length: int, tile: int, halo: int) -> list[Span]:
    """Cut `length` pixels into tiles.

    The input of a tile begins at a multiple of any number that `tile` and `halo` are multiples of: a net that
    downsamples needs even ones, so that it pairs the same pixels in a tile as in the whole picture.
    """
    return [
        Span(start, min(start + tile, length), max(start - halo, 0), min(start + tile + halo, length))
        for start in range(0, length, tile)
    ]
