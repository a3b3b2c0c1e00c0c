"""LapStyle's stages: train the draft, then one revision net after the other.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from typing import Annotated, Any

import paddle
from paddle import nn

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.discriminators import LapStyleDiscriminator
from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.nets.painter_interface import DRAFT_PX
from ppgan_lite.nets.vgg import VGG16_DRAFT_CONVS, VGGEncoder, set_vgg16
from ppgan_lite.nets.vgg16 import VGG16
from ppgan_lite.recipes.adversary import Adversary
from ppgan_lite.recipes.lapstyle_losses import PUBLISHED_WEIGHTS, Features, LapStyleLosses, LapStyleWeights
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.pyramid_revision import RevisionRecipe
from ppgan_lite.recipes.recipe import (
    Beta,
    LearningRate,
    Level,
    NetChoice,
    NoiseStd,
    TrainedGroup,
)
from ppgan_lite.signatures import ArgumentsOf, FilePath, NonNegative, Positive, PositiveInt


class LapStyleDraft(PainterRecipe):
    """Trains the decoder to paint a small photo (paper, section 3.2).

    As published: one painting, and a frozen encoder. Of the same sizes as `perceptual` it starts from those weights, so
    that with the defaults it is the VGG-19 of the losses. With "vgg16" as `perceptual`, an encoder of its widths and
    `encoder_convs` of 2, 2, 3, 1, 1 is that VGG-16; nothing uses its last convolution.

    Args:
        net: Arguments of `LapStyleNet`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets the large gradients of fresh weights sooner.
        clip_norm: The most that the gradient's norm may be; None for no limit.
        weights: Of the losses, each an argument of its own.
        identity_pixels: Weight of the squared error of a picture repainted in its own style.
        identity_features: The same between features.
        identity_samples: Pictures of a batch that the identity losses are taken of; all if not given.
        noise_std: Standard deviation of the noise that is added to the photo before it is drafted, in training and in
            use; see `with_input_noise` (not in the paper).
    """

    net: LapStyleNet

    results = (("draft", "photo"),)

    def __init__(
        self,
        *,
        net: Annotated[dict[str, Any], ArgumentsOf("LapStyleNet")] | None = None,
        perceptual: FilePath = "vgg19",
        learning_rate: LearningRate = 1e-4,
        beta2: Beta = 0.999,
        clip_norm: Positive | None = None,
        weights: LapStyleWeights = PUBLISHED_WEIGHTS,
        identity_pixels: NonNegative = 50.0,
        identity_features: NonNegative = 1.0,
        identity_samples: PositiveInt | None = None,
        noise_std: NoiseStd = 0.0,
    ) -> None:
        super().__init__()
        self.losses = LapStyleLosses(perceptual, weights)
        self.identity_pixels = identity_pixels
        self.identity_features = identity_features
        self.identity_samples = identity_samples
        self.noise_std = noise_std
        self.net = LapStyleNet(**{"revisions": 0, **(net or {})})
        self.nets = {"painter": self.net}
        freeze(self.net.encoder)
        start_encoder(self.net.encoder, self.losses.encoder)
        freeze(self.net.revisions)
        optimizer = paddle.optimizer.Adam(
            learning_rate,
            beta2=beta2,
            parameters=self.net.decoder.parameters(),
            grad_clip=None if clip_norm is None else nn.ClipGradByGlobalNorm(clip_norm),
        )
        self.groups = {"painter": TrainedGroup(optimizer, ("painter",), learning_rate)}

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `Recipe.update`."""
        photo = batch["photo"]
        encoded_photo = self.losses.encode_target(photo)
        noisy = with_input_noise(photo, self.noise_std)
        own = self.net.encoder(noisy, last="relu4_1")
        terms = self._style_terms(batch, own, encoded_photo) if self.losses.weights.of_terms() else {}
        if self.identity_pixels or self.identity_features:
            few = self.identity_samples
            own_few = {layer: features[:few] for layer, features in own.items()}
            repainted = self.net.decode(own_few, None, photo.shape[2], photo.shape[3])
            terms["identity_pixels"] = self.identity_pixels * (repainted - noisy[:few]).square().mean()
            if self.identity_features:
                found = self.losses.encode(repainted)
                distance = sum((found[layer] - encoded_photo[layer][:few]).square().mean() for layer in found)
                terms["identity_features"] = self.identity_features * distance
        return self.groups["painter"].step_on(terms)

    def _style_terms(
        self, batch: dict[str, paddle.Tensor], own: Features, encoded_photo: Features
    ) -> dict[str, paddle.Tensor]:
        """Paint the photo and return the losses of the result."""
        photo, painting = batch["photo"], batch["style"]
        with paddle.no_grad():
            statistics = self.net.style_statistics(painting)
        if self.net.own_style:
            self.net.update_own_style(statistics)
        result = self.net.decode(own, statistics, photo.shape[2], photo.shape[3])
        return self.losses(result, encoded_photo, self.losses.encode_painting(painting))

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, the painted photo, and the photo repainted in its own style."""
        photo = batch["photo"]
        result = self.net.draft(with_input_noise(photo, self.noise_std), self.net.style_statistics(batch["style"]))
        return {"photo": photo, "style": batch["style"], "draft": result, "identity": self.net.draft(photo, None)}


def start_encoder(encoder: VGGEncoder, teacher: VGGEncoder | VGG16) -> None:
    """Give a draft's encoder the weights of the encoder of the losses, if it has the same sizes."""
    if isinstance(teacher, VGG16):
        channels, convs = (encoder.arguments[key] for key in ("channels", "convs"))
        if channels[:-1] == teacher.arguments["channels"] and tuple(convs) == VGG16_DRAFT_CONVS:
            set_vgg16(encoder, teacher)
    elif encoder.arguments == teacher.arguments:
        encoder.set_state_dict(teacher.state_dict())


