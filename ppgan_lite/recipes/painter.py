"""The base of the recipes of painters: their predictor, and input noise."""

from __future__ import annotations

from typing import ClassVar

import paddle
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.nets.input_noise import soft_noise
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.recipes.recipe import Recipe

NOISE_STD = 0.02  # of the input noise, where a recipe says nothing else
NOISE_STD_IN_USE = 0.004


class PainterRecipe(Recipe):
    """A recipe whose net "painter" paints.

    Attributes:
        net: The painter.
        noise_std: Standard deviation of the input noise in training; see `with_input_noise`.
        noise_std_in_use: The same in use; as in training if it is None.
        draft_px: Short side, in use, of the photos that are drafted.
    """

    needs: ClassVar[tuple[str, ...]] = ("photo", "style")
    net: PaintingNet
    noise_std: float = 0.0
    noise_std_in_use: float | None = None
    draft_px: int = DRAFT_PX

    def predictors(self) -> dict[str, PredictorSpec]:
        """Return one painter: of its own style, or of any painting."""
        noise_std = self.noise_std if self.noise_std_in_use is None else self.noise_std_in_use
        return {"painter": painter_spec(self.net, noise_std=noise_std, draft_px=self.draft_px)}


def painter_spec(net: PaintingNet, *, noise_std: float = 0.0, draft_px: int = DRAFT_PX) -> PredictorSpec:
    """Return how to call a painter that drafts at a size, with input noise."""
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
