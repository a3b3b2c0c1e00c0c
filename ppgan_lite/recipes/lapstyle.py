"""LapStyle's stages: train the draft, then one revision net after the other.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.blocks import resize_bilinear
from ppgan_lite.nets.discriminators import LapStyleDiscriminator
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.pyramid import pyramid
from ppgan_lite.nets.vgg import LAYERS
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.building import chosen_net
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import NetChoice, TrainedGroup
from ppgan_lite.recipes.style_losses import Features, Seen, StyleLosses, step

PAINTERS = ("LapStyleNet", "StyleTransferNet", "AnyStyleNet")


class LapStyleDraft(PainterRecipe):
    """The drafting net: learns to paint a small photo (paper, section 3.2).

    As published: one painting, and an encoder that stays as it is. Of the same sizes as `perceptual` it starts from
    those weights, so that with the defaults it is the VGG-19 of the losses.

    Args:
        net: Arguments of `LapStyleNet`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets the large gradients of fresh weights sooner.
        clip_norm: The most that the gradient's norm may be; None for no limit.
        content: Weight of the normalised content loss.
        content_layers: Where it is taken.
        style: Weight of the loss on mean and standard deviation.
        gram: Weight of the relative Gram loss (not in the paper).
        relaxed_emd: Weight of the relaxed earth mover's distance.
        self_similarity: Weight of the relative content loss.
        colour: Weight of the loss on mean and covariance of colour (not in the paper).
        pairwise_px: The two relative losses compare at most about this many rows and columns of positions.
        whiten: Whether perceptual features are compared through a `Whitening`, but for mean and standard deviation (not
            in the paper).
        gram_layers: Where the Gram loss is taken.
        tone: Weight of the loss on coarse tones, those of the photo in the painting's colours (not in the paper).
        identity_pixels: Weight of the squared error of a picture repainted in its own style.
        identity_features: The same between features.
        identity_samples: How many pictures of a batch the identity losses look at; all if not given.
        noise_std: Standard deviation of the noise that is added to the photo before it is drafted, in training and in
            use; see `with_input_noise` (not in the paper).
    """

    def __init__(
        self,
        *,
        net: dict[str, Any] | None = None,
        perceptual: str = "vgg19",
        learning_rate: float = 1e-4,
        beta2: float = 0.999,
        clip_norm: float | None = None,
        content: float = 1.0,
        content_layers: Sequence[str] = LAYERS,
        style: float = 3.0,
        gram: float = 0.0,
        relaxed_emd: float = 10.0,
        self_similarity: float = 16.0,
        colour: float = 0.0,
        pairwise_px: int = 64,
        whiten: bool = False,
        gram_layers: Sequence[str] = LAYERS,
        tone: float = 0.0,
        identity_pixels: float = 50.0,
        identity_features: float = 1.0,
        identity_samples: int | None = None,
        noise_std: float = 0.0,
    ) -> None:
        super().__init__()
        self.losses = StyleLosses(
            perceptual,
            content=content,
            content_layers=content_layers,
            style=style,
            gram=gram,
            relaxed_emd=relaxed_emd,
            self_similarity=self_similarity,
            colour=colour,
            pairwise_px=pairwise_px,
            whiten=whiten,
            gram_layers=gram_layers,
            tone=tone,
        )
        self.identity_pixels = identity_pixels
        self.identity_features = identity_features
        self.identity_samples = identity_samples
        self.noise_std = noise_std
        self.net = LapStyleNet(**{"revisions": 0, **(net or {})})
        self.nets = {"painter": self.net}
        freeze(self.net.encoder)
        if self.net.encoder.arguments == self.losses.encoder.arguments:
            self.net.encoder.set_state_dict(self.losses.encoder.state_dict())
        freeze(self.net.revisions)
        optimizer = paddle.optimizer.Adam(
            learning_rate,
            beta2=beta2,
            parameters=self.net.decoder.parameters(),
            grad_clip=None if clip_norm is None else nn.ClipGradByGlobalNorm(clip_norm),
        )
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `Recipe.update`."""
        self.losses.watch(batch["photo"], batch["style"])
        photo = batch["photo"]
        photo_features = self.losses.features(photo)
        seen = with_input_noise(photo, self.noise_std)
        own = self.net.encoder(seen, last="relu4_1")
        terms = self._style_terms(batch, own, photo_features) if any(self.losses.weights.values()) else {}
        if self.identity_pixels or self.identity_features:
            few = self.identity_samples
            own_few = {layer: features[:few] for layer, features in own.items()}
            repainted = self.net.decode(own_few, None, photo.shape[2], photo.shape[3])
            terms["identity_pixels"] = self.identity_pixels * (repainted - seen[:few]).square().mean()
            if self.identity_features:
                found = self.losses.see(repainted).even
                distance = sum((found[layer] - photo_features.even[layer][:few]).square().mean() for layer in LAYERS)
                terms["identity_features"] = self.identity_features * distance
        return step(self.groups["painter"], terms)

    def _style_terms(
        self, batch: dict[str, paddle.Tensor], own: Features, photo_features: Seen
    ) -> dict[str, paddle.Tensor]:
        """Paint the photo and return the losses of the result."""
        photo, painting = batch["photo"], batch["style"]
        with paddle.no_grad():
            statistics = self.net.style_statistics(painting)
        if self.net.own_style:
            self.net.update_own_style(statistics)
        result = self.net.decode(own, statistics, photo.shape[2], photo.shape[3])
        return self.losses(result, photo_features, self.losses.features_of_painting(painting), photo, painting)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Photo, painting, the photo painted, and repainted in its own style."""
        photo = batch["photo"]
        result = self.net.draft(with_input_noise(photo, self.noise_std), self.net.style_statistics(batch["style"]))
        return {"photo": photo, "style": batch["style"], "draft": result, "identity": self.net.draft(photo, None)}


class LapStyleRevision(PainterRecipe):
    """One revision net: learns to carry the result up one level, everything below it frozen (paper, section 3.3).

    Args:
        net: A `LapStyleNet` (the default), a `StyleTransferNet` or an `AnyStyleNet`, and its arguments; `revisions` is
            level + 1 whatever they say, so that a painter has no net that has not learned.
        level: Which revision net learns; 0 is the one above the draft. The net is called with level + 1 levels, so the
            photo's crop is 2 ** (level + 1) times the draft's.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, for both nets.
        adversarial: Weight of the binary cross entropy against the patch discriminator.
        content, content_layers, style, gram, relaxed_emd, self_similarity, colour, pairwise_px, whiten, gram_layers,
            tone, noise_std: As in `LapStyleDraft`.
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
        content: float = 1.0,
        content_layers: Sequence[str] = LAYERS,
        style: float = 3.0,
        gram: float = 0.0,
        relaxed_emd: float = 10.0,
        self_similarity: float = 16.0,
        colour: float = 0.0,
        pairwise_px: int = 64,
        whiten: bool = False,
        gram_layers: Sequence[str] = LAYERS,
        tone: float = 0.0,
        noise_std: float = 0.0,
        draft_px: int = DRAFT_PX,
    ) -> None:
        super().__init__()
        self.losses = StyleLosses(
            perceptual,
            content=content,
            content_layers=content_layers,
            style=style,
            gram=gram,
            relaxed_emd=relaxed_emd,
            self_similarity=self_similarity,
            colour=colour,
            pairwise_px=pairwise_px,
            whiten=whiten,
            gram_layers=gram_layers,
            tone=tone,
        )
        self.adversarial = adversarial
        self.noise_std = noise_std
        self.draft_px = draft_px
        self.level = level
        choice = {"name": "LapStyleNet", **(net or {}), "revisions": level + 1}
        if choice["name"] not in PAINTERS:
            raise UsageError("recipe.net.name", choice["name"], f"one of {', '.join(PAINTERS)}")
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
        """One step of the revision net, then one of the discriminator; see `Recipe.update`."""
        self.losses.watch(batch["photo"], batch["style"])
        photo, painting = batch["photo"], batch["style"]
        _, result = self._paint(photo, painting)
        seen = self.losses.features(photo), self.losses.features_of_painting(painting)
        terms = self.losses(result, *seen, photo, painting)
        if not self.adversarial:
            return step(self.groups["painter"], terms)
        terms["adversarial"] = self.adversarial * self.adversary.generator_loss(result)
        found = step(self.groups["painter"], terms)
        judged = self.adversary.discriminator_loss(painting, result)
        self.groups["discriminator"].minimise(judged)
        return {**found, "discriminator": float(judged)}

    def _paint(self, photo: paddle.Tensor, painting: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return what comes from below, and the result with gradients in the trained revision net alone."""
        with paddle.no_grad():
            small, details = pyramid(photo, self.level + 1)
            coarser = self.net.draft(with_input_noise(small, self.noise_std), self._statistics(painting))
            for level in range(self.level):
                coarser = self.net.revise(level, details[level], coarser)
        return coarser, self.net.revise(self.level, details[-1], coarser)

    def _statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """The style as the draft will see it: the net's own, or the painting shrunk as the photo is."""
        if self.net.own_style:
            return self.net.own_statistics()
        factor = 2 ** (self.level + 1)
        small = F.avg_pool2d(painting, factor, factor)
        return self.net.style_statistics(small)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Photo, painting, what came from below (doubled) and the revised result."""
        photo = batch["photo"]
        coarser, result = self._paint(photo, batch["style"])
        return {
            "photo": photo,
            "style": batch["style"],
            "below": resize_bilinear(coarser, photo.shape[2], photo.shape[3]),
            "revised": result,
        }
