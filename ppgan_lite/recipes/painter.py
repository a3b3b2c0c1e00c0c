"""What the recipes of painters share beside their losses: what a checkpoint keeps, and how the painter is used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.nets.lapstyle import add_grain
from ppgan_lite.nets.lapstyle_sizes import DRAFT_PX
from ppgan_lite.recipes.recipe import Recipe
from ppgan_lite.recipes.style_losses import StyleLosses


class PainterRecipe(Recipe):
    """A recipe whose net "painter" paints.

    Attributes:
        net: The painter.
        losses: What it learns by.
        grain: How much grain a photo gets before it is drafted.
        coats: How often a draft is painted in use.
        draft_px: Short side, in use, of the photos that are drafted.
    """

    needs = ("photo", "style")
    net: nn.Layer
    losses: StyleLosses
    grain: float = 0.0
    coats: int = 1
    draft_px: int = DRAFT_PX

    def predictors(self) -> dict[str, PredictorSpec]:
        """One painter: of its own style, or of any painting."""
        return {"painter": painter_spec(self.net, grain=self.grain, coats=self.coats, draft_px=self.draft_px)}

    def state(self) -> dict[str, np.ndarray]:
        """The losses'; see `Recipe.state`."""
        return self.losses.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` returned."""
        self.losses.load_state(state)


def painter_spec(net: nn.Layer, *, grain: float = 0.0, coats: int = 1, draft_px: int = DRAFT_PX) -> PredictorSpec:
    """How to call a net that was trained with so much grain, and drafts at a size in so many coats."""
    return PredictorSpec(
        net="painter",
        task="stylize",
        inputs=("photo",) if net.own_style else ("photo", "style"),
        value_range=(0.0, 1.0),
        multiple_of=1,
        scale=1,
        settings={"grain": grain, "coats": coats, "draft_px": draft_px},
    )


def grainy(photo: paddle.Tensor, amount: float) -> paddle.Tensor:
    """Return the photo as the draft sees it, with fresh noise."""
    if not amount:
        return photo
    return add_grain(photo, paddle.randn([photo.shape[0], 1, *photo.shape[2:]]), amount)


def freeze(layer: nn.Layer) -> None:
    """Keep a layer's parameters as they are."""
    for parameter in layer.parameters():
        parameter.stop_gradient = True
