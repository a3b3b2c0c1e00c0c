"""A painter of one style: a net that learns one painting by heart.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle

from ppgan_lite.nets.color_alignment import mean_and_covariance
from ppgan_lite.nets.painter_interface import DRAFT_PX, IMAGE
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.nets.vgg import LAYERS
from ppgan_lite.recipes.style_losses import StyleLosses
from ppgan_lite.recipes.transform import TransformDraft


class StyleTransferDraft(TransformDraft):
    """The draft of a `StyleTransferNet`.

    Departures from Johnson: see `TransformDraft`.

    Args:
        net: Arguments of `StyleTransferNet`.
        perceptual: The encoder of the losses; see `load_encoder`.
        learning_rate: Adam's, before the schedule.
        beta2: Adam's; lower forgets large gradients sooner.
        reconstruct: How many iterations the net only learns to reconstruct pictures.
        content: Weight of the normalised content loss.
        content_layers: Where it is taken.
        style: Weight of the loss on mean and standard deviation, of features as they are.
        gram: Weight of the relative Gram loss.
        gram_layers: Where it is taken.
        colour: Weight of the loss on mean and covariance of colour.
        tone: Weight of the loss on coarse tones, those of the photo in the painting's colours.
        whiten: Whether content and Gram matrices are compared through a `Whitening`.
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
        content: float = 4.0,
        content_layers: Sequence[str] = ("relu4_1",),
        style: float = 2.0,
        gram: float = 20.0,
        gram_layers: Sequence[str] = LAYERS,
        colour: float = 5.0,
        tone: float = 5.0,
        whiten: bool = True,
        noise_std: float = 0.0,
        draft_px: int = DRAFT_PX,
    ) -> None:
        losses = StyleLosses(
            perceptual,
            content=content,
            content_layers=content_layers,
            style=style,
            gram=gram,
            gram_layers=gram_layers,
            colour=colour,
            tone=tone,
            whiten=whiten,
        )
        super().__init__(StyleTransferNet(**(net or {})), losses, reconstruct=reconstruct, noise_std=noise_std)
        self.draft_px = draft_px
        self.learn(self.net.transform.parameters(), learning_rate, beta2)

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """One step; see `TransformDraft.update`."""
        self.net.update_own_style({IMAGE: mean_and_covariance(self.paintings(batch))})
        return super().update(batch)

    def paintings(self, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        """The first of the batch, for all photos."""
        return batch["style"][:1]

    def statistics(self, painting: paddle.Tensor) -> dict[str, tuple[paddle.Tensor, paddle.Tensor]]:
        """The net's own."""
        return self.net.own_statistics()
