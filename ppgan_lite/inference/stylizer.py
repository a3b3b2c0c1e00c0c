"""Paint photos with LapStyle."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import paddle

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.images import resize
from ppgan_lite.inference.arrays import LUMA, check_image, to_pixels, to_values
from ppgan_lite.inference.device import evaluating
from ppgan_lite.inference.steps import Progress, Steps
from ppgan_lite.inference.tiling import in_tiles, tile_count
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.lapstyle import LapStyleNet, add_grain, halved, pyramid

DRAFT_PX = 370  # short side of a draft where a checkpoint does not say
DRAFT_RANGE_PX = (64, 1024)  # what `brush` may make of it
STROKE_PX = 8  # width of a typical stroke in a draft: what turns `brush` into a draft's size
LONGEST_DRAFT = 4  # a draft's long side is at most this many times DRAFT_PX


class Stylizer:
    """A predictor that paints; see `load_predictor`.

    Attributes:
        name: Of the style, or of the file.
        spec: What the net takes; `spec.inputs` is ("photo",) or ("photo", "style").
        device: Where it runs: "cpu" or "gpu:N".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
    """

    def __init__(
        self,
        net: LapStyleNet,
        spec: PredictorSpec,
        *,
        name: str,
        device: str = "cpu",
        device_note: str = "",
        style: Any = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.device = device
        self.device_note = device_note
        self._net = net
        self._style = net.own_statistics() if net.own_style else style

    def with_style(self, painting: np.ndarray) -> Stylizer:
        """Return a predictor that always paints in the manner of `painting` (uint8 H x W x 3 RGB)."""
        if self._net.own_style:
            raise UsageError("style", f"{self.name} paints in a style of its own", "a painter of any style")
        return Stylizer(
            self._net,
            dataclasses.replace(self.spec, inputs=("photo",)),
            name=self.name,
            device=self.device,
            device_note=self.device_note,
            style=self._measure(painting),
        )

    def __call__(
        self,
        image: np.ndarray,
        *,
        style: np.ndarray | None = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        brush: float | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Paint a photo.

        Args:
            image: uint8 H x W x 3 RGB, any size.
            style: The painting, uint8 h x w x 3 RGB; given if and only if "style" is in `spec.inputs`.
            strength: 0 (the photo, as the net repaints it) to 1 (the full style); blended between features.
            keep_colors: Keep the photo's colours and take only the brushwork.
            brush: Width of a typical stroke in pixels of the photo. None follows the picture, so
                that a photo looks the same at any resolution.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between tiles; True stops the work.

        Returns:
            uint8 RGB image of the same size; the same for the same arguments.

        Raises:
            UsageError: An argument is out of its range, or the style is missing or not wanted.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        if not 0 <= strength <= 1:
            raise UsageError("strength", f"{strength}", "a number from 0 to 1")
        if brush is not None and not (math.isfinite(brush) and brush > 0):
            raise UsageError("brush", f"{brush}", "a width in pixels above 0")
        if ("style" in self.spec.inputs) != (style is not None):
            found = "none was given" if style is None else f"{self.name} has a style already"
            raise UsageError("style", found, "a painting" if style is None else "no painting")
        statistics = self._style if style is None else self._measure(style)
        with evaluating(self.device):
            result = self._paint(image, statistics, float(strength), brush, Steps("stylize", progress, cancelled))
        return _with_colors_of(image, result) if keep_colors else result

    def _paint(
        self, image: np.ndarray, statistics: Any, strength: float, brush: float | None, steps: Steps
    ) -> np.ndarray:
        height, width = image.shape[:2]
        draft_height, draft_width, levels = self._plan(height, width, brush)
        sizes = [(height, width)]
        for _ in range(levels):
            sizes.append(halved(*sizes[-1]))
        draft_steps = draft_height * draft_width // 30_000 + 1  # a draft of a tile's pixels costs about two tiles
        steps.expect(draft_steps + sum(tile_count(*size) for size in sizes[:-1]))

        small = paddle.to_tensor(to_values(resize(image, draft_width, draft_height), 0.0, 1.0))
        noise = np.random.default_rng(0).standard_normal((draft_height, draft_width), np.float32)
        grain = float(self.spec.settings.get("grain", 0.0)) * strength
        small = add_grain(small, paddle.to_tensor(noise[None, None]), grain)
        result = self._net.draft(small, statistics, strength, int(self.spec.settings.get("coats", 1)))
        steps.done(draft_steps)
        result = resize_bilinear(result, *sizes[-1])
        if levels:
            _, details = pyramid(paddle.to_tensor(to_values(image, 0.0, 1.0)), levels)
            for level in range(levels):
                result = self._net.revise(
                    level,
                    details.pop(0),
                    result,
                    strength,
                    lambda net, detail, draft: in_tiles(net, (detail, draft), halo=net.HALO, after_each=steps.done),
                )
        return to_pixels(result.numpy(), 0.0, 1.0)

    def _plan(self, height: int, width: int, brush: float | None) -> tuple[int, int, int]:
        """Choose the draft's height and width, and how many levels lie between it and the photo."""
        short, long = min(height, width), max(height, width)
        draft_px = float(self.spec.settings.get("draft_px", DRAFT_PX))
        if brush is not None:
            draft_px = min(max(short * STROKE_PX / brush, DRAFT_RANGE_PX[0]), DRAFT_RANGE_PX[1])
        draft_px = min(draft_px, max(LONGEST_DRAFT * draft_px * short / long, DRAFT_RANGE_PX[0] / 4))
        levels = max(0, round(math.log2(short / draft_px))) if len(self._net.revisions) else 0
        if brush is None and levels and 0.7 < short / 2**levels / draft_px < 1.42:
            draft_px = short / 2**levels  # near enough: no resizing between draft and pyramid
        scale = draft_px / short
        return max(round(height * scale), 16), max(round(width * scale), 16), levels

    def _measure(self, painting: np.ndarray) -> Any:
        check_image("style", painting)
        height, width = painting.shape[:2]
        draft_px = float(self.spec.settings.get("style_px", DRAFT_PX))
        scale = min(draft_px / min(height, width), LONGEST_DRAFT * draft_px / max(height, width))
        small = resize(painting, max(round(width * scale), 16), max(round(height * scale), 16))
        with evaluating(self.device):
            return self._net.style_statistics(paddle.to_tensor(to_values(small, 0.0, 1.0)))


def _with_colors_of(photo: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Return the painted brightness, brought to the photo's mean and contrast, in the photo's colours."""
    of_photo, of_painting = photo @ LUMA, painted @ LUMA
    gain = min(of_photo.std() / max(of_painting.std(), 1.0), 2.0)
    luma = (of_painting - of_painting.mean()) * gain + of_photo.mean()
    difference = luma - of_photo
    result = np.empty_like(photo)
    for channel in range(3):
        result[..., channel] = np.clip(np.rint(photo[..., channel] + difference), 0, 255)
    return result
