"""A plan of the parts of a large photo that are done in stages: all of it, or bands where memory is short."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ppgan_lite.inference.tiling import Span, spans
from ppgan_lite.nets.stages import Stages
from ppgan_lite.runtime.memory import affordable

MAPS_BYTES = 800_000_000  # of the maps between the stages of a net, if there is memory
STAGES, LOADING = "stages", "loading stages"  # kinds of work, see `Rates`: pixels, and how often all stages are loaded


@dataclass(frozen=True)
class StagePlan:
    """The parts of a photo that are done in stages, one after the other.

    Attributes:
        width: Of the photo.
        bands: Of rows.
        reduced: Height and width of the reduced copy that is measured first; None where none is.
        is_exact: Whether the maps between the stages are kept in float32 rather than in half precision.
    """

    width: int
    bands: list[Span]
    reduced: tuple[int, int] | None
    is_exact: bool = False

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each part, in their order."""
        first = [] if self.reduced is None else [self.reduced]
        return first + [(band.input_stop - band.input_start, self.width) for band in self.bands]

    @property
    def largest_px(self) -> int:
        """Pixels of the largest part."""
        return max(height * width for height, width in self.sizes)

    @property
    def work(self) -> dict[str, float]:
        """Kind -> amount, see `Rates`."""
        return {LOADING: len(self.sizes), STAGES: sum(height * width for height, width in self.sizes)}


def plan_stages(
    stages: Stages, height: int, width: int, *, halo: int, multiple: int, is_exact: bool = False
) -> StagePlan:
    """Choose the parts of a photo: all of it where its maps fit, else bands and before them a reduced copy.

    Args:
        stages: The net's.
        height: Of the photo.
        width: Of the photo.
        halo: Rows above and below a band that matter to it; a multiple of `multiple`.
        multiple: Of which bands, and the sides of the reduced copy, must be multiples.
        is_exact: Whether to keep the maps in float32, where these fit without bands.
    """
    fitting = int(affordable(MAPS_BYTES) / stages.bytes_per_pixel)
    if is_exact and 2 * height * width <= fitting:
        return StagePlan(width, [Span(0, height, 0, height)], None, is_exact=True)
    if height * width <= fitting:
        return StagePlan(width, [Span(0, height, 0, height)], None)
    most = max(fitting // width - 2 * halo, halo)
    rows = -(-height // math.ceil(height / most))
    bands = spans(height, -(-rows // multiple) * multiple, halo)
    if not stages.has_norms or len(bands) == 1:
        return StagePlan(width, bands, None)
    scale = min(1.0, math.sqrt(fitting / 2 / (height * width)))
    sides = [max(int(side * scale) // multiple, 1) * multiple for side in (height, width)]
    return StagePlan(width, bands, (sides[0], sides[1]))
