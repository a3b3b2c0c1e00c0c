"""The base of the recipes of painters: their predictor, their state, and input noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import paddle
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.recipes.recipe import Recipe
from ppgan_lite.recipes.style_losses import StyleLosses


class PainterRecipe(Recipe):
    """A recipe whose net "painter" paints.

    Attributes:
        net: The painter.
        losses: Its perceptual losses.
        noise_std: Standard deviation of the input noise; see `with_input_noise`.
        draft_px: Short side, in use, of the photos that are drafted.
    """

    needs = ("photo", "style")
    net: PaintingNet
    losses: StyleLosses
    noise_std: float = 0.0
    draft_px: int = DRAFT_PX

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return one painter: of its own style, or of any painting."""
        return {"painter": painter_spec(self.net, noise_std=self.noise_std, draft_px=self.draft_px)}

    def state(self) -> dict[str, np.ndarray]:
        """Return the state of the losses; see `Recipe.state`."""
        return self.losses.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back the result of `state`."""
        self.losses.load_state(state)


def painter_spec(net: PaintingNet, *, noise_std: float = 0.0, draft_px: int = DRAFT_PX) -> PredictorSpec:
    """Return how to call a painter that was trained with input noise and drafts at a size."""
    return PredictorSpec(
        net="painter",
        task="stylize",
        inputs=("photo",) if net.own_style else ("photo", "style"),
        value_range=(0.0, 1.0),
        multiple_of=1,
        scale=1,
        settings={"noise_std": noise_std, "draft_px": draft_px},
    )


def with_input_noise(photo: paddle.Tensor, noise_std: float) -> paddle.Tensor:
    """Add fresh soft noise to photos that are to be drafted; see `nets.input_noise`.

    Args:
        photo: N x 3 x H x W, RGB in [0, 1].
        noise_std: Standard deviation of either part of the noise, the fine and the coarse one.
    """
    if not noise_std:
        return photo
    noise = paddle.randn([photo.shape[0], 1, *photo.shape[2:]])
    return photo + noise_std * paddle.to_tensor(soft_noise(noise.numpy()))


def freeze(layer: nn.Layer) -> None:
    """Keep a layer's parameters as they are."""
    for parameter in layer.parameters():
        parameter.stop_gradient = True
