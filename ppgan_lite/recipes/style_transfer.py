"""A painter of one style.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
"""

from __future__ import annotations

from typing import Annotated, Any

import paddle

from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.color_statistics import ColorStatistics, before_clipping
from ppgan_lite.nets.painter_interface import DRAFT_PX, IMAGE
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.painter import NOISE_STD, NOISE_STD_IN_USE
from ppgan_lite.recipes.recipe import Beta, LearningRate, NoiseStd
from ppgan_lite.recipes.style_losses import DEFAULT_CONTENT, ContentWeight, StyleLosses
from ppgan_lite.recipes.transform import TransformDraft
from ppgan_lite.signatures import ArgumentsOf, FilePath, NonNegative, NonNegativeInt, PositiveInt

OWN_STYLE_MOMENTUM = 0.98  # of the running colors of the paintings


class StyleTransferDraft(TransformDraft):
    """Trains the draft of a `StyleTransferNet`.

    Departures from Johnson: see `TransformDraft`.

    Args:
        net: Arguments of `StyleTransferNet`.
        perceptual: The encoder of the losses, a VGG-16; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        weights: Of the content loss, each an argument of its own.
        steady: Weight of the shift consistency loss.
        reconstruct: Number of iterations in which the net is only trained to reconstruct pictures: for fresh weights.
        noise_std: Standard deviation of the noise that is added to the photo before it is drafted, in training; see
            `with_input_noise`.
        noise_std_in_use: The same in use. The net turns much noise into strokes on everything, and little of it leaves
            skin and sky in planes.
        draft_px: Short side of the photos that are drafted in use: about that of those which were cropped in training.
        full_contrast: Whether photos get so much of the painting's contrast that they have it after clipping to black
            and white too; see `before_clipping`.
    """

    net: StyleTransferNet

    def __init__(
        self,
        *,
        net: Annotated[dict[str, Any], ArgumentsOf("StyleTransferNet")] | None = None,
        perceptual: FilePath = "vgg16",
        learning_rate: LearningRate = 1e-3,
        beta2: Beta = 0.99,
        weights: ContentWeight = DEFAULT_CONTENT,
        steady: NonNegative = 1.0,
        reconstruct: NonNegativeInt = 0,
        noise_std: NoiseStd = NOISE_STD,
        noise_std_in_use: NoiseStd = NOISE_STD_IN_USE,
        draft_px: PositiveInt = DRAFT_PX,
        full_contrast: bool = False,
    ) -> None:
        losses = StyleLosses(perceptual, weights)
        super().__init__(
            StyleTransferNet(**(net or {})), losses, steady=steady, reconstruct=reconstruct, noise_std=noise_std
        )
        self.noise_std_in_use = noise_std_in_use
        self.draft_px = draft_px
        self.full_contrast = full_contrast
        self.train_parameters(self.net.transform.parameters(), learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `TransformDraft.update`."""
        # At first their mean, beginning with the batch: a net that comes from another style loses that one's colors.
        momentum = min(OWN_STYLE_MOMENTUM, 1 - 1 / max(self.iteration, 1))
        colors = mean_and_covariance(self.paintings(batch))
        if self.full_contrast:
            target = colors[0].numpy().ravel(), colors[1].numpy()[0]
            mean, covariance = before_clipping(list(batch["photo_sample"].numpy()), target)
            colors = paddle.to_tensor(mean.reshape(1, -1, 1, 1)), paddle.to_tensor(covariance[None])
        self.net.update_own_style({IMAGE: colors}, momentum)
        return super().update(batch)

    def colors(self, painting: paddle.Tensor) -> list[ColorStatistics]:
        """Return the net's own colors, as in use, where they are not simply the painting's."""
        if not self.full_contrast:
            return super().colors(painting)
        mean, covariance = (part.numpy() for part in self.net.own_statistics()[IMAGE])
        return [(mean.ravel(), covariance[0])]

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the first painting of the batch, for all photos."""
        return batch["style"][:1]

    def statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return the net's own style."""
        return self.net.own_statistics()