class LapStyleRevision(RevisionRecipe):
    """Trains one revision net, as published: the draft's losses and a patch discriminator (paper, section 3.3).

    Args:
        net: Arguments of `LapStyleNet`; see `RevisionRecipe`.
        level: See `RevisionRecipe`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, for both nets.
        adversarial: Weight of the binary cross entropy against the discriminator.
        weights: Of the losses, each an argument of its own.
        noise_std: As in `LapStyleDraft`.
        draft_px: Short side of the photos that are drafted in use.

    Raises:
        UsageError: The net is another one.
    """

    def __init__(
        self,
        *,
        net: NetChoice | None = None,
        level: Level = 0,
        perceptual: FilePath = "vgg19",
        learning_rate: LearningRate = 1e-4,
        adversarial: NonNegative = 1.0,
        weights: LapStyleWeights = PUBLISHED_WEIGHTS,
        noise_std: NoiseStd = 0.0,
        draft_px: PositiveInt = DRAFT_PX,
    ) -> None:
        choice = {"name": "LapStyleNet", **(net or {})}
        if choice["name"] != "LapStyleNet":
            raise UsageError(
                "recipe.net.name", choice["name"], "LapStyleNet", "PyramidRevision trains those of other painters"
            )
        super().__init__(choice, level)
        self.losses = LapStyleLosses(perceptual, weights)
        self.adversarial = adversarial
        self.noise_std = noise_std
        self.draft_px = draft_px
        self.train_revision(learning_rate, 0.999)
        self.adversary = Adversary(LapStyleDiscriminator(), "vanilla")
        self.nets["discriminator"] = self.adversary.net
        optimizer = paddle.optimizer.Adam(learning_rate, parameters=self.adversary.net.parameters())
        self.groups["discriminator"] = TrainedGroup(optimizer, ("discriminator",), learning_rate)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the revision net, then one of the discriminator; see `Recipe.update`."""
        photo, painting = batch["photo"], batch["style"]
        _, result = self.paint(photo, painting)
        terms = self.losses(result, self.losses.encode_target(photo), self.losses.encode_painting(painting))
        if not self.adversarial:
            return self.groups["painter"].step_on(terms)
        terms["adversarial"] = self.adversarial * self.adversary.generator_loss(result)
        found = self.groups["painter"].step_on(terms)
        discriminator_loss = self.adversary.discriminator_loss(painting, result)
        self.groups["discriminator"].backward_step(discriminator_loss)
        return {**found, "discriminator": float(discriminator_loss)}
