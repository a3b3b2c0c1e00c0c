"""A painter of one style.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
"""

from __future__ import annotations

from typing import Any

import paddle

from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import DRAFT_PX, IMAGE
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.style_losses import StyleLosses, StyleLossWeights
from ppgan_lite.recipes.transform import TRANSFORM_WEIGHTS, TransformDraft


class StyleTransferDraft(TransformDraft):
    """Trains the draft of a `StyleTransferNet`.

    Departures from Johnson: see `TransformDraft`.

    Args:
        net: Arguments of `StyleTransferNet`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        reconstruct: Number of iterations in which the net is only trained to reconstruct pictures.
        weights: Of the losses, each an argument of its own.
        noise_std: Standard deviation of the noise that is added to the photo before it is drafted, in training and in
            use; see `with_input_noise`.
        draft_px: Short side of the photos that are drafted in use: about that of those which were cropped in training.
    """

    net: StyleTransferNet

    def __init__(
        self,
        *,
        net: dict[str, Any] | None = None,
        perceptual: str = "vgg19",
        learning_rate: float = 2e-3,
        beta2: float = 0.99,
        reconstruct: int = 0,
        weights: StyleLossWeights = TRANSFORM_WEIGHTS,
        noise_std: float = 0.0,
        draft_px: int = DRAFT_PX,
    ) -> None:
        losses = StyleLosses(perceptual, weights)
        super().__init__(StyleTransferNet(**(net or {})), losses, reconstruct=reconstruct, noise_std=noise_std)
        self.draft_px = draft_px
        self.train_parameters(self.net.transform.parameters(), learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step; see `TransformDraft.update`."""
        self.net.update_own_style({IMAGE: mean_and_covariance(self.paintings(batch))})
        return super().update(batch)

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """Return the first painting of the batch, for all photos."""
        return batch["style"][:1]

    def statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """Return the net's own style."""
        return self.net.own_statistics()
