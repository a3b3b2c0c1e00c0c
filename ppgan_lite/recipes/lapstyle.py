"""LapStyle's drafting net; `pyramid_revision` trains its revision nets.

Lin et al., "Drafting and Revision: Laplacian Pyramid Network for Fast High-Quality Artistic Style Transfer", CVPR 2021.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn

from ppgan_lite.nets.lapstyle import LapStyleNet
from ppgan_lite.recipes.painter import PainterRecipe, freeze, with_input_noise
from ppgan_lite.recipes.recipe import TrainedGroup
from ppgan_lite.recipes.style_losses import PUBLISHED_WEIGHTS, EncodedImage, Features, StyleLosses, StyleLossWeights


class LapStyleDraft(PainterRecipe):
    """Trains the decoder to paint a small photo (paper, section 3.2).

    As published: one painting, and a frozen encoder. Of the same sizes as `perceptual` it starts from those weights, so
    that with the defaults it is the VGG-19 of the losses.

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

    def __init__(
        self,
        *,
        net: dict[str, Any] | None = None,
        perceptual: str = "vgg19",
        learning_rate: float = 1e-4,
        beta2: float = 0.999,
        clip_norm: float | None = None,
        weights: StyleLossWeights = PUBLISHED_WEIGHTS,
        identity_pixels: float = 50.0,
        identity_features: float = 1.0,
        identity_samples: int | None = None,
        noise_std: float = 0.0,
    ) -> None:
        super().__init__()
        self.losses = StyleLosses(perceptual, weights)
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
        """Do one step; see `Recipe.update`."""
        self.losses.update_whitening(batch["photo"], batch["style"])
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
                found, wanted = self.losses.encode(repainted).whitened, encoded_photo.whitened
                distance = sum((found[layer] - wanted[layer][:few]).square().mean() for layer in found)
                terms["identity_features"] = self.identity_features * distance
        return self.groups["painter"].step_on(terms)

    def _style_terms(
        self, batch: dict[str, paddle.Tensor], own: Features, encoded_photo: EncodedImage
    ) -> dict[str, paddle.Tensor]:
        """Paint the photo and return the losses of the result."""
        photo, painting = batch["photo"], batch["style"]
        with paddle.no_grad():
            statistics = self.net.style_statistics(painting)
        if self.net.own_style:
            self.net.update_own_style(statistics)
        result = self.net.decode(own, statistics, photo.shape[2], photo.shape[3])
        return self.losses(result, encoded_photo, self.losses.encode_painting(painting), photo, painting)

    def preview(self, batch: dict[str, paddle.Tensor]) -> dict[str, paddle.Tensor]:
        """Return photo, painting, the painted photo, and the photo repainted in its own style."""
        photo = batch["photo"]
        result = self.net.draft(with_input_noise(photo, self.noise_std), self.net.style_statistics(batch["style"]))
        return {"photo": photo, "style": batch["style"], "draft": result, "identity": self.net.draft(photo, None)}
