"""A revision net of any painter: one level of the Laplacian pyramid above its draft.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021,
section 3.3.
"""

from __future__ import annotations

import paddle
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets import PAINTING_NETS
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.discriminators import LapStyleDiscriminator
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.pyramid import pyramid
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import chosen_net
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import NetChoice, TrainedGroup
from ppgan_lite.recipes.style_losses import PUBLISHED_WEIGHTS, StyleLosses, StyleLossWeights


class PyramidRevision(PainterRecipe):
    """Trains one revision net to carry the result up one level, with everything below it frozen.

    Args:
        net: A painter (`LapStyleNet` if not named) and its arguments; `revisions` is level + 1 whatever they say, so
            that a painter has no untrained net.
        level: Which revision net is trained; 0 is the one above the draft. The net is called with level + 1 levels, so
            the photo's crop is 2 ** (level + 1) times the draft's.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, for both nets.
        adversarial: Weight of the binary cross entropy against the patch discriminator.
        weights: Of the losses, each an argument of its own.
        noise_std: As in the recipe that trained the draft.
        draft_px: As in `StyleTransferDraft`.
    """

    def __init__(
        self,
        *,
        net: NetChoice | None = None,
        level: int = 0,
        perceptual: str = "vgg19",
        learning_rate: float = 1e-4,
        adversarial: float = 1.0,
        weights: StyleLossWeights = PUBLISHED_WEIGHTS,
        noise_std: float = 0.0,
        draft_px: int = DRAFT_PX,
    ) -> None:
        super().__init__()
        self.losses = StyleLosses(perceptual, weights)
        self.adversarial = adversarial
        self.noise_std = noise_std
        self.draft_px = draft_px
        self.level = level
        choice = {"name": "LapStyleNet", **(net or {}), "revisions": level + 1}
        if choice["name"] not in PAINTING_NETS:
            raise UsageError("recipe.net.name", choice["name"], f"one of {', '.join(PAINTING_NETS)}")
        self.net = chosen_net(choice)
        freeze(self.net)
        self.revision = self.net.revisions[level]
        for parameter in self.revision.parameters():
            parameter.stop_gradient = False
        self.adversary = Adversary(LapStyleDiscriminator(), "vanilla")
        self.nets = {"painter": self.net, "discriminator": self.adversary.net}
        for name, layer in (("painter", self.revision), ("discriminator", self.adversary.net)):
            optimizer = paddle.optimizer.Adam(learning_rate, parameters=layer.parameters())
            self.groups[name] = TrainedGroup(optimizer, (name,), learning_rate)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the revision net, then one of the discriminator; see `Recipe.update`."""
        photo, painting = batch["photo"], batch["style"]
        self.losses.update_whitening(photo, painting)
        _, result = self._paint(photo, painting)
        encoded = self.losses.encode_target(photo), self.losses.encode_painting(painting)
        terms = self.losses(result, *encoded, photo, painting)
        if not self.adversarial:
            return self.groups["painter"].step_on(terms)
        terms["adversarial"] = self.adversarial * self.adversary.generator_loss(result)
        found = self.groups["painter"].step_on(terms)
        discriminator_loss = self.adversary.discriminator_loss(painting, result)
        self.groups["discriminator"].backward_step(discriminator_loss)
        return {**found, "discriminator": float(discriminator_loss)}

    def _paint(self, photo: paddle.Tensor, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
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
        coarser, result = self._paint(photo, batch["style"])
        return {
            "photo": photo,
            "style": batch["style"],
            "below": resize_bilinear(coarser, photo.shape[2], photo.shape[3]),
            "revised": result,
        }
