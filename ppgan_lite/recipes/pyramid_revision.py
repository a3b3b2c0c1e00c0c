"""A revision net of any painter: one level of the Laplacian pyramid above its draft.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.3.
"""

from __future__ import annotations

import paddle
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.losses.pixel import mse_loss
from ppgan_lite.nets import PAINTING_NETS
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.nets.pyramid import pyramid
from ppgan_lite.recipes.building import chosen_net
from ppgan_lite.recipes.painter import NOISE_STD, NOISE_STD_IN_USE, PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import Beta, LearningRate, Level, NetChoice, NoiseStd, TrainedGroup
from ppgan_lite.recipes.style_losses import StyleLosses
from ppgan_lite.signatures import FilePath, PositiveInt

COARSE = 10.0  # weight of the squared error between the result, downsampled, and what it was made from


class RevisionRecipe(PainterRecipe):
    """Trains one revision net to carry the result up one level, with everything below it frozen.

    Args:
        net: A painter and its arguments; `revisions` is level + 1 whatever they say, so that a painter has no untrained
            net.
        level: Which revision net is trained; 0 is the one above the draft. The net is called with level + 1 levels, so
            the photo's crop is 2 ** (level + 1) times the draft's.

    Raises:
        UsageError: The net is no painter.
    """

    def __init__(self, net: NetChoice, level: int) -> None:
        super().__init__()
        if net["name"] not in PAINTING_NETS:
            raise UsageError("recipe.net.name", net["name"], f"one of {', '.join(PAINTING_NETS)}")
        self.level = level
        self.net: PaintingNet = chosen_net({**net, "revisions": level + 1})
        freeze(self.net)
        self.revision = self.net.revisions[level]
        for parameter in self.revision.parameters():
            parameter.stop_gradient = False
        self.nets = {"painter": self.net}

    def train_revision(self, learning_rate: float, beta2: float) -> None:
        """Let Adam update the revision net."""
        optimizer = paddle.optimizer.Adam(learning_rate, beta2=beta2, parameters=self.revision.parameters())
        self.groups["painter"] = TrainedGroup(optimizer, ("painter",), learning_rate)

    def paint(self, photo: paddle.Tensor, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the result of the level below, and that of this level, with gradients in the trained net alone.

        As `PaintingNet.forward` paints; the tests hold the two together.
        """
        with paddle.no_grad():
            small, details = pyramid(photo, self.level + 1)
            coarser = self.net.draft(with_input_noise(small, self.noise_std), self._statistics(painting))
            for level in range(self.level):
                coarser = self.net.revise(level, details[level], coarser)
        return coarser, self.net.revise(self.level, details[-1], coarser)

    def _statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return the style that the draft takes: the net's own, or that of the painting shrunk as the photo is."""
        if self.net.own_style:
            return self.net.own_statistics()
        factor = 2 ** (self.level + 1)
        small = F.avg_pool2d(painting, factor, factor)
        return self.net.style_statistics(small)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, the (upsampled) result of the level below, and the revised result."""
        photo = batch["photo"]
        coarser, result = self.paint(photo, batch["style"])
        return {
            "photo": photo,
            "style": batch["style"],
            "below": resize_bilinear(coarser, photo.shape[2], photo.shape[3]),
            "revised": result,
        }


class PyramidRevision(RevisionRecipe):
    """Trains a revision net to add the painting's detail: the draft, carried up, keeps its shapes and tones.

    Departures from the paper, whose own recipe is `LapStyleRevision`: the relative Gram loss of VGG-16's first three
    layers, with the painting at the result's scale, and a squared error against the draft; no discriminator, no content
    loss.

    Args:
        net: A painter (`StyleTransferNet` if not named) and its arguments; see `RevisionRecipe`.
        level: See `RevisionRecipe`.
        perceptual: The encoder of the losses, a VGG-16; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        noise_std, noise_std_in_use, draft_px: As in the recipe that trained the draft.
    """

    losses: StyleLosses

    def __init__(
        self,
        *,
        net: NetChoice | None = None,
        level: Level = 0,
        perceptual: FilePath = "vgg16",
        learning_rate: LearningRate = 1e-3,
        beta2: Beta = 0.99,
        noise_std: NoiseStd = NOISE_STD,
        noise_std_in_use: NoiseStd = NOISE_STD_IN_USE,
        draft_px: PositiveInt = DRAFT_PX,
    ) -> None:
        super().__init__({"name": "StyleTransferNet", **(net or {})}, level)
        self.losses = StyleLosses(perceptual, deepest="relu3_3")
        self.noise_std = noise_std
        self.noise_std_in_use = noise_std_in_use
        self.draft_px = draft_px
        self.train_revision(learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the revision net; see `Recipe.update`."""
        painting = batch["style"][:1] if self.net.own_style else batch["style"]
        coarser, result = self.paint(batch["photo"], painting)
        terms = self.losses(result.clip(0, 1), painting)
        terms["coarse"] = COARSE * mse_loss(resize_bilinear(result, *coarser.shape[2:]), coarser)
        return self.groups["painter"].step_on(terms)
