"""Cut a large picture into tiles that see enough around themselves to give the same result as the whole."""

from __future__ import annotations

from dataclasses import dataclass


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
